// SPDX-License-Identifier: Apache-2.0
using System;
using System.Text;
using System.Threading;

namespace Barrer.Linux;

/// <summary>The readiness protocol of sd_notify(3): one datagram to $NOTIFY_SOCKET.</summary>
public static unsafe class Notify
{
    private static int s_missing = 1;

    /// <summary>So many services share this process: it is ready when they all are.</summary>
    public static void ReadyWhen(int services) => s_missing = services;

    public static void Ready(string status)
    {
        if (Interlocked.Decrement(ref s_missing) == 0)
            Send("READY=1\nSTATUS=" + status);
    }

    /// <summary>Tell the supervisor; without one nothing happens. False when it could not be told.</summary>
    public static bool Send(string state)
    {
        string? path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        if (string.IsNullOrEmpty(path))
            return true;
        try
        {
            using Fd fd = UnixAddress.Connect(path, Libc.SOCK_DGRAM);
            byte[] data = Encoding.UTF8.GetBytes(state);
            fixed (byte* p = data)
                return Libc.sendto(fd.Number, p, data.Length, Libc.MSG_NOSIGNAL, null, 0) == data.Length;
        }
        catch (LinuxException)
        {
            return false;
        }
    }
}
