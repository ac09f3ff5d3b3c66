// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;

namespace Barrer.Net;

/// <summary>UDP in IPv4, by hand: what an interface without an address sends and receives.</summary>
public static class UdpFrame
{
    private const int HeaderLength = 28;

    public static byte[] Encode(uint source, ushort sourcePort, uint target, ushort targetPort, ReadOnlySpan<byte> data)
    {
        var frame = new byte[HeaderLength + data.Length];
        Span<byte> ip = frame.AsSpan(0, 20), udp = frame.AsSpan(20);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)frame.Length);
        ip[8] = 64;
        ip[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], target);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Fold(Sum(ip)));
        BinaryPrimitives.WriteUInt16BigEndian(udp, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], targetPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        data.CopyTo(udp[8..]);
        ushort sum = Fold(Sum(ip[12..]) + 17 + (uint)udp.Length + Sum(udp));
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], sum == 0 ? (ushort)0xffff : sum);
        return frame;
    }

    /// <summary>The payload, when this is a whole datagram to that port with a right checksum of its
    /// header; else empty. The sum over the data is left out where the kernel has not made it yet,
    /// as on a virtual link.</summary>
    public static ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> frame, ushort targetPort)
    {
        if (frame.Length < HeaderLength || frame[0] >> 4 != 4 || frame[9] != 17)
            return default;
        int header = (frame[0] & 15) * 4, total = BinaryPrimitives.ReadUInt16BigEndian(frame[2..]);
        bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(frame[6..]) & 0x3fff) != 0;
        if (header < 20 || total > frame.Length || total < header + 8 || isFragment || Fold(Sum(frame[..header])) != 0)
            return default;
        ReadOnlySpan<byte> udp = frame[header..total];
        int length = BinaryPrimitives.ReadUInt16BigEndian(udp[4..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(udp[2..]) != targetPort || length < 8 || length > udp.Length)
            return default;
        return udp[8..length];
    }

    private static uint Sum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (int i = 0; i + 1 < data.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(data[i..]);
        return (data.Length & 1) != 0 ? sum + ((uint)data[^1] << 8) : sum;
    }

    private static ushort Fold(uint sum)
    {
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
