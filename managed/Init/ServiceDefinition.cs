// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Text;
using Barrer.Linux;

namespace Barrer.Init;

/// <summary>A "[service NAME]": what PID 1 is told of it, and what this program decides itself.</summary>
public sealed class ServiceDefinition
{
    private static readonly string[] s_names = ["after", "requires", "wants"];

    private readonly List<Ini.Entry> _entries = [];

    public string Name { get; }
    public string File { get; private set; }
    public int Line { get; private set; }

    /// <summary>Runs while a device node of this pattern, below /dev, is there.</summary>
    public string? Device { get; private set; }

    /// <summary>Started each day at this time (UTC).</summary>
    public TimeOnly? Daily { get; private set; }

    /// <summary>Started when this service is given up.</summary>
    public string? OnFailure { get; private set; }

    public ServiceDefinition(string name, string file, int line)
    {
        Name = name;
        File = file;
        Line = line;
    }

    /// <summary>Keys of a later file take the place of the same keys of earlier ones.</summary>
    public void Take(Ini.Section section)
    {
        File = section.File;
        Line = section.Line;
        var replaced = new HashSet<string>();
        foreach (Ini.Entry entry in section.Entries)
        {
            if (TakeOwn(section, entry))
                continue;
            if (!entry.Appends && replaced.Add(entry.Key))
                _entries.RemoveAll(e => e.Key == entry.Key);
            _entries.Add(entry);
        }
    }

    private bool TakeOwn(Ini.Section section, Ini.Entry entry)
    {
        switch (entry.Key)
        {
            case "device":
                Device = entry.Value.Length > 0 && !entry.Value.StartsWith('/') ? entry.Value : throw section.Wrong(entry, "a pattern of names below /dev");
                return true;
            case "daily":
                Daily = TimeOnly.TryParseExact(entry.Value, "HH:mm", System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.None, out TimeOnly time)
                    ? time : throw section.Wrong(entry, "a time HH:MM");
                return true;
            case "on-failure-start":
                OnFailure = entry.Value;
                return true;
            default:
                return false;
        }
    }

    public bool Has(string key) => _entries.Exists(e => e.Key == key);

    /// <summary>The services that this one is started after.</summary>
    public IEnumerable<(string Name, int Line)> Before()
    {
        foreach (Ini.Entry entry in _entries)
        {
            if (Array.IndexOf(s_names, entry.Key) < 0)
                continue;
            foreach (string name in entry.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                yield return (name, entry.Line);
        }
    }

    /// <summary>The section as PID 1 reads it: without the keys that are ours.</summary>
    public void WriteTo(StringBuilder plan)
    {
        plan.Append("[service ").Append(Name).Append("]\n");
        foreach (Ini.Entry entry in _entries)
        {
            if (entry.Key != "enabled" || !IsStartedByEvent)
                plan.Append(entry.Key).Append(entry.Appends ? " += " : " = ").Append(entry.Value).Append('\n');
        }
        if (IsStartedByEvent)
            plan.Append("enabled = no\n");
    }

    private bool IsStartedByEvent => Device != null || Daily != null;
}
