// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using Barrer.Linux;

namespace Barrer.Init;

/// <summary>Where services are described: first what PID 1 reads, then what is ours alone.</summary>
public static class ConfigFiles
{
    private static readonly string[] s_folders = ["/usr/lib/barrer", "/etc/barrer", "/run/barrer"];

    public static List<Ini> Load(string? kernelCommandLine)
    {
        var files = new List<Ini>();
        if (Named(kernelCommandLine) is { } named)
            files.Add(Ini.Load(named));
        else
            Add(files, "boot.conf");
        Add(files, "init.conf");
        return files;
    }

    private static void Add(List<Ini> files, string name)
    {
        foreach (string folder in s_folders)
        {
            string path = folder + "/" + name;
            if (File.Exists(path))
                files.Add(Ini.Load(path));
            if (!Directory.Exists(path + ".d"))
                continue;
            string[] more = Directory.GetFiles(path + ".d", "*.conf");
            Array.Sort(more, string.CompareOrdinal);
            foreach (string file in more)
                files.Add(Ini.Load(file));
        }
    }

    /// <summary>"barrer.config=FILE" of the kernel command line</summary>
    private static string? Named(string? commandLine)
    {
        const string Key = "barrer.config=";
        foreach (string word in (commandLine ?? "").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word == "--")
                break;
            if (word.StartsWith(Key, StringComparison.Ordinal))
                return word[Key.Length..].Trim('"');
        }
        return null;
    }
}
