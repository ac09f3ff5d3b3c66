// SPDX-License-Identifier: Apache-2.0
using System;
using System.Globalization;
using System.Text;

namespace Barrer.Log;

/// <summary>One line of the log: "2026-01-31T12:00:00.123456Z warning name[12]: text".</summary>
public sealed record LogRecord(DateTime Time, int Priority, string Name, int Pid, string Text)
{
    public const int Warning = 4, Notice = 5, Info = 6;
    public static readonly string[] Priorities = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public override string ToString()
    {
        var line = new StringBuilder(Text.Length + 64);
        line.Append(Time.ToString(TimeFormat, CultureInfo.InvariantCulture)).Append(' ').Append(Priorities[Priority & 7]).Append(' ');
        Clean(line, Name, isName: true);
        if (Pid > 0)
            line.Append('[').Append(Pid).Append(']');
        line.Append(": ");
        Clean(line, Text, isName: false);
        return line.ToString();
    }

    /// <summary>Null when it is no line of ours.</summary>
    public static LogRecord? Parse(string line)
    {
        string[] parts = line.Split(' ', 4);
        if (parts.Length < 3 || !parts[2].EndsWith(':') ||
            !DateTime.TryParseExact(parts[0], TimeFormat, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime time))
            return null;
        int priority = Array.IndexOf(Priorities, parts[1]), pid = 0;
        string name = parts[2][..^1];
        int bracket = name.IndexOf('[');
        if (bracket > 0 && name[^1] == ']' && int.TryParse(name.AsSpan(bracket + 1, name.Length - bracket - 2), out pid))
            name = name[..bracket];
        return priority < 0 ? null : new LogRecord(time, priority, name, pid, parts.Length > 3 ? parts[3] : "");
    }

    /// <summary>The text of others, on a terminal later: no control character gets there, and no line
    /// feed makes a second record of one.</summary>
    private static void Clean(StringBuilder line, string text, bool isName)
    {
        foreach (char c in text)
        {
            if (isName && (c is ' ' or '[' or ']' or ':' || char.IsControl(c)))
                line.Append('_');
            else if (char.IsControl(c) && c != '\t')
                line.Append("\\x").Append(((int)c).ToString("x2", CultureInfo.InvariantCulture));
            else
                line.Append(c);
        }
    }
}
