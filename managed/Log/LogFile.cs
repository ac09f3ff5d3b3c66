// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Barrer.Linux;

namespace Barrer.Log;

/// <summary>The log on disk: FILE, FILE.1 (older), ... of a bounded size in all. While it cannot be
/// written, lines are kept in memory, the oldest forgotten first, and written when it can be again.</summary>
public sealed class LogFile : IDisposable
{
    private const int LinesInMemory = 1000;

    private readonly string _path;
    private readonly long _size;
    private readonly int _files;
    private readonly Queue<string> _waiting = new();
    private long _forgotten;
    private Fd? _fd;
    private long _length;

    /// <summary>Why the last line was not written; null when it was.</summary>
    public string? Trouble { get; private set; }

    public LogFile(string path, long size, int files)
    {
        _path = path;
        _size = size;
        _files = files;
    }

    public void Append(string line)
    {
        _waiting.Enqueue(line);
        while (_waiting.Count > LinesInMemory)
        {
            _waiting.Dequeue();
            _forgotten++;
        }
        Flush();
    }

    public void Flush()
    {
        while (_waiting.TryPeek(out string? line))
        {
            byte[] bytes = Encoding.UTF8.GetBytes((_forgotten > 0 ? "(" + _forgotten + " lines are lost)\n" : "") + line + "\n");
            if (!TryWrite(bytes))
                return;
            _forgotten = 0;
            _waiting.Dequeue();
        }
        Trouble = null;
    }

    /// <summary>All lines that there are, from the oldest; a line that is appended meanwhile is among them.</summary>
    public IEnumerable<string> Lines()
    {
        for (int i = _files - 1; i >= 0; i--)
        {
            string path = PathOf(i);
            if (!File.Exists(path))
                continue;
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 4096));
            while (reader.ReadLine() is { } line)
                yield return line;
        }
        foreach (string line in _waiting.ToArray())
            yield return line;
    }

    private string PathOf(int number) => number == 0 ? _path : _path + "." + number;

    private bool TryWrite(byte[] bytes)
    {
        try
        {
            if (_fd != null && _length > 0 && _length + bytes.Length > _size)
                Rotate();
            _fd ??= OpenCurrent();
            if (_fd.Write(bytes))
            {
                _length += bytes.Length;
                return true;
            }
            Trouble = "cannot write " + _path + ": " + Libc.Describe(Libc.Errno);
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            Trouble = e.Message;
        }
        // Half a line may have got there: the next one begins after it, in a file opened anew.
        _fd?.Dispose();
        _fd = null;
        return false;
    }

    private Fd OpenCurrent()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        Fd fd = Fd.Open(_path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND, 0x1a0); // 0640
        _length = new FileInfo(_path).Length;
        if (_length > 0 && Trouble != null)
            fd.Write("\n"u8);
        return fd;
    }

    private void Rotate()
    {
        _fd!.Dispose();
        _fd = null;
        File.Delete(PathOf(_files - 1));
        for (int i = _files - 2; i >= 0; i--)
        {
            if (File.Exists(PathOf(i)))
                File.Move(PathOf(i), PathOf(i + 1), overwrite: true);
        }
    }

    public void Dispose() => _fd?.Dispose();
}
