// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;

namespace Barrer.Net;

public enum DhcpType : byte { Discover = 1, Offer, Request, Decline, Ack, Nak, Release, Inform }

/// <summary>A message of RFC 2131 with the options of RFC 2132.</summary>
public sealed class DhcpPacket
{
    private const int FixedLength = 236, MinimumLength = 300;
    private static readonly byte[] s_cookie = [99, 130, 83, 99];

    public required DhcpType Type { get; init; }
    public required uint TransactionId { get; init; }
    public required byte[] HardwareAddress { get; init; }
    public bool IsReply { get; init; }
    public ushort Seconds { get; init; }
    public IPAddress ClientAddress { get; init; } = IPAddress.Any;
    public IPAddress YourAddress { get; init; } = IPAddress.Any;
    public IPAddress? Requested { get; init; }
    public IPAddress? Server { get; init; }
    public IPAddress? Mask { get; init; }
    public uint? LeaseSeconds { get; init; }
    public uint? RenewSeconds { get; init; }
    public uint? RebindSeconds { get; init; }
    public IReadOnlyList<IPAddress> Routers { get; init; } = [];
    public IReadOnlyList<IPAddress> NameServers { get; init; } = [];
    public string? HostName { get; init; }
    public string? Domain { get; init; }

    public byte[] Encode()
    {
        var options = new List<byte>(64);
        options.AddRange(s_cookie);
        Option(options, 53, [(byte)Type]);
        if (!IsReply)
        {
            Option(options, 61, [1, .. HardwareAddress]);
            if (Type is DhcpType.Discover or DhcpType.Request)
                Option(options, 55, [1, 3, 6, 12, 15, 51, 58, 59]);
            Option(options, 57, [0x05, 0xc0]); // the largest message: 1472
        }
        AddressOption(options, 50, Requested);
        AddressOption(options, 54, Server);
        AddressOption(options, 1, Mask);
        AddressesOption(options, 3, Routers);
        AddressesOption(options, 6, NameServers);
        TextOption(options, 12, HostName);
        TextOption(options, 15, Domain);
        NumberOption(options, 51, LeaseSeconds);
        NumberOption(options, 58, RenewSeconds);
        NumberOption(options, 59, RebindSeconds);
        options.Add(255);

        var data = new byte[Math.Max(MinimumLength, FixedLength + options.Count)];
        data[0] = IsReply ? (byte)2 : (byte)1;
        data[1] = 1;
        data[2] = (byte)HardwareAddress.Length;
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), TransactionId);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(8), Seconds);
        ClientAddress.TryWriteBytes(data.AsSpan(12), out _);
        YourAddress.TryWriteBytes(data.AsSpan(16), out _);
        HardwareAddress.CopyTo(data, 28);
        options.CopyTo(data, FixedLength);
        return data;
    }

    /// <summary>Null when it is no DHCP message: too short, no cookie, no type, an option past the end.</summary>
    public static DhcpPacket? Decode(ReadOnlySpan<byte> data)
    {
        if (data.Length < FixedLength + 4 || data[0] is not (1 or 2) || data[2] > 16 || !data[FixedLength..(FixedLength + 4)].SequenceEqual(s_cookie))
            return null;
        var options = new Dictionary<byte, byte[]>();
        if (!ReadOptions(data[(FixedLength + 4)..], options))
            return null;
        // Option 52: more options in the fields of the file and server names.
        if (options.TryGetValue(52, out byte[]? overload) && overload.Length == 1)
        {
            if ((overload[0] & 1) != 0 && !ReadOptions(data[108..236], options))
                return null;
            if ((overload[0] & 2) != 0 && !ReadOptions(data[44..108], options))
                return null;
        }
        if (!options.TryGetValue(53, out byte[]? type) || type.Length != 1 || type[0] is < 1 or > 8)
            return null;
        return new DhcpPacket
        {
            Type = (DhcpType)type[0],
            IsReply = data[0] == 2,
            TransactionId = BinaryPrimitives.ReadUInt32BigEndian(data[4..]),
            Seconds = BinaryPrimitives.ReadUInt16BigEndian(data[8..]),
            ClientAddress = new IPAddress(data[12..16]),
            YourAddress = new IPAddress(data[16..20]),
            HardwareAddress = data.Slice(28, data[2]).ToArray(),
            Requested = Address(options, 50),
            Server = Address(options, 54),
            Mask = Address(options, 1),
            LeaseSeconds = Number(options, 51),
            RenewSeconds = Number(options, 58),
            RebindSeconds = Number(options, 59),
            Routers = Addresses(options, 3),
            NameServers = Addresses(options, 6),
            HostName = Name(options, 12),
            Domain = Name(options, 15),
        };
    }

    private static bool ReadOptions(ReadOnlySpan<byte> data, Dictionary<byte, byte[]> options)
    {
        int at = 0;
        while (at < data.Length && data[at] != 255)
        {
            byte code = data[at++];
            if (code == 0)
                continue;
            if (at >= data.Length || at + 1 + data[at] > data.Length)
                return false;
            byte[] value = data.Slice(at + 1, data[at]).ToArray();
            // RFC 3396: an option that occurs again goes on.
            options[code] = options.TryGetValue(code, out byte[]? before) ? [.. before, .. value] : value;
            at += 1 + data[at];
        }
        return true;
    }

    private static IPAddress? Address(Dictionary<byte, byte[]> options, byte code) =>
        options.TryGetValue(code, out byte[]? value) && value.Length == 4 ? new IPAddress(value) : null;

    private static List<IPAddress> Addresses(Dictionary<byte, byte[]> options, byte code)
    {
        var found = new List<IPAddress>();
        if (options.TryGetValue(code, out byte[]? value))
        {
            for (int i = 0; i + 4 <= value.Length; i += 4)
                found.Add(new IPAddress(value.AsSpan(i, 4)));
        }
        return found;
    }

    private static uint? Number(Dictionary<byte, byte[]> options, byte code) =>
        options.TryGetValue(code, out byte[]? value) && value.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(value) : null;

    /// <summary>A host or domain name. It comes from the network and goes to files and to the log: what
    /// is not a letter, a digit, a dot or a hyphen makes it none.</summary>
    private static string? Name(Dictionary<byte, byte[]> options, byte code)
    {
        if (!options.TryGetValue(code, out byte[]? value))
            return null;
        ReadOnlySpan<byte> text = value.AsSpan().TrimEnd((byte)0);
        if (text.Length is 0 or > 253)
            return null;
        var name = new char[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiLetterOrDigit((char)text[i]) && text[i] is not ((byte)'-' or (byte)'.'))
                return null;
            name[i] = (char)text[i];
        }
        return new string(name);
    }

    private static void Option(List<byte> options, byte code, ReadOnlySpan<byte> value)
    {
        options.Add(code);
        options.Add((byte)value.Length);
        foreach (byte b in value)
            options.Add(b);
    }

    private static void AddressOption(List<byte> options, byte code, IPAddress? address)
    {
        if (address != null)
            Option(options, code, address.GetAddressBytes());
    }

    private static void AddressesOption(List<byte> options, byte code, IReadOnlyList<IPAddress> addresses)
    {
        var bytes = new List<byte>();
        foreach (IPAddress address in addresses)
            bytes.AddRange(address.GetAddressBytes());
        if (bytes.Count > 0)
            Option(options, code, bytes.ToArray());
    }

    private static void TextOption(List<byte> options, byte code, string? text)
    {
        if (text is { Length: > 0 and < 256 })
            Option(options, code, System.Text.Encoding.ASCII.GetBytes(text));
    }

    private static void NumberOption(List<byte> options, byte code, uint? number)
    {
        if (number is not { } value)
            return;
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Option(options, code, bytes);
    }
}
