// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Probe;

/// <summary>Child processes.</summary>
internal static class Children
{
    public static int Run(string[] words)
    {
        using var child = Start(words);
        Console.Write(child.StandardOutput.ReadToEnd());
        child.WaitForExit();
        Console.WriteLine($"exit code {child.ExitCode}");
        return 0;
    }

    public static int Many(string[] words)
    {
        var count = int.Parse(words[0]);
        var ended = 0;
        for (var i = 0; i < count; i++)
        {
            using var child = Start(words[1..]);
            child.StandardOutput.ReadToEnd();
            child.WaitForExit();
            ended++;
        }
        Console.WriteLine($"{ended} ended");
        return 0;
    }

    /// <summary>The command leaves processes behind; after they ended there is no zombie.</summary>
    public static int Orphans(string[] words)
    {
        using (var child = Start(words))
        {
            child.StandardOutput.ReadToEnd();
            child.WaitForExit();
        }
        SpinWait.SpinUntil(() => CountZombies() == 0, TimeSpan.FromSeconds(10));
        Console.WriteLine($"{CountZombies()} zombies");
        return 0;
    }

    /// <summary>Starts itself again, the way that apps do, by ProcessPath.</summary>
    public static int Self(string[] words)
    {
        var isHost = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        string[] command = isHost ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]] : [Environment.ProcessPath!];
        return Run([.. command, .. words]);
    }

    private static Process Start(string[] words) =>
        Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true })!;

    private static int CountZombies()
    {
        var zombies = 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            try
            {
                if (char.IsAsciiDigit(Path.GetFileName(folder)[0]) && File.ReadAllText(folder + "/stat").Contains(") Z "))
                    zombies++;
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        return zombies;
    }
}
