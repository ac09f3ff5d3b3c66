// SPDX-License-Identifier: Apache-2.0
using System;

namespace Barrer.Log;

/// <summary>What programs send to /dev/log, and what they print: "&lt;PRI&gt;" and, from syslog(3), a time
/// and a tag; RFC 3164 as libc writes it, and RFC 5424.</summary>
public static class SyslogLine
{
    public sealed record Parsed(int Priority, string? Tag, int Pid, string Text);

    public static Parsed Parse(string line, int otherwise = LogRecord.Notice)
    {
        int priority = TakePriority(ref line) ?? otherwise;
        line = line.TrimEnd('\n', '\0');
        if (line.StartsWith("1 ", StringComparison.Ordinal))
            return Parse5424(priority, line);
        if (HasTime(line))
            line = line[16..];
        return ParseTag(priority, line);
    }

    /// <summary>The "&lt;N&gt;" before a line of a service's output, which is else of the priority given.</summary>
    public static Parsed ParseOutput(string line, int otherwise)
    {
        int priority = TakePriority(ref line) ?? otherwise;
        return new Parsed(priority, null, 0, line);
    }

    private static int? TakePriority(ref string line)
    {
        int end = line.Length > 2 && line[0] == '<' ? line.IndexOf('>') : -1;
        if (end is < 2 or > 4 || !int.TryParse(line.AsSpan(1, end - 1), out int number) || number is < 0 or > 191)
            return null;
        line = line[(end + 1)..];
        return number & 7;
    }

    /// <summary>"Jan  1 12:00:00 "</summary>
    private static bool HasTime(string line) =>
        line.Length > 16 && line[3] == ' ' && line[6] == ' ' && line[9] == ':' && line[12] == ':' && line[15] == ' ' &&
        char.IsAsciiLetterUpper(line[0]) && char.IsAsciiDigit(line[14]);

    private static Parsed ParseTag(int priority, string line)
    {
        int at = 0;
        while (at < line.Length && at < 48 && (char.IsAsciiLetterOrDigit(line[at]) || line[at] is '-' or '_' or '.' or '/'))
            at++;
        string tag = line[..at];
        int pid = 0;
        if (at < line.Length && line[at] == '[')
        {
            int end = line.IndexOf(']', at);
            if (end < 0 || !int.TryParse(line.AsSpan(at + 1, end - at - 1), out pid))
                return new Parsed(priority, null, 0, line);
            at = end + 1;
        }
        if (tag.Length == 0 || at >= line.Length || line[at] != ':')
            return new Parsed(priority, null, 0, line);
        return new Parsed(priority, tag, pid, line[(at + 1)..].TrimStart(' '));
    }

    /// <summary>"1 TIME HOST APP PID ID DATA TEXT", with "-" for what is not known.</summary>
    private static Parsed Parse5424(int priority, string line)
    {
        string[] parts = line.Split(' ', 7);
        if (parts.Length < 7)
            return new Parsed(priority, null, 0, line);
        int text = EndOfData(parts[6]);
        if (text < 0)
            return new Parsed(priority, null, 0, line);
        _ = int.TryParse(parts[4], out int pid);
        return new Parsed(priority, parts[3] == "-" ? null : parts[3], pid, parts[6][text..].TrimStart(' ', '\ufeff'));
    }

    private static int EndOfData(string rest)
    {
        if (rest.StartsWith('-'))
            return 1;
        int at = 0;
        while (at < rest.Length && rest[at] == '[')
        {
            bool quoted = false;
            for (; at < rest.Length && (quoted || rest[at] != ']'); at++)
            {
                if (rest[at] == '\\')
                    at++;
                else if (rest[at] == '"')
                    quoted = !quoted;
            }
            if (at >= rest.Length)
                return -1;
            at++;
        }
        return at == 0 ? -1 : at;
    }
}
