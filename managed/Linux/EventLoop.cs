// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Barrer.Linux;

/// <summary>One thread, one poll(2): descriptors with what to do when they are readable, and timers.
/// Nothing wakes it up while nothing happens.</summary>
public sealed unsafe class EventLoop
{
    private sealed class Watch { public int Fd; public short Events; public required Action<short> Act; }
    private sealed class Timer { public long Due; public required Action Act; }

    private readonly List<Watch> _watches = [];
    private readonly List<Timer> _timers = [];
    private Libc.PollFd[] _poll = new Libc.PollFd[16];
    private bool _stopped;

    /// <summary>Call <paramref name="act"/> with the events that poll(2) reported for fd.</summary>
    public void Add(int fd, Action<short> act, short events = Libc.POLLIN) =>
        _watches.Add(new Watch { Fd = fd, Events = events, Act = act });

    public void Remove(int fd) => _watches.RemoveAll(w => w.Fd == fd);

    public void SetEvents(int fd, short events)
    {
        foreach (Watch watch in _watches)
        {
            if (watch.Fd == fd)
                watch.Events = events;
        }
    }

    /// <summary>Call once after so many milliseconds; the result is for <see cref="Cancel"/>.</summary>
    public object After(long milliseconds, Action act)
    {
        var timer = new Timer { Due = Environment.TickCount64 + milliseconds, Act = act };
        _timers.Add(timer);
        return timer;
    }

    public void Cancel(object? timer)
    {
        if (timer is Timer t)
            _timers.Remove(t);
    }

    public void Stop() => _stopped = true;

    public void Run()
    {
        while (!_stopped)
            RunOnce();
    }

    private void RunOnce()
    {
        int count = _watches.Count;
        if (_poll.Length < count)
            _poll = new Libc.PollFd[count * 2];
        for (int i = 0; i < count; i++)
            _poll[i] = new Libc.PollFd { Fd = _watches[i].Fd, Events = _watches[i].Events };
        var polled = _watches.ToArray();
        int ready;
        fixed (Libc.PollFd* p = _poll)
            ready = Libc.poll(p, (nuint)count, Timeout());
        if (ready < 0 && Libc.Errno != Libc.EINTR)
            throw new LinuxException("poll", Libc.Errno);
        for (int i = 0; ready > 0 && i < count && !_stopped; i++)
        {
            // An earlier one of this round may have removed it.
            if (_poll[i].Revents != 0 && _watches.Contains(polled[i]))
                polled[i].Act(_poll[i].Revents);
        }
        RunTimers();
    }

    private int Timeout()
    {
        if (_timers.Count == 0)
            return -1;
        long due = long.MaxValue;
        foreach (Timer timer in _timers)
            due = Math.Min(due, timer.Due);
        return (int)Math.Clamp(due - Environment.TickCount64, 0, int.MaxValue);
    }

    private void RunTimers()
    {
        long now = Environment.TickCount64;
        foreach (Timer timer in _timers.ToArray())
        {
            if (!_stopped && timer.Due <= now && _timers.Remove(timer))
                timer.Act();
        }
    }
}
