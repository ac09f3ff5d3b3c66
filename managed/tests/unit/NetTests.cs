// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Net;
using Barrer.Linux;
using Barrer.Net;
using Xunit;

public class DhcpPacketTests
{
    private static readonly byte[] s_mac = [2, 0, 0, 0, 0, 7];

    private static DhcpPacket Offer() => new()
    {
        IsReply = true, Type = DhcpType.Offer, TransactionId = 0xdeadbeef, HardwareAddress = s_mac,
        YourAddress = IPAddress.Parse("10.0.0.9"), Server = IPAddress.Parse("10.0.0.1"), Mask = IPAddress.Parse("255.255.255.0"),
        Routers = [IPAddress.Parse("10.0.0.1")], NameServers = [IPAddress.Parse("1.1.1.1"), IPAddress.Parse("8.8.8.8")],
        LeaseSeconds = 600, Domain = "example.org",
    };

    [Fact]
    public void WhatIsEncodedIsDecoded()
    {
        DhcpPacket? back = DhcpPacket.Decode(Offer().Encode());
        Assert.NotNull(back);
        Assert.Equal(DhcpType.Offer, back.Type);
        Assert.Equal(0xdeadbeefu, back.TransactionId);
        Assert.Equal("10.0.0.9", back.YourAddress.ToString());
        Assert.Equal("255.255.255.0", back.Mask!.ToString());
        Assert.Equal(2, back.NameServers.Count);
        Assert.Equal(600u, back.LeaseSeconds);
        Assert.Equal("example.org", back.Domain);
        Assert.Equal(s_mac, back.HardwareAddress);
    }

    [Fact]
    public void EveryCutAndEveryChangedByteIsSurvived()
    {
        byte[] whole = Offer().Encode();
        for (int length = 0; length < whole.Length; length++)
            _ = DhcpPacket.Decode(whole.AsSpan(0, length));
        var random = new Random(1);
        for (int i = 0; i < 20000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            for (int j = random.Next(1, 6); j > 0; j--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            _ = DhcpPacket.Decode(changed);
        }
    }

    [Fact]
    public void ANameThatWouldBeALineOfAFileIsNone()
    {
        byte[] data = Offer().Encode();
        int at = data.AsSpan().IndexOf("example.org"u8);
        data[at + 3] = (byte)'\n';
        Assert.Null(DhcpPacket.Decode(data)!.Domain);
    }
}

public class DhcpClientTests
{
    private sealed class Transport : IDhcpTransport
    {
        public List<DhcpPacket> Sent { get; } = [];
        public List<(long Delay, Action Act)> Timers { get; } = [];
        public int Unicasts { get; private set; }

        public void Broadcast(byte[] message) => Sent.Add(DhcpPacket.Decode(message)!);
        public void Unicast(byte[] message, IPAddress from, IPAddress to)
        {
            Unicasts++;
            Sent.Add(DhcpPacket.Decode(message)!);
        }
        public object After(long milliseconds, Action act)
        {
            var timer = (milliseconds, act);
            Timers.Add(timer);
            return timer;
        }
        public void Cancel(object? timer)
        {
            if (timer is ValueTuple<long, Action> t)
                Timers.Remove(t);
        }
        public uint Random() => 1234;
        public void Fire(int index)
        {
            Action act = Timers[index].Act;
            Timers.RemoveAt(index);
            act();
        }
    }

    private static readonly byte[] s_mac = [2, 0, 0, 0, 0, 7];
    private static readonly IPAddress s_server = IPAddress.Parse("10.0.0.1"), s_address = IPAddress.Parse("10.0.0.9");

    private static DhcpPacket Reply(DhcpType type, uint transaction = 1234) => new()
    {
        IsReply = true, Type = type, TransactionId = transaction, HardwareAddress = s_mac, YourAddress = s_address, Server = s_server,
        Mask = IPAddress.Parse("255.255.0.0"), LeaseSeconds = 1000,
    };

    private static (DhcpClient, Transport) BoundClient()
    {
        var transport = new Transport();
        var client = new DhcpClient(transport, s_mac, "host");
        client.Start();
        client.Receive(Reply(DhcpType.Offer));
        client.Receive(Reply(DhcpType.Ack));
        return (client, transport);
    }

    [Fact]
    public void DiscoverOfferRequestAck()
    {
        var transport = new Transport();
        var client = new DhcpClient(transport, s_mac, "host");
        Lease? bound = null;
        client.Bound += lease => bound = lease;
        client.Start();
        Assert.Equal(DhcpType.Discover, transport.Sent[^1].Type);
        Assert.Equal("host", transport.Sent[^1].HostName);
        client.Receive(Reply(DhcpType.Offer));
        Assert.Equal(DhcpType.Request, transport.Sent[^1].Type);
        Assert.Equal(s_address, transport.Sent[^1].Requested);
        Assert.Equal(s_server, transport.Sent[^1].Server);
        client.Receive(Reply(DhcpType.Ack));
        Assert.Equal(DhcpClient.Phase.Bound, client.State);
        Assert.Equal(s_address, bound!.Address);
        Assert.Equal(16, bound.Prefix);
    }

    [Fact]
    public void AnotherTransactionIsNotOurs()
    {
        var transport = new Transport();
        var client = new DhcpClient(transport, s_mac, null);
        client.Start();
        client.Receive(Reply(DhcpType.Offer, transaction: 99));
        Assert.Equal(DhcpClient.Phase.Selecting, client.State);
    }

    [Fact]
    public void WithoutAnAnswerItAsksAgainLaterEachTime()
    {
        var transport = new Transport();
        var client = new DhcpClient(transport, s_mac, null);
        client.Start();
        long before = 0;
        for (int i = 0; i < 5; i++)
        {
            Assert.Single(transport.Timers);
            Assert.True(transport.Timers[0].Delay > before);
            before = transport.Timers[0].Delay;
            transport.Fire(0);
        }
        Assert.Equal(6, transport.Sent.Count);
    }

    [Fact]
    public void HalfOfTheLeaseRenewsAndANakLosesIt()
    {
        (DhcpClient client, Transport transport) = BoundClient();
        string? why = null;
        client.Lost += (_, reason) => why = reason;
        Assert.Equal([500_000, 1_000_000], transport.Timers.ConvertAll(t => t.Delay));
        transport.Fire(0);
        Assert.Equal(DhcpClient.Phase.Renewing, client.State);
        Assert.Equal(1, transport.Unicasts);
        Assert.Equal(s_address, transport.Sent[^1].ClientAddress);
        client.Receive(Reply(DhcpType.Nak));
        Assert.Equal("the server refused the address", why);
    }

    [Fact]
    public void ARenewalKeepsTheLease()
    {
        (DhcpClient client, Transport transport) = BoundClient();
        transport.Fire(0);
        client.Receive(Reply(DhcpType.Ack));
        Assert.Equal(DhcpClient.Phase.Bound, client.State);
        Assert.Equal(2, transport.Timers.Count);
    }

    [Fact]
    public void AtTheEndOfTheLeaseTheAddressIsGone()
    {
        (DhcpClient client, Transport transport) = BoundClient();
        string? why = null;
        client.Lost += (_, reason) => why = reason;
        transport.Fire(1);
        Assert.Equal("the lease ran out", why);
    }
}

public class UdpFrameTests
{
    [Fact]
    public void AFrameCarriesItsData()
    {
        byte[] frame = UdpFrame.Encode(0, 68, uint.MaxValue, 67, "hello"u8);
        Assert.Equal("hello"u8.ToArray(), UdpFrame.Decode(frame, 67).ToArray());
        Assert.True(UdpFrame.Decode(frame, 68).IsEmpty);
        // Padding of the link is not data.
        Assert.Equal("hello"u8.ToArray(), UdpFrame.Decode([.. frame, 0, 0, 0], 67).ToArray());
    }

    [Fact]
    public void AWrongHeaderSumOrACutIsNoFrame()
    {
        byte[] frame = UdpFrame.Encode(1, 68, 2, 67, "hello"u8);
        for (int length = 0; length < frame.Length; length++)
            Assert.True(UdpFrame.Decode(frame.AsSpan(0, length), 67).IsEmpty);
        frame[14] ^= 1;
        Assert.True(UdpFrame.Decode(frame, 67).IsEmpty);
    }
}

public class DnsMessageTests
{
    [Fact]
    public void AnAnswerIsForItsQuestion()
    {
        byte[] query = DnsMessage.Query(7, "www.test");
        byte[] answer = [.. query, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1];
        answer[2] |= 0x80;
        answer[7] = 1;
        Assert.Equal([IPAddress.Parse("10.0.0.1")], DnsMessage.Parse(answer, query)!.Addresses);
        Assert.Null(DnsMessage.Parse(answer, DnsMessage.Query(8, "www.test")));
        Assert.Null(DnsMessage.Parse(answer, DnsMessage.Query(7, "www.tesu")));
        for (int length = 0; length < answer.Length; length++)
            Assert.Null(DnsMessage.Parse(answer.AsSpan(0, length), query));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123.test")]
    public void WhatIsNoNameIsNotAsked(string name) => Assert.Throws<FormatException>(() => DnsMessage.Query(1, name));
}

public class HttpCheckTests
{
    [Theory]
    [InlineData("http://a", "a", 80, "/")]
    [InlineData("http://a:8080/x?y", "a", 8080, "/x?y")]
    public void Urls(string url, string host, int port, string path) =>
        Assert.Equal(new HttpCheck.Target(host, (ushort)port, path), HttpCheck.Target.Parse(url));

    [Theory]
    [InlineData("https://a")]
    [InlineData("http://")]
    [InlineData("http://a:0/")]
    [InlineData("http://a/x\r\nHost: b")]
    public void NoUrls(string url) => Assert.Null(HttpCheck.Target.Parse(url));

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\n", 204)]
    [InlineData("HTTP/1.1 200 OK", null)]
    [InlineData("SSH-2.0-x\r\n", null)]
    public void Status(string head, int? status) => Assert.Equal(status, HttpCheck.ParseStatus(head));
}

public class NetConfigTests
{
    [Fact]
    public void ARuleForALink()
    {
        NetConfig config = NetConfig.Parse("[link eth*]\naddress = 10.0.0.2/24 10.0.0.3/24\ngateway = 10.0.0.1\n[check]\nurl = http://a/\n", "f");
        Assert.Equal(2, config.RuleFor("eth0")!.Addresses.Count);
        Assert.Null(config.RuleFor("wlan0"));
        Assert.Equal("a", config.Check!.Host);
    }

    [Theory]
    [InlineData("[link a]\nadress = 1\n", "f:2: [link a] adress: no such key")]
    [InlineData("[link a]\naddress = 10.0.0.2\n", "f:2: [link a] address: expected ADDRESS/PREFIX, got \"10.0.0.2\"")]
    [InlineData("[lnk a]\n", "f:1: [lnk]: expected [link PATTERN] or [check]")]
    public void WhatIsWrongIsNamed(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<IniException>(() => NetConfig.Parse(text, "f")).Message);
}

public class NetlinkTests
{
    [Fact]
    public void AttributesAreAlignedAndReadBack()
    {
        NetlinkMessage message = new NetlinkMessage(16, NetlinkMessage.Ack, 9).Body(new byte[16]).Attribute(3, "eth0").Attribute(4, 1500u);
        var reader = new NetlinkReader(message.Finish());
        Assert.True(reader.Next());
        Assert.Equal(9u, reader.Sequence);
        Link link = Link.Parse(reader.Payload)!;
        Assert.Equal("eth0", link.Name);
        Assert.False(reader.Next());
    }

    [Fact]
    public void LengthsThatDoNotFitEndTheReading()
    {
        var random = new Random(2);
        byte[] whole = new NetlinkMessage(16, 0, 1).Body(new byte[16]).Attribute(3, "eth0").Attribute(1, new byte[6]).Finish().ToArray();
        for (int i = 0; i < 20000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            var reader = new NetlinkReader(changed.AsSpan(0, random.Next(changed.Length + 1)));
            while (reader.Next())
                _ = Link.Parse(reader.Payload);
        }
    }
}
