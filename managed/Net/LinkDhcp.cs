// SPDX-License-Identifier: Apache-2.0
using System;
using System.Net;
using Barrer.Linux;

namespace Barrer.Net;

/// <summary>A DHCP client on a link: all its messages go through a packet socket, since the link has
/// no address yet, or not for long.</summary>
public sealed class LinkDhcp : IDhcpTransport, IDisposable
{
    private const ushort ClientPort = 68, ServerPort = 67;

    private readonly EventLoop _loop;
    private readonly Link _link;
    private readonly Fd _packets;
    private readonly byte[] _buffer = new byte[2048];

    public DhcpClient Client { get; }

    public LinkDhcp(EventLoop loop, Link link, string? hostName)
    {
        _loop = loop;
        _link = link;
        _packets = InetSocket.Packet(link.Index);
        Client = new DhcpClient(this, link.Address, hostName);
        loop.Add(_packets.Number, _ => Receive());
    }

    private void Receive()
    {
        int n;
        while ((n = _packets.Read(_buffer)) > 0)
        {
            ReadOnlySpan<byte> data = UdpFrame.Decode(_buffer.AsSpan(0, n), ClientPort);
            if (!data.IsEmpty && DhcpPacket.Decode(data) is { } packet)
                Client.Receive(packet);
        }
    }

    public void Broadcast(byte[] message) =>
        InetSocket.SendPacket(_packets, UdpFrame.Encode(0, ClientPort, uint.MaxValue, ServerPort, message), _link.Index);

    public void Unicast(byte[] message, IPAddress from, IPAddress to)
    {
        try
        {
            using Fd fd = InetSocket.New(Libc.SOCK_DGRAM);
            InetSocket.Bind(fd, from, ClientPort);
            InetSocket.SendTo(fd, message, to, ServerPort);
        }
        catch (LinuxException e)
        {
            Say.Warning(_link.Name + ": cannot ask " + to + ": " + e.Message);
        }
    }

    public object After(long milliseconds, Action act) => _loop.After(milliseconds, act);
    public void Cancel(object? timer) => _loop.Cancel(timer);
    public uint Random() => (uint)System.Random.Shared.NextInt64(0, 1L + uint.MaxValue);

    public void Dispose()
    {
        Client.Stop();
        _loop.Remove(_packets.Number);
        _packets.Dispose();
    }
}
