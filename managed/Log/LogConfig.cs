// SPDX-License-Identifier: Apache-2.0
using System;
using System.IO;
using Barrer.Linux;

namespace Barrer.Log;

/// <summary>/etc/barrer/log.conf: "[log]".</summary>
public sealed class LogConfig
{
    public string File { get; private set; } = "/var/log/barrer/system.log";
    public long Size { get; private set; } = 1 << 20;
    public int Files { get; private set; } = 4;
    /// <summary>Whether what services print is shown on the console too.</summary>
    public bool Console { get; private set; }
    public bool Kernel { get; private set; } = true;
    public string Syslog { get; private set; } = "/dev/log";

    public static LogConfig Load(string path) => System.IO.File.Exists(path) ? Parse(System.IO.File.ReadAllText(path), path) : new LogConfig();

    public static LogConfig Parse(string text, string file)
    {
        var config = new LogConfig();
        foreach (Ini.Section section in Ini.Parse(text, file).Sections)
        {
            if (section.Kind != "log" || section.Name.Length > 0)
                throw new IniException(file, section.Line, "[" + section.Kind + "]: expected [log]");
            foreach (Ini.Entry entry in section.Entries)
                config.Take(section, entry);
        }
        return config;
    }

    private void Take(Ini.Section section, Ini.Entry entry)
    {
        switch (entry.Key)
        {
            case "file": File = entry.Value.StartsWith('/') ? entry.Value : throw section.Wrong(entry, "an absolute path"); break;
            case "size": Size = ParseSize(entry.Value) ?? throw section.Wrong(entry, "a size from 4K to 1G"); break;
            case "files": Files = int.TryParse(entry.Value, out int n) && n is >= 1 and <= 100 ? n : throw section.Wrong(entry, "a number from 1 to 100"); break;
            case "console": Console = Bool(section, entry); break;
            case "kernel": Kernel = Bool(section, entry); break;
            case "syslog": Syslog = entry.Value.StartsWith('/') ? entry.Value : throw section.Wrong(entry, "an absolute path"); break;
            default:
                throw new IniException(section.File, entry.Line, "[log] " + entry.Key +
                    ": no such key; expected console, file, files, kernel, size or syslog");
        }
    }

    private static bool Bool(Ini.Section section, Ini.Entry entry) => entry.Value switch
    {
        "yes" or "true" or "on" or "1" => true,
        "no" or "false" or "off" or "0" => false,
        _ => throw section.Wrong(entry, "yes or no"),
    };

    public static long? ParseSize(string text)
    {
        int shift = text.Length == 0 ? 0 : text[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        string digits = shift > 0 ? text[..^1] : text;
        return long.TryParse(digits, out long number) && number > 0 && number <= 1 << 30 && number << shift is >= 4096 and <= 1 << 30
            ? number << shift
            : null;
    }
}
