// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Barrer.Linux;

namespace Barrer.Init;

/// <summary>Decides which services run; PID 1 carries it out, and goes on without us when we fail.</summary>
public sealed class InitService : IDisposable
{
    private const int PieceLength = 3000;

    private readonly EventLoop _loop = new();
    private readonly SeqPacket _pid1;
    private readonly NetlinkSocket? _uevents;
    private readonly string _self = Environment.GetEnvironmentVariable("BARRER_SERVICE") ?? "init";
    private readonly byte[] _buffer = new byte[8192];
    private readonly Dictionary<string, string> _states = [];
    private readonly Dictionary<string, object> _timers = [];
    private ServiceGraph _graph = new();
    private bool _isReady;

    public InitService(SeqPacket pid1, NetlinkSocket? uevents)
    {
        _pid1 = pid1;
        _uevents = uevents;
    }

    public static int Run()
    {
        Say.Name = "init";
        SeqPacket? pid1 = SeqPacket.FromEnvironment("BARRER_INIT_FD");
        if (pid1 == null)
        {
            Say.Error("this program is started by barrer-init, as the service that \"[flow boot] init\" names");
            return 2;
        }
        int.TryParse(Environment.GetEnvironmentVariable("BARRER_UEVENT_FD"), out int uevents);
        using var service = new InitService(pid1, uevents > 2 ? new NetlinkSocket(new Fd(uevents)) : null);
        return service.Serve();
    }

    public int Serve()
    {
        try
        {
            _graph = ServiceGraph.From(ConfigFiles.Load(ReadCommandLine()), _self);
        }
        catch (Exception e) when (e is IniException or IOException or UnauthorizedAccessException)
        {
            // PID 1 has a static order of its own: better that one than a plan with holes.
            Say.Error(e.Message);
            return 1;
        }
        _loop.Add(_pid1.Number, _ => ReceiveMessages());
        if (_uevents != null)
            _loop.Add(_uevents.Number, _ => ReceiveUevents());
        StartWatchdog();
        _pid1.Send(new Message("READY"));
        // Also where an earlier run of this program has: the same plan changes nothing for what runs.
        Push();
        _loop.Run();
        return 0;
    }

    private static string? ReadCommandLine() => File.Exists("/proc/cmdline") ? File.ReadAllText("/proc/cmdline") : null;

    private void StartWatchdog()
    {
        if (!long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), out long microseconds) || microseconds <= 0)
            return;
        void Feed()
        {
            Notify.Send("WATCHDOG=1");
            _loop.After(Math.Max(microseconds / 3000, 1), Feed);
        }
        Feed();
    }

    private void ReceiveMessages()
    {
        var fds = new List<Fd>();
        bool ended;
        while (_pid1.Receive(fds, out ended) is { } message)
        {
            fds.ForEach(fd => fd.Dispose());
            fds.Clear();
            Handle(message);
        }
        if (ended)
            _loop.Stop();
    }

    private void Handle(Message message)
    {
        switch (message.Name)
        {
            case "SERVICE":
                ServiceChanged(message["NAME"] ?? "", message["STATE"] ?? "");
                break;
            case "OK" when message["ID"] == "push":
                PlanStands();
                break;
            case "ERROR" when message["ID"] == "push":
                Say.Error("PID 1 refuses the plan: " + message["TEXT"]);
                break;
            case "ERROR":
                Say.Warning(message["TEXT"] ?? "an error without a text");
                break;
            case "SIGNAL":
                Signalled(message["NAME"]);
                break;
            case "LOST":
                _pid1.Send(new Message("STATUS"));
                break;
        }
    }

    private void ServiceChanged(string name, string state)
    {
        _states.TryGetValue(name, out string? before);
        _states[name] = state;
        if (state == "failed" && before != null && before != "failed" && _graph[name]?.OnFailure is { } handler)
        {
            Say.Warning(name + " is given up: starting " + handler);
            Start(handler);
        }
    }

    private void Signalled(string? name)
    {
        switch (name)
        {
            case "SIGINT": _pid1.Send(new Message("SHUTDOWN").With("ACTION", "reboot")); break;
            case "SIGPWR": _pid1.Send(new Message("SHUTDOWN").With("ACTION", "poweroff")); break;
            case "SIGHUP": Reload(); break;
        }
    }

    private void Reload()
    {
        try
        {
            _graph = ServiceGraph.From(ConfigFiles.Load(ReadCommandLine()), _self);
            Push();
        }
        catch (Exception e) when (e is IniException or IOException or UnauthorizedAccessException)
        {
            Say.Error(e.Message + "; the plan stays as it was");
        }
    }

    /// <summary>Pieces of whole characters, since each is a text of its own to PID 1.</summary>
    private void Push()
    {
        string plan = _graph.Plan();
        _pid1.Send(new Message("PLAN-BEGIN"));
        for (int at = 0; at < plan.Length;)
        {
            int length = 0, bytes = 0;
            while (at + length < plan.Length && bytes < PieceLength)
            {
                int step = char.IsHighSurrogate(plan[at + length]) && at + length + 1 < plan.Length ? 2 : 1;
                bytes += Encoding.UTF8.GetByteCount(plan.AsSpan(at + length, step));
                length += step;
            }
            _pid1.Send(new Message("PLAN-DATA").WithBody(plan.Substring(at, length)));
            at += length;
        }
        _pid1.Send(new Message("PLAN-COMMIT").With("ID", "push"));
    }

    private void PlanStands()
    {
        foreach (ServiceDefinition service in _graph.Ordered)
        {
            if (service.Device != null && DeviceExists(service.Device))
                Start(service.Name);
            if (service.Daily is { } time)
                Schedule(service.Name, time);
        }
        if (_isReady)
            return;
        _isReady = true;
        Say.Info("READY");
        Notify.Ready(_graph.Ordered.Count + " services");
    }

    private void Start(string name) => _pid1.Send(new Message("START").With("NAME", name));

    private void Schedule(string name, TimeOnly time)
    {
        if (_timers.Remove(name, out object? timer))
            _loop.Cancel(timer);
        DateTime now = DateTime.UtcNow, next = now.Date + time.ToTimeSpan();
        if (next <= now)
            next = next.AddDays(1);
        // At most an hour at once: somebody may set the clock.
        bool isDue = next - now <= TimeSpan.FromHours(1);
        _timers[name] = _loop.After(isDue ? (long)(next - now).TotalMilliseconds + 1 : 3600_000, () =>
        {
            if (isDue)
                Start(name);
            Schedule(name, time);
        });
    }

    private void ReceiveUevents()
    {
        int n;
        while ((n = _uevents!.Receive(_buffer)) != 0)
        {
            if (n > 0 && Uevent.Parse(_buffer.AsSpan(0, n)) is { DevName: { } device } uevent)
                DeviceChanged(device, uevent.Action);
        }
    }

    private void DeviceChanged(string device, string action)
    {
        foreach (ServiceDefinition service in _graph.Ordered)
        {
            if (service.Device == null || !Glob.Matches(service.Device, device))
                continue;
            if (action == "add" && _states.GetValueOrDefault(service.Name) is not ("running" or "starting" or "waiting"))
                Start(service.Name);
            else if (action == "remove" && !DeviceExists(service.Device))
                _pid1.Send(new Message("STOP").With("NAME", service.Name));
        }
    }

    private static bool DeviceExists(string pattern)
    {
        int slash = pattern.LastIndexOf('/');
        string folder = "/dev/" + (slash < 0 ? "" : pattern[..slash]), name = pattern[(slash + 1)..];
        if (!Directory.Exists(folder))
            return false;
        foreach (string path in Directory.EnumerateFileSystemEntries(folder))
        {
            if (Glob.Matches(name, Path.GetFileName(path)))
                return true;
        }
        return false;
    }

    public void Dispose()
    {
        _uevents?.Dispose();
        _pid1.Dispose();
    }
}
