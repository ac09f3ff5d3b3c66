// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;
using System.Text;

namespace Barrer.Net;

/// <summary>Queries and answers of RFC 1035 for IPv4 addresses.</summary>
public static class DnsMessage
{
    private const ushort TypeA = 1, ClassIn = 1;

    public sealed record Answer(int ResponseCode, List<IPAddress> Addresses);

    public static byte[] Query(ushort id, string name)
    {
        var message = new List<byte>(64);
        Number(message, id);
        Number(message, 0x0100); // recursion desired
        Number(message, 1);
        message.AddRange(new byte[6]);
        foreach (string label in name.TrimEnd('.').Split('.'))
        {
            byte[] bytes = Encoding.ASCII.GetBytes(label);
            if (bytes.Length is 0 or > 63)
                throw new FormatException("\"" + name + "\" is no host name");
            message.Add((byte)bytes.Length);
            message.AddRange(bytes);
        }
        message.Add(0);
        if (message.Count > 12 + 255)
            throw new FormatException("\"" + name + "\" is longer than a host name may be");
        Number(message, TypeA);
        Number(message, ClassIn);
        return message.ToArray();
    }

    /// <summary>The addresses in the answer to this query; null when it is not one, or is malformed.
    /// An answer must repeat the question: another one was not asked for.</summary>
    public static Answer? Parse(ReadOnlySpan<byte> data, ReadOnlySpan<byte> query)
    {
        if (data.Length < query.Length || query.Length < 12 || !data[..2].SequenceEqual(query[..2]) || (data[2] & 0x80) == 0 ||
            BinaryPrimitives.ReadUInt16BigEndian(data[4..]) != 1 || !EqualsIgnoreCase(data[12..query.Length], query[12..]))
            return null;
        var answer = new Answer(data[3] & 15, []);
        int at = query.Length;
        for (int i = BinaryPrimitives.ReadUInt16BigEndian(data[6..]); i > 0; i--)
        {
            at = SkipName(data, at);
            if (at < 0 || at + 10 > data.Length)
                return null;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(data[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(data[(at + 8)..]);
            at += 10;
            if (at + length > data.Length)
                return null;
            if (type == TypeA && length == 4)
                answer.Addresses.Add(new IPAddress(data.Slice(at, 4)));
            at += length;
        }
        return answer;
    }

    private static bool EqualsIgnoreCase(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        for (int i = 0; i < a.Length; i++)
        {
            if (char.ToLowerInvariant((char)a[i]) != char.ToLowerInvariant((char)b[i]))
                return false;
        }
        return a.Length == b.Length;
    }

    private static int SkipName(ReadOnlySpan<byte> data, int at)
    {
        while (at < data.Length)
        {
            if (data[at] == 0)
                return at + 1;
            if ((data[at] & 0xc0) == 0xc0)
                return at + 2;
            if ((data[at] & 0xc0) != 0)
                return -1;
            at += 1 + data[at];
        }
        return -1;
    }

    private static void Number(List<byte> message, ushort number)
    {
        message.Add((byte)(number >> 8));
        message.Add((byte)number);
    }
}
