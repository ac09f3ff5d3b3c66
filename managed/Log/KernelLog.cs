// SPDX-License-Identifier: Apache-2.0
using System;
using System.Globalization;
using System.IO;
using System.Text;
using Barrer.Linux;

namespace Barrer.Log;

/// <summary>/dev/kmsg: one record for each read.</summary>
public sealed class KernelLog : IDisposable
{
    private readonly Fd _fd;
    private readonly byte[] _buffer = new byte[8192];
    private readonly string _statePath;
    private long _next;

    public sealed record Entry(int Facility, int Priority, long Sequence, long Microseconds, string Text);

    public int Number => _fd.Number;

    /// <summary>Where statePath says how far an earlier run came, what it has read is passed over.</summary>
    public KernelLog(string statePath)
    {
        _fd = Fd.Open("/dev/kmsg", Libc.O_RDONLY | Libc.O_NONBLOCK);
        _statePath = statePath;
        try
        {
            _next = long.Parse(File.ReadAllText(statePath), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException or OverflowException)
        {
            _next = 0;
        }
    }

    public void ReadAll(Action<Entry> entry)
    {
        bool any = false;
        while (true)
        {
            int n = _fd.Read(_buffer);
            if (n < 0 && Libc.Errno == Libc.EPIPE)
            {
                entry(new Entry(0, LogRecord.Warning, _next, 0, "the kernel's log was faster than its reader: records are lost"));
                continue;
            }
            if (n <= 0)
                break;
            if (Parse(Encoding.UTF8.GetString(_buffer, 0, n)) is not { } parsed || parsed.Sequence < _next)
                continue;
            _next = parsed.Sequence + 1;
            any = true;
            entry(parsed);
        }
        if (any)
            SaveState();
    }

    /// <summary>"PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT\n KEY=VALUE\n..."</summary>
    public static Entry? Parse(string record)
    {
        int semicolon = record.IndexOf(';');
        if (semicolon < 0)
            return null;
        string[] fields = record[..semicolon].Split(',');
        if (fields.Length < 4 || !int.TryParse(fields[0], out int priority) || !long.TryParse(fields[1], out long sequence) ||
            !long.TryParse(fields[2], out long microseconds) || priority < 0)
            return null;
        string text = record[(semicolon + 1)..];
        int end = text.IndexOf('\n');
        return new Entry(priority >> 3, priority & 7, sequence, microseconds, Unescape(end < 0 ? text : text[..end]));
    }

    /// <summary>The kernel writes what is not printable as \xNN, byte by byte.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains("\\x", StringComparison.Ordinal))
            return text;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && text[i + 1] == 'x' &&
                byte.TryParse(text.AsSpan(i + 2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte b))
            {
                bytes[length++] = b;
                i += 3;
            }
            else
                length += Encoding.UTF8.GetBytes(text.AsSpan(i, 1), bytes.AsSpan(length));
        }
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private void SaveState()
    {
        try
        {
            File.WriteAllText(_statePath, _next.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next run reads the records again, which is better than to miss some.
        }
    }

    public void Dispose() => _fd.Dispose();
}
