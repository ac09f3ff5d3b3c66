// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;

namespace Barrer.Linux;

/// <summary>An AF_NETLINK socket, bound. Messages that do not come from the kernel are not received.</summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    public const int Route = 0, KObjectUevent = 15;

    private readonly Fd _fd;
    private readonly bool _blocking;

    public int Number => _fd.Number;

    public NetlinkSocket(int protocol, uint groups, int receiveBuffer = 0, bool blocking = false)
    {
        _blocking = blocking;
        _fd = new Fd(LinuxException.Check(Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol), "a netlink socket"));
        // Past the limit of net.core.rmem_max where we may; else as large as it gets.
        if (receiveBuffer > 0 && Libc.setsockopt(_fd.Number, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, &receiveBuffer, 4) < 0)
            Libc.setsockopt(_fd.Number, Libc.SOL_SOCKET, Libc.SO_RCVBUF, &receiveBuffer, 4);
        Span<byte> address = stackalloc byte[12];
        address.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(address, Libc.AF_NETLINK);
        BinaryPrimitives.WriteUInt32LittleEndian(address[8..], groups);
        fixed (byte* p = address)
            LinuxException.Check(Libc.bind(_fd.Number, p, 12), "bind a netlink socket");
    }

    /// <summary>A socket that someone else has made and bound.</summary>
    public NetlinkSocket(Fd fd) => _fd = fd;

    public void Send(ReadOnlySpan<byte> message)
    {
        fixed (byte* p = message)
            LinuxException.Check(Libc.sendto(_fd.Number, p, message.Length, 0, null, 0), "send to the kernel by netlink");
    }

    /// <summary>The bytes received; 0 when nothing waits or it was not the kernel's; -1 when messages
    /// were lost (ENOBUFS).</summary>
    public int Receive(Span<byte> buffer)
    {
        byte* address = stackalloc byte[12];
        uint length = 12;
        nint n;
        fixed (byte* p = buffer)
            n = Libc.recvfrom(_fd.Number, p, buffer.Length, _blocking ? 0 : Libc.MSG_DONTWAIT, address, &length);
        if (n < 0)
            return Libc.Errno == Libc.ENOBUFS ? -1 : 0;
        return *(uint*)(address + 4) == 0 ? (int)n : 0;
    }

    public void Dispose() => _fd.Dispose();
}
