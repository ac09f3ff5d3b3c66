// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using Barrer.Linux;

namespace Barrer.Log;

/// <summary>Gathers the kernel's log, /dev/log and what services print, keeps it, and answers questions.</summary>
public sealed class LogService : Service
{
    private const string DefaultConfig = "/etc/barrer/log.conf", QueryPath = "/run/barrer/log", StatePath = "/run/barrer/log.kernel";
    private const int LongestLine = 8192, RetryMs = 10000;

    private readonly LogConfig _config;
    private readonly LogFile _file;
    private readonly List<LogClient> _clients = [];
    private readonly Dictionary<string, Source> _sources = [];
    private readonly byte[] _buffer = new byte[LongestLine];
    private readonly long _bootTicks = DateTime.UtcNow.Ticks - Stopwatch.GetTimestamp() * TimeSpan.TicksPerSecond / Stopwatch.Frequency;
    private KernelLog? _kernel;
    private Fd? _syslog, _query, _console;
    private SeqPacket? _pipes;
    private string? _reported;

    /// <summary>The output of a service.</summary>
    private sealed record Source(string Name, Fd Fd, LineBuffer Lines);

    private LogService(LogConfig config)
    {
        _config = config;
        _file = new LogFile(config.File, config.Size, config.Files);
    }

    public static int Run(string[] args) => Run("barrerd-log", args, DefaultConfig, LogConfig.Load, config => new LogService(config));

    protected override string Open()
    {
        if (_config.Console)
            TryTo(() => _console = Fd.Open("/dev/console", Libc.O_WRONLY | Libc.O_NOCTTY | Libc.O_NONBLOCK));
        if (_config.Kernel)
            TryTo(OpenKernel);
        TryTo(OpenSyslog);
        _query = UnixAddress.Bind(QueryPath, Libc.SOCK_STREAM, 0x180); // 0600: the log is root's
        LinuxException.Check(Libc.listen(_query.Number, 16), "listen on " + QueryPath);
        Loop.Add(_query.Number, _ => Accept());
        OpenPipes();
        return "collecting";
    }

    private void TryTo(Action open)
    {
        try
        {
            open();
        }
        catch (LinuxException e)
        {
            Add(LogRecord.Warning, "barrerd-log", 0, e.Message);
        }
    }

    private void OpenKernel()
    {
        _kernel = new KernelLog(StatePath);
        _kernel.ReadAll(AddKernel);
        Loop.Add(_kernel.Number, _ => _kernel.ReadAll(AddKernel));
    }

    private unsafe void OpenSyslog()
    {
        _syslog = UnixAddress.Bind(_config.Syslog, Libc.SOCK_DGRAM, 0x1b6); // 0666: everyone may log
        int one = 1;
        Libc.setsockopt(_syslog.Number, Libc.SOL_SOCKET, Libc.SO_PASSCRED, &one, 4);
        Loop.Add(_syslog.Number, _ => ReceiveSyslog());
    }

    private void OpenPipes()
    {
        _pipes = SeqPacket.FromEnvironment("BARRER_LOG_FD");
        if (_pipes == null)
            return;
        _pipes.Send(new Message("READY"));
        Loop.Add(_pipes.Number, _ => ReceivePipes());
        ReceivePipes();
    }

    private void ReceivePipes()
    {
        var fds = new List<Fd>();
        bool ended;
        while (_pipes!.Receive(fds, out ended) is { } message)
        {
            if (message.Name == "PIPE" && message["NAME"] is { Length: > 0 } name && fds.Count == 1)
                AddSource(name, fds[0]);
            else
                fds.ForEach(fd => fd.Dispose());
            fds.Clear();
        }
        if (ended)
            Loop.Remove(_pipes.Number);
    }

    private void AddSource(string name, Fd fd)
    {
        if (_sources.Remove(name, out Source? old))
        {
            ReadSource(old);
            RemoveSource(old);
        }
        var source = new Source(name, fd, new LineBuffer(LongestLine));
        _sources.Add(name, source);
        Loop.Add(fd.Number, _ => ReadSource(source));
    }

    private void RemoveSource(Source source)
    {
        Loop.Remove(source.Fd.Number);
        source.Lines.Flush(line => AddOutput(source.Name, line));
        source.Fd.Dispose();
    }

    private void ReadSource(Source source)
    {
        // A bounded turn: one that never stops writing must not keep the others out.
        for (int turn = 0; turn < 16; turn++)
        {
            int n = source.Fd.Read(_buffer);
            if (n > 0)
            {
                source.Lines.Add(_buffer.AsSpan(0, n), line => AddOutput(source.Name, line));
                continue;
            }
            if (n == 0 || Libc.Errno != Libc.EAGAIN)
            {
                RemoveSource(source);
                _sources.Remove(source.Name);
            }
            return;
        }
    }

    private void AddOutput(string name, string line)
    {
        SyslogLine.Parsed parsed = SyslogLine.ParseOutput(line, LogRecord.Info);
        AddOutput(DateTime.UtcNow, parsed.Priority, name, parsed.Text);
    }

    private void AddOutput(DateTime time, int priority, string name, string text)
    {
        // Services say who they are; the log knows it already.
        text = Without(Without(text, "barrerd-"), name + ": ");
        Add(new LogRecord(time, priority, name, 0, text));
        _console?.Write(Encoding.UTF8.GetBytes(name + ": " + text + "\r\n"));
    }

    private static string Without(string text, string start) => text.StartsWith(start, StringComparison.Ordinal) ? text[start.Length..] : text;

    private unsafe void ReceiveSyslog()
    {
        byte* control = stackalloc byte[64];
        for (int turn = 0; turn < 64; turn++)
        {
            nint n;
            int pid = 0;
            fixed (byte* p = _buffer)
            {
                var iov = new Libc.IoVec { Base = p, Length = (nuint)_buffer.Length };
                var header = new Libc.MsgHdr { Iov = &iov, IovLength = 1, Control = control, ControlLength = 64 };
                n = Libc.recvmsg(_syslog!.Number, &header, Libc.MSG_DONTWAIT);
                if (n >= 0 && header.ControlLength >= 28 && *(int*)(control + 12) == Libc.SCM_CREDENTIALS)
                    pid = *(int*)(control + 16);
            }
            if (n < 0)
                return;
            SyslogLine.Parsed parsed = SyslogLine.Parse(Encoding.UTF8.GetString(_buffer, 0, (int)n));
            // The kernel's word for who it was, not the sender's.
            Add(parsed.Priority, parsed.Tag ?? "syslog", pid > 0 ? pid : parsed.Pid, parsed.Text);
        }
    }

    private void AddKernel(KernelLog.Entry entry)
    {
        var time = new DateTime(_bootTicks + entry.Microseconds * 10, DateTimeKind.Utc);
        int colon = entry.Text.IndexOf(": ", StringComparison.Ordinal);
        // What services said before they had this log, PID 1 has given to the kernel's: "NAME: TEXT".
        if (entry.Facility != 0 && colon is > 0 and < 32 && !entry.Text[..colon].Contains(' '))
            AddOutput(time, entry.Priority, entry.Text[..colon], entry.Text[(colon + 2)..]);
        else
            Add(new LogRecord(time, entry.Priority, "kernel", 0, entry.Text));
    }

    private void Add(int priority, string name, int pid, string text) => Add(new LogRecord(DateTime.UtcNow, priority, name, pid, text));

    private void Add(LogRecord record)
    {
        string line = record.ToString();
        _file.Append(line);
        foreach (LogClient client in _clients.ToArray())
            client.Offer(record, line);
        ReportTrouble();
    }

    /// <summary>Once on the console for each cause, and again and again to the disk until it takes it.</summary>
    private void ReportTrouble()
    {
        if (_file.Trouble == _reported)
            return;
        if (_reported == null)
            Loop.After(RetryMs, Retry);
        _reported = _file.Trouble;
        if (_reported != null)
            _console?.Write(Encoding.UTF8.GetBytes("barrerd-log: " + _reported + "; lines are kept in memory\r\n"));
    }

    private void Retry()
    {
        _file.Flush();
        if (_file.Trouble != null)
            Loop.After(RetryMs, Retry);
        else
            _reported = null;
    }

    private void Accept()
    {
        unsafe
        {
            int number = Libc.accept4(_query!.Number, null, null, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK);
            if (number >= 0)
                _clients.Add(new LogClient(Loop, new Fd(number), _file, Drop));
        }
    }

    private void Drop(LogClient client)
    {
        _clients.Remove(client);
        client.Dispose();
    }

    /// <summary>What has been said before the end is part of the log.</summary>
    protected override void Close()
    {
        _kernel?.ReadAll(AddKernel);
        if (_syslog != null)
            ReceiveSyslog();
        foreach (Source source in new List<Source>(_sources.Values))
            ReadSource(source);
        foreach (Source source in _sources.Values)
            source.Lines.Flush(line => AddOutput(source.Name, line));
    }

    public override void Dispose()
    {
        foreach (LogClient client in _clients)
            client.Dispose();
        _kernel?.Dispose();
        _syslog?.Dispose();
        _query?.Dispose();
        _console?.Dispose();
        _pipes?.Dispose();
        _file.Dispose();
    }
}
