// SPDX-License-Identifier: Apache-2.0
// The far end of a network that a test needs nothing else for: makes the link eth0 whose other end is in
// a network namespace of its own, and serves DHCP, DNS (www.test) and HTTP there.
using System;
using System.Net;
using System.Text;
using System.Threading;
using Barrer.Linux;
using Barrer.Net;

Say.Name = "netpeer";
var peer = new Peer();
int ns = peer.Start();
using (var route = new RouteNetlink())
    route.AddPair("eth0", "peer0", ns);
peer.Serve();
return 0;

internal sealed unsafe class Peer
{
    private static readonly IPAddress s_own = IPAddress.Parse("10.9.0.1"), s_client = IPAddress.Parse("10.9.0.50");

    private readonly EventLoop _loop = new();
    private readonly SemaphoreSlim _hasNamespace = new(0), _hasLink = new(0), _ended = new(0);
    private readonly byte[] _buffer = new byte[4096], _address = new byte[16];
    private int _namespace;

    /// <summary>A namespace belongs to a thread: all sockets that it makes are in there.</summary>
    public int Start()
    {
        new Thread(() =>
        {
            LinuxException.Check(Libc.unshare(Libc.CLONE_NEWNET), "unshare the network namespace");
            _namespace = Fd.Open("/proc/self/task/" + Libc.gettid() + "/ns/net", Libc.O_RDONLY).Number;
            _hasNamespace.Release();
            _hasLink.Wait();
            Say.Name = "netpeer";
            SetUp();
            _loop.Run();
            _ended.Release();
        }) { IsBackground = true }.Start();
        _hasNamespace.Wait();
        return _namespace;
    }

    public void Serve()
    {
        _hasLink.Release();
        _ended.Wait();
    }

    private void SetUp()
    {
        using var route = new RouteNetlink();
        foreach (Link link in route.Links())
        {
            route.SetUp(link);
            if (link.Name == "peer0")
                route.AddAddress(link, s_own, 24);
        }
        Fd dhcp = Listen(Libc.SOCK_DGRAM, IPAddress.Any, 67, AnswerDhcp);
        // Without a route, where to broadcast is told by the link.
        fixed (byte* name = "peer0\0"u8)
            LinuxException.Check(Libc.setsockopt(dhcp.Number, Libc.SOL_SOCKET, Libc.SO_BINDTODEVICE, name, 6), "bind to peer0");
        Listen(Libc.SOCK_DGRAM, s_own, 53, AnswerDns);
        Fd http = Listen(Libc.SOCK_STREAM, s_own, 80, AnswerHttp);
        LinuxException.Check(Libc.listen(http.Number, 8), "listen");
        Say.Info("READY");
        Notify.Ready("serving");
    }

    private Fd Listen(int type, IPAddress address, ushort port, Action<Fd> answer)
    {
        Fd fd = InetSocket.New(type);
        int one = 1;
        Libc.setsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_BROADCAST, &one, 4);
        InetSocket.Bind(fd, address, port);
        _loop.Add(fd.Number, _ => answer(fd));
        return fd;
    }

    private ReadOnlySpan<byte> Receive(Fd fd)
    {
        uint length = 16;
        nint n;
        fixed (byte* p = _buffer, a = _address)
            n = Libc.recvfrom(fd.Number, p, _buffer.Length, 0, a, &length);
        return _buffer.AsSpan(0, (int)Math.Max(n, 0));
    }

    private void AnswerDhcp(Fd fd)
    {
        if (DhcpPacket.Decode(Receive(fd)) is not { IsReply: false, Type: DhcpType.Discover or DhcpType.Request } asked)
            return;
        bool isOther = asked.Requested != null && !asked.Requested.Equals(s_client);
        var answer = new DhcpPacket
        {
            IsReply = true,
            Type = asked.Type == DhcpType.Discover ? DhcpType.Offer : isOther ? DhcpType.Nak : DhcpType.Ack,
            TransactionId = asked.TransactionId,
            HardwareAddress = asked.HardwareAddress,
            YourAddress = isOther ? IPAddress.Any : s_client,
            Server = s_own,
            Mask = IPAddress.Parse("255.255.255.0"),
            Routers = [s_own],
            NameServers = [s_own],
            Domain = "test",
            LeaseSeconds = 3600,
        };
        InetSocket.SendTo(fd, answer.Encode(), IPAddress.Broadcast, 68);
    }

    private void AnswerDns(Fd fd)
    {
        byte[] query = Receive(fd).ToArray();
        if (query.Length < 12)
            return;
        bool known = query.AsSpan().IndexOf("\x03www\x04test\0"u8) == 12;
        byte[] record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. s_own.GetAddressBytes()];
        byte[] answer = known ? [.. query, .. record] : query;
        answer[2] |= 0x80;
        answer[3] = (byte)(known ? 0x80 : 0x83);
        answer[7] = (byte)(known ? 1 : 0);
        fixed (byte* p = answer, a = _address)
            Libc.sendto(fd.Number, p, answer.Length, 0, a, 16);
    }

    private static void AnswerHttp(Fd fd)
    {
        int number = Libc.accept4(fd.Number, null, null, Libc.SOCK_CLOEXEC);
        if (number < 0)
            return;
        using var connection = new Fd(number);
        Span<byte> request = stackalloc byte[2048];
        connection.Read(request);
        connection.Write(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"));
    }
}
