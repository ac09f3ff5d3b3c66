// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;
using System.Net;
using Barrer.Linux;

namespace Barrer.Net;

/// <summary>IPv4 and packet sockets for one thread that waits in poll(2). The Socket class would bring
/// a thread pool and an asynchronous engine along, which is most of this program's memory.</summary>
public static unsafe class InetSocket
{
    public static byte[] Address(IPAddress address, ushort port)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Libc.AF_INET);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), port);
        address.TryWriteBytes(bytes.AsSpan(4), out _);
        return bytes;
    }

    public static Fd New(int type) => new(LinuxException.Check(
        Libc.socket(Libc.AF_INET, type | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0), "a socket"));

    public static void Bind(Fd fd, IPAddress address, ushort port)
    {
        int one = 1;
        Libc.setsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, &one, 4);
        fixed (byte* p = Address(address, port))
            LinuxException.Check(Libc.bind(fd.Number, p, 16), "bind " + address + ":" + port);
    }

    /// <summary>False when the connection is on its way (writable when it is there).</summary>
    public static bool Connect(Fd fd, IPAddress address, ushort port)
    {
        fixed (byte* p = Address(address, port))
        {
            if (Libc.connect(fd.Number, p, 16) == 0)
                return true;
        }
        return Libc.Errno == Libc.EINPROGRESS ? false : throw new LinuxException("connect to " + address + ":" + port, Libc.Errno);
    }

    public static int PendingError(Fd fd)
    {
        int error = 0;
        uint length = 4;
        Libc.getsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_ERROR, &error, &length);
        return error;
    }

    public static bool SendTo(Fd fd, ReadOnlySpan<byte> data, IPAddress address, ushort port)
    {
        fixed (byte* d = data, p = Address(address, port))
            return Libc.sendto(fd.Number, d, data.Length, Libc.MSG_NOSIGNAL, p, 16) == data.Length;
    }

    /// <summary>A socket for IPv4 packets of one link, without their link headers.</summary>
    public static Fd Packet(int linkIndex)
    {
        const ushort EtherTypeIp = 0x0008; // 0x0800, in the order of the network
        var fd = new Fd(LinuxException.Check(
            Libc.socket(Libc.AF_PACKET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, EtherTypeIp), "a packet socket"));
        fixed (byte* p = LinkAddress(linkIndex, default))
            LinuxException.Check(Libc.bind(fd.Number, p, 20), "bind a packet socket");
        return fd;
    }

    public static bool SendPacket(Fd fd, ReadOnlySpan<byte> packet, int linkIndex)
    {
        fixed (byte* d = packet, p = LinkAddress(linkIndex, [255, 255, 255, 255, 255, 255]))
            return Libc.sendto(fd.Number, d, packet.Length, 0, p, 20) == packet.Length;
    }

    /// <summary>struct sockaddr_ll</summary>
    private static byte[] LinkAddress(int linkIndex, ReadOnlySpan<byte> hardware)
    {
        var address = new byte[20];
        BinaryPrimitives.WriteUInt16LittleEndian(address, Libc.AF_PACKET);
        address[2] = 8;
        BinaryPrimitives.WriteInt32LittleEndian(address.AsSpan(4), linkIndex);
        address[11] = (byte)hardware.Length;
        hardware.CopyTo(address.AsSpan(12));
        return address;
    }
}
