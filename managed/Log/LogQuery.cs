// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Globalization;

namespace Barrer.Log;

/// <summary>"logs [NAME=SERVICE] [LINES=N] [FOLLOW=1] [PRIORITY=NAME] [SINCE=TIME]": which lines a client
/// wants.</summary>
public sealed class LogQuery
{
    public string? Name { get; private set; }
    public int? Lines { get; private set; }
    public bool Follow { get; private set; }
    public int Priority { get; private set; } = 7;
    public DateTime Since { get; private set; } = DateTime.MinValue;

    public static LogQuery Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[0] != "logs")
            throw new FormatException("expected \"logs [KEY=VALUE]...\"");
        var query = new LogQuery();
        foreach (string word in words.AsSpan(1))
            query.Take(word);
        return query;
    }

    private void Take(string word)
    {
        int sign = word.IndexOf('=');
        string key = sign < 0 ? word : word[..sign], value = sign < 0 ? "" : word[(sign + 1)..];
        switch (key)
        {
            case "NAME" when value.Length > 0: Name = value; break;
            case "LINES" when int.TryParse(value, out int lines) && lines >= 0: Lines = lines; break;
            case "FOLLOW" when value is "0" or "1": Follow = value == "1"; break;
            case "PRIORITY" when Array.IndexOf(LogRecord.Priorities, value) is >= 0 and var priority: Priority = priority; break;
            case "SINCE" when DateTime.TryParse(value, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime since):
                Since = since;
                break;
            default: throw new FormatException("\"" + word + "\" is no condition of a query");
        }
    }

    public bool Matches(LogRecord record) =>
        (Name == null || record.Name == Name) && record.Priority <= Priority && record.Time >= Since;

    public bool Matches(string line) => LogRecord.Parse(line) is { } record ? Matches(record) : Name == null;

    /// <summary>Of all these, the lines that are wanted.</summary>
    public IEnumerable<string> Select(IEnumerable<string> all)
    {
        if (Lines is not { } count)
        {
            foreach (string line in all)
            {
                if (Matches(line))
                    yield return line;
            }
            yield break;
        }
        var last = new Queue<string>();
        foreach (string line in all)
        {
            if (count == 0 || !Matches(line))
                continue;
            if (last.Count == count)
                last.Dequeue();
            last.Enqueue(line);
        }
        foreach (string line in last)
            yield return line;
    }
}
