// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Text;
using Barrer.Linux;

namespace Barrer.Log;

/// <summary>Someone who asked for lines. One who reads slowly waits alone: the history is read as it is
/// sent, and of what happens meanwhile a bounded part is kept.</summary>
public sealed class LogClient : IDisposable
{
    private const int PendingLimit = 256 * 1024, LongestRequest = 512, HistoryPiece = 16 * 1024;

    private readonly EventLoop _loop;
    private readonly Fd _fd;
    private readonly LogFile _file;
    private readonly Action<LogClient> _gone;
    private readonly LineBuffer _request = new(LongestRequest);
    private readonly List<byte> _pending = [];
    private LogQuery? _query;
    private IEnumerator<string>? _history;
    private long _lost;
    private bool _ends;

    public LogClient(EventLoop loop, Fd fd, LogFile file, Action<LogClient> gone)
    {
        _loop = loop;
        _fd = fd;
        _file = file;
        _gone = gone;
        loop.Add(fd.Number, Progress);
    }

    /// <summary>A new line of the log.</summary>
    public void Offer(LogRecord record, string line)
    {
        // What comes while the history is read is in the file, and so in the history.
        if (_query is not { Follow: true } || _history != null || !_query.Matches(record))
            return;
        if (_pending.Count > PendingLimit)
        {
            _lost++;
            return;
        }
        if (_lost > 0)
            Queue("(" + _lost + " lines are lost: the reader was too slow)");
        _lost = 0;
        Queue(line);
        Send();
    }

    private void Progress(short events)
    {
        if ((events & (Libc.POLLIN | Libc.POLLHUP | Libc.POLLERR)) != 0 && !Receive())
            _gone(this);
        else if (_query != null)
            Send();
    }

    private bool Receive()
    {
        Span<byte> buffer = stackalloc byte[LongestRequest];
        int n = _fd.Read(buffer);
        if (n <= 0)
            return n < 0 && Libc.Errno == Libc.EAGAIN;
        _request.Add(buffer[..n], line =>
        {
            if (_query != null)
                return;
            try
            {
                _query = LogQuery.Parse(line);
                _history = _query.Select(_file.Lines()).GetEnumerator();
            }
            catch (FormatException e)
            {
                _query = new LogQuery();
                Queue("error: " + e.Message);
                _ends = true;
            }
        });
        return true;
    }

    private void Queue(string line) => _pending.AddRange(Encoding.UTF8.GetBytes(line + "\n"));

    private unsafe void Send()
    {
        do
        {
            ReadHistory();
            if (_pending.Count == 0)
                break;
            byte[] data = _pending.ToArray();
            nint n;
            fixed (byte* p = data)
                n = Libc.sendto(_fd.Number, p, data.Length, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT, null, 0);
            if (n < 0 && Libc.Errno != Libc.EAGAIN)
            {
                _gone(this);
                return;
            }
            _pending.RemoveRange(0, (int)Math.Max(n, 0));
        } while (_pending.Count == 0);
        if (_ends && _pending.Count == 0)
            _gone(this);
        else
            _loop.SetEvents(_fd.Number, _pending.Count > 0 ? (short)(Libc.POLLIN | Libc.POLLOUT) : Libc.POLLIN);
    }

    private void ReadHistory()
    {
        while (_history != null && _pending.Count < HistoryPiece)
        {
            if (_history.MoveNext())
                Queue(_history.Current);
            else
            {
                _history.Dispose();
                _history = null;
                _ends = !_query!.Follow;
            }
        }
    }

    public void Dispose()
    {
        _history?.Dispose();
        _loop.Remove(_fd.Number);
        _fd.Dispose();
    }
}
