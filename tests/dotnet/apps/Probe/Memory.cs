// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Probe;

/// <summary>What the collector does.</summary>
internal static class Memory
{
    private static object? s_kept;

    /// <summary>Keeps so many MB, or is told that there is not enough.</summary>
    public static int Allocate(string[] arguments)
    {
        var kept = new List<byte[]>();
        s_kept = kept;
        try
        {
            for (var i = 0; i < int.Parse(arguments[0]); i++)
            {
                kept.Add(new byte[1 << 20]);
                Array.Fill(kept[^1], (byte)1);
            }
            Console.WriteLine("allocated");
        }
        catch (OutOfMemoryException)
        {
            kept.Clear();
            Console.WriteLine("OutOfMemoryException");
        }
        return 0;
    }

    /// <summary>Makes 1.2 GB of short-lived garbage and prints the anonymous memory in kB.</summary>
    public static int Churn(string[] arguments)
    {
        for (var i = 0; i < 12_000_000; i++)
            s_kept = new byte[76];
        foreach (var line in File.ReadLines("/proc/self/status"))
            if (line.StartsWith("RssAnon:"))
                Console.WriteLine(int.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        return 0;
    }
}
