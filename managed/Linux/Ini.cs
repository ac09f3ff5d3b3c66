// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;

namespace Barrer.Linux;

public sealed class IniException : Exception
{
    public IniException(string file, int line, string text) : base(file + ":" + line + ": " + text) { }
}

/// <summary>An INI file as barrer.conf(5) describes it: "[kind name]", "key = value", "key += value" for
/// one more, "#" or ";" begins a comment.</summary>
public sealed class Ini
{
    public sealed record Entry(string Key, string Value, int Line, bool Appends);

    public sealed class Section
    {
        public required string File { get; init; }
        public required string Kind { get; init; }
        public required string Name { get; init; }
        public required int Line { get; init; }
        public List<Entry> Entries { get; } = [];

        public string? Last(string key)
        {
            string? value = null;
            foreach (Entry entry in Entries)
            {
                if (entry.Key == key)
                    value = entry.Appends && value != null ? value + " " + entry.Value : entry.Value;
            }
            return value;
        }

        public IniException Wrong(Entry entry, string expected) =>
            new(File, entry.Line, "[" + Kind + (Name.Length > 0 ? " " + Name : "") + "] " + entry.Key + ": expected " + expected +
                ", got \"" + entry.Value + "\"");
    }

    public List<Section> Sections { get; } = [];

    public static Ini Load(string path) => Parse(File.ReadAllText(path), path);

    public static Ini Parse(string text, string file)
    {
        var ini = new Ini();
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#' || line[0] == ';')
                continue;
            if (line[0] == '[')
                ini.Sections.Add(ParseHead(line, file, number));
            else if (ini.Sections.Count == 0)
                throw new IniException(file, number, "expected a section before \"" + line + "\"");
            else
                ini.Sections[^1].Entries.Add(ParseEntry(line, file, number));
        }
        return ini;
    }

    private static Section ParseHead(string line, string file, int number)
    {
        int end = line.IndexOf(']');
        string inside = end > 1 ? line[1..end].Trim() : "";
        if (inside.Length == 0 || (end + 1 < line.Length && line[(end + 1)..].TrimStart() is not ['#' or ';', ..]))
            throw new IniException(file, number, "expected \"[section]\", got \"" + line + "\"");
        int blank = inside.IndexOf(' ');
        return new Section
        {
            File = file,
            Line = number,
            Kind = blank < 0 ? inside : inside[..blank],
            Name = blank < 0 ? "" : inside[(blank + 1)..].Trim().Trim('"'),
        };
    }

    private static Entry ParseEntry(string line, string file, int number)
    {
        int sign = line.IndexOf('=');
        bool appends = sign > 0 && line[sign - 1] == '+';
        string key = sign < 0 ? "" : line[..(appends ? sign - 1 : sign)].Trim();
        if (key.Length == 0)
            throw new IniException(file, number, "expected \"key = value\", got \"" + line + "\"");
        string value = line[(sign + 1)..];
        // As inih does: a comment begins at a blank and a semicolon.
        int comment = value.IndexOf(" ;", StringComparison.Ordinal);
        return new Entry(key, (comment < 0 ? value : value[..comment]).Trim(), number, appends);
    }
}
