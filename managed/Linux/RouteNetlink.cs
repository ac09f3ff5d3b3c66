// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;

namespace Barrer.Linux;

/// <summary>What the kernel says of a network link.</summary>
public sealed record Link(int Index, string Name, uint Flags, ushort Type, byte[] Address, bool Carrier)
{
    public const uint FlagUp = 1, FlagLoopback = 8;
    public const ushort TypeEthernet = 1;

    public bool IsUp => (Flags & FlagUp) != 0;
    public bool IsLoopback => (Flags & FlagLoopback) != 0;
    public bool IsEthernet => Type == TypeEthernet;

    /// <summary>From the payload of RTM_NEWLINK or RTM_DELLINK; null when it is cut off.</summary>
    public static Link? Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 16)
            return null;
        string name = "";
        byte[] address = [];
        bool carrier = false;
        var attributes = new AttributeReader(payload[16..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case 1: address = attributes.Value.ToArray(); break;
                case 3: name = attributes.Text; break;
                case 33: carrier = attributes.Value.Length > 0 && attributes.Value[0] != 0; break;
            }
        }
        return new Link(BinaryPrimitives.ReadInt32LittleEndian(payload[4..]), name, BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]), address, carrier);
    }
}

/// <summary>Requests to rtnetlink(7). Each waits for the kernel's answer, which comes at once.</summary>
public sealed class RouteNetlink : IDisposable
{
    public const ushort NewLink = 16, DelLink = 17, GetLink = 18, SetLink = 19, NewAddress = 20, DelAddress = 21, NewRoute = 24,
        DelRoute = 25;
    public const uint GroupLink = 1;
    private const ushort MessageError = 2, MessageDone = 3;

    private readonly NetlinkSocket _socket = new(NetlinkSocket.Route, 0, blocking: true);
    private readonly byte[] _buffer = new byte[32768];
    private uint _sequence;

    public List<Link> Links()
    {
        var links = new List<Link>();
        var message = new NetlinkMessage(GetLink, NetlinkMessage.Dump, ++_sequence).Body(new byte[16]);
        Exchange(message, "list the links", payload =>
        {
            if (Link.Parse(payload) is { } link)
                links.Add(link);
        });
        return links;
    }

    public void SetUp(Link link)
    {
        Span<byte> info = stackalloc byte[16];
        info.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(info[4..], link.Index);
        BinaryPrimitives.WriteUInt32LittleEndian(info[8..], Link.FlagUp);
        BinaryPrimitives.WriteUInt32LittleEndian(info[12..], Link.FlagUp);
        Exchange(new NetlinkMessage(NewLink, NetlinkMessage.Ack, ++_sequence).Body(info), "set " + link.Name + " up");
    }

    public void SetMtu(Link link, uint mtu)
    {
        Span<byte> info = stackalloc byte[16];
        info.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(info[4..], link.Index);
        Exchange(new NetlinkMessage(NewLink, NetlinkMessage.Ack, ++_sequence).Body(info).Attribute(4, mtu),
            "set the mtu of " + link.Name + " to " + mtu);
    }

    /// <summary>A pair of links, each the other's far end; the second goes to the network namespace of
    /// the descriptor.</summary>
    public void AddPair(string name, string peer, int peerNamespace)
    {
        var message = new NetlinkMessage(NewLink, NetlinkMessage.Ack | NetlinkMessage.Create | NetlinkMessage.Excl, ++_sequence)
            .Body(new byte[16]).Attribute(3, name)
            .Nested(18, info => info.Attribute(1, "veth"u8).Nested(2, data => data.Nested(1,
                far => far.Body(new byte[16]).Attribute(3, peer).Attribute(28, (uint)peerNamespace))));
        Exchange(message, "make the links " + name + " and " + peer);
    }

    public void AddAddress(Link link, IPAddress address, int prefix, uint lifetimeSeconds = uint.MaxValue)
    {
        NetlinkMessage message = AddressMessage(NewAddress, NetlinkMessage.Create | NetlinkMessage.Replace, link, address, prefix);
        if (lifetimeSeconds != uint.MaxValue)
        {
            Span<byte> info = stackalloc byte[16];
            info.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(info, lifetimeSeconds);
            BinaryPrimitives.WriteUInt32LittleEndian(info[4..], lifetimeSeconds);
            message.Attribute(6, info);
        }
        Exchange(message, "give " + link.Name + " the address " + address);
    }

    public void RemoveAddress(Link link, IPAddress address, int prefix) =>
        Exchange(AddressMessage(DelAddress, 0, link, address, prefix), "take the address " + address + " from " + link.Name);

    private NetlinkMessage AddressMessage(ushort type, ushort flags, Link link, IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        Span<byte> info = stackalloc byte[8];
        info.Clear();
        info[0] = bytes.Length == 4 ? (byte)2 : (byte)10;
        info[1] = (byte)prefix;
        BinaryPrimitives.WriteInt32LittleEndian(info[4..], link.Index);
        var message = new NetlinkMessage(type, (ushort)(flags | NetlinkMessage.Ack), ++_sequence).Body(info)
            .Attribute(2, bytes).Attribute(1, bytes);
        if (bytes.Length == 4 && prefix is > 0 and < 31)
        {
            uint broadcast = BinaryPrimitives.ReadUInt32BigEndian(bytes) | (uint.MaxValue >> prefix);
            Span<byte> all = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(all, broadcast);
            message.Attribute(4, all);
        }
        return message;
    }

    /// <summary>The default route of the link.</summary>
    public void AddDefaultRoute(Link link, IPAddress gateway, uint metric)
    {
        Span<byte> info = stackalloc byte[12];
        info.Clear();
        info[0] = 2;
        info[4] = 254; // RT_TABLE_MAIN
        info[5] = 16; // RTPROT_DHCP
        info[7] = 1; // RTN_UNICAST
        var message = new NetlinkMessage(NewRoute, NetlinkMessage.Ack | NetlinkMessage.Create | NetlinkMessage.Replace, ++_sequence)
            .Body(info).Attribute(5, gateway.GetAddressBytes()).Attribute(4, (uint)link.Index).Attribute(6, metric);
        Exchange(message, "make " + gateway + " the default router on " + link.Name);
    }

    private delegate void Receiver(ReadOnlySpan<byte> payload);

    private void Exchange(NetlinkMessage message, string what, Receiver? receive = null)
    {
        _socket.Send(message.Finish());
        while (true)
        {
            int n = _socket.Receive(_buffer);
            if (n < 0)
                throw new LinuxException(what, Libc.ENOBUFS);
            var reader = new NetlinkReader(_buffer.AsSpan(0, n));
            while (reader.Next())
            {
                if (reader.Sequence != message.Sequence)
                    continue;
                if (reader.Type == MessageDone)
                    return;
                if (reader.Type == MessageError)
                {
                    int error = reader.Payload.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(reader.Payload) : -Libc.EINVAL;
                    if (error != 0)
                        throw new LinuxException(what, -error);
                    return;
                }
                receive?.Invoke(reader.Payload);
            }
        }
    }

    public void Dispose() => _socket.Dispose();
}
