// SPDX-License-Identifier: Apache-2.0
using System.Collections;
using System.Globalization;
using System.Net;
using System.Reflection;

namespace Probe;

/// <summary>What a process is given: words, variables, names, limits, culture.</summary>
internal static class Surroundings
{
    public static int Arguments(string[] arguments)
    {
        foreach (var argument in arguments)
            Console.WriteLine($"[{argument}]");
        Console.WriteLine(Path.GetFileName(Environment.GetCommandLineArgs()[0]));
        return 0;
    }

    public static int EnvironmentVariables(string[] names)
    {
        var all = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(e => $"{e.Key}={e.Value}").Order(StringComparer.Ordinal);
        foreach (var line in names.Length == 0 ? all : names.Select(n => $"{n}={Environment.GetEnvironmentVariable(n) ?? "(unset)"}"))
            Console.WriteLine(line);
        return 0;
    }

    public static int Folder(string[] arguments)
    {
        Console.WriteLine(Environment.CurrentDirectory);
        return 0;
    }

    /// <summary>The names by which an app finds itself and starts itself again.</summary>
    public static int Names(string[] arguments)
    {
        Console.WriteLine(Path.GetFileName(Environment.ProcessPath));
        Console.WriteLine(AppContext.BaseDirectory);
        Console.WriteLine(Assembly.GetEntryAssembly()?.GetName().Name);
        Console.WriteLine(Environment.Version.Major);
        return 0;
    }

    public static int User(string[] arguments)
    {
        foreach (var line in File.ReadLines("/proc/self/status"))
            if (line.StartsWith("Uid:") || line.StartsWith("Gid:") || line.StartsWith("CapEff:") || line.StartsWith("Seccomp:"))
                Console.WriteLine(line);
        return 0;
    }

    public static int Limits(string[] arguments)
    {
        Console.WriteLine(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        Console.WriteLine(Environment.ProcessorCount);
        return 0;
    }

    public static int Culture(string[] arguments)
    {
        Console.WriteLine(CultureInfo.CurrentCulture.Name);
        foreach (var name in arguments)
        {
            var culture = CultureInfo.GetCultureInfo(name);
            Console.WriteLine($"{culture.Name} {1234567.891.ToString("N2", culture)} {new DateTime(2026, 3, 1).ToString("D", culture)}");
        }
        Console.WriteLine("ä".Normalize(System.Text.NormalizationForm.FormD).Length + "straße".ToUpperInvariant());
        return 0;
    }

    public static int TimeZone(string[] arguments)
    {
        Console.WriteLine(TimeZoneInfo.Local.Id);
        Console.WriteLine(TimeZoneInfo.Local.BaseUtcOffset);
        foreach (var name in arguments)
            try
            {
                Console.WriteLine(TimeZoneInfo.FindSystemTimeZoneById(name).GetUtcOffset(new DateTime(2026, 7, 1)));
            }
            catch (TimeZoneNotFoundException)
            {
                Console.WriteLine($"{name}: not found");
            }
        return 0;
    }

    public static int Resolve(string[] names)
    {
        foreach (var name in names)
            try
            {
                Console.WriteLine(string.Join(' ', Dns.GetHostAddresses(name).Select(a => a.ToString()).Order()));
            }
            catch (System.Net.Sockets.SocketException e)
            {
                Console.WriteLine($"{name}: {e.SocketErrorCode}");
            }
        return 0;
    }
}
