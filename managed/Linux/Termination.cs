// SPDX-License-Identifier: Apache-2.0
using System;
using System.Runtime.InteropServices;

namespace Barrer.Linux;

/// <summary>SIGTERM, SIGINT and SIGHUP as events of the loop. Without this .NET leaves SIGTERM to the
/// kernel, which ends the process between two writes.</summary>
public sealed unsafe class Termination : IDisposable
{
    private readonly Fd _event;
    private readonly PosixSignalRegistration _term, _int, _hup;
    private volatile bool _asked, _reload;

    public Termination(EventLoop loop, Action? reload = null)
    {
        _event = new Fd(LinuxException.Check(Libc.eventfd(0, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK), "eventfd"));
        _term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        _int = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        _hup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload);
        loop.Add(_event.Number, _ =>
        {
            Span<byte> count = stackalloc byte[8];
            _event.Read(count);
            if (_asked)
                loop.Stop();
            else if (_reload)
            {
                _reload = false;
                reload?.Invoke();
            }
        });
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _asked = true;
        Wake();
    }

    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;
        _reload = true;
        Wake();
    }

    private void Wake()
    {
        ulong one = 1;
        Libc.write(_event.Number, (byte*)&one, 8);
    }

    public void Dispose()
    {
        _term.Dispose();
        _int.Dispose();
        _hup.Dispose();
        _event.Dispose();
    }
}
