// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Net;

namespace Barrer.Net;

/// <summary>What a DHCP server granted.</summary>
public sealed record Lease(IPAddress Address, int Prefix, IPAddress Server, IReadOnlyList<IPAddress> Routers,
    IReadOnlyList<IPAddress> NameServers, string? Domain, uint Seconds);

/// <summary>How messages of a client get out, and how it waits.</summary>
public interface IDhcpTransport
{
    void Broadcast(byte[] message);
    void Unicast(byte[] message, IPAddress from, IPAddress to);
    object After(long milliseconds, Action act);
    void Cancel(object? timer);
    uint Random();
}

/// <summary>The client of RFC 2131, 4.4: from INIT to BOUND, renewed until it is lost.</summary>
public sealed class DhcpClient
{
    public enum Phase { Init, Selecting, Requesting, Bound, Renewing, Rebinding }

    private const long FirstRetryMs = 1000, LastRetryMs = 64000;
    private const int RequestsBeforeInit = 4;

    private readonly IDhcpTransport _transport;
    private readonly byte[] _hardwareAddress;
    private readonly string? _hostName;
    private uint _transaction;
    private int _tries;
    private object? _timer, _expiry;
    private DhcpPacket? _offer;
    private Lease? _lease;

    public Phase State { get; private set; }
    public event Action<Lease>? Bound;
    public event Action<Lease, string>? Lost;

    public DhcpClient(IDhcpTransport transport, byte[] hardwareAddress, string? hostName)
    {
        _transport = transport;
        _hardwareAddress = hardwareAddress;
        _hostName = hostName;
    }

    public void Start()
    {
        Cancel();
        _transaction = _transport.Random();
        _tries = 0;
        State = Phase.Selecting;
        Discover();
    }

    public void Stop()
    {
        Cancel();
        State = Phase.Init;
        _lease = null;
    }

    /// <summary>Give the lease back; what the server does with the message is its own affair.</summary>
    public void Release()
    {
        if (_lease is { } lease)
            _transport.Unicast(Message(DhcpType.Release, lease.Address, server: lease.Server).Encode(), lease.Address, lease.Server);
        Stop();
    }

    public void Receive(DhcpPacket packet)
    {
        if (!packet.IsReply || packet.TransactionId != _transaction || !packet.HardwareAddress.AsSpan().SequenceEqual(_hardwareAddress))
            return;
        if (State == Phase.Selecting && packet.Type == DhcpType.Offer && packet.Server != null && IsUsable(packet.YourAddress))
        {
            _offer = packet;
            _tries = 0;
            State = Phase.Requesting;
            Request();
        }
        else if (State is Phase.Requesting or Phase.Renewing or Phase.Rebinding)
        {
            if (packet.Type == DhcpType.Nak)
                Fall("the server refused the address");
            else if (packet.Type == DhcpType.Ack && IsUsable(packet.YourAddress))
                Bind(packet);
        }
    }

    private static bool IsUsable(IPAddress address)
    {
        byte first = address.GetAddressBytes()[0];
        return first is not (0 or 127) && first < 224;
    }

    private void Discover()
    {
        _transport.Broadcast(Message(DhcpType.Discover, IPAddress.Any).Encode());
        _timer = _transport.After(RetryDelay(), Discover);
    }

    private void Request()
    {
        if (_tries >= RequestsBeforeInit)
        {
            Start();
            return;
        }
        _transport.Broadcast(Message(DhcpType.Request, IPAddress.Any, _offer!.YourAddress, _offer.Server).Encode());
        _transport.Cancel(_timer);
        _timer = _transport.After(RetryDelay(), Request);
    }

    /// <summary>RFC 2131, 4.1: doubled each time, with a second of chance around it.</summary>
    private long RetryDelay()
    {
        long delay = Math.Min(FirstRetryMs << Math.Min(_tries++, 6), LastRetryMs);
        return Math.Max(500, delay - 500 + _transport.Random() % 1000);
    }

    private void Bind(DhcpPacket packet)
    {
        Cancel();
        uint seconds = Math.Max(packet.LeaseSeconds ?? 3600, 60);
        var lease = new Lease(packet.YourAddress, PrefixOf(packet.Mask, packet.YourAddress), packet.Server ?? _offer?.Server ?? _lease!.Server,
            packet.Routers, packet.NameServers, packet.Domain, seconds);
        _lease = lease;
        State = Phase.Bound;
        if (seconds != uint.MaxValue)
        {
            uint renew = Sane(packet.RenewSeconds, seconds / 2, seconds), rebind = Sane(packet.RebindSeconds, (uint)(seconds * 7L / 8), seconds);
            _timer = _transport.After(renew * 1000L, () => Renew(rebind > renew ? rebind - renew : 1));
            _expiry = _transport.After(seconds * 1000L, () => Fall("the lease ran out"));
        }
        Bound?.Invoke(lease);
    }

    private static uint Sane(uint? given, uint otherwise, uint limit) => given is > 0 && given < limit ? given.Value : otherwise;

    private static int PrefixOf(IPAddress? mask, IPAddress address)
    {
        if (mask != null)
        {
            uint bits = ToNumber(mask);
            int prefix = System.Numerics.BitOperations.LeadingZeroCount(~bits);
            if (prefix > 0 && (prefix == 32 || bits << prefix == 0))
                return prefix;
        }
        return address.GetAddressBytes()[0] switch { < 128 => 8, < 192 => 16, _ => 24 };
    }

    public static uint ToNumber(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    /// <summary>Ask the server itself, and later anyone, each time after half of what is left.</summary>
    private void Renew(uint secondsToRebind)
    {
        State = Phase.Renewing;
        _transaction = _transport.Random();
        long started = 0, rebindAfter = secondsToRebind * 1000L;
        void Again()
        {
            byte[] message = Message(DhcpType.Request, _lease!.Address).Encode();
            if (started >= rebindAfter)
                State = Phase.Rebinding;
            if (State == Phase.Renewing)
                _transport.Unicast(message, _lease.Address, _lease.Server);
            else
                _transport.Broadcast(message);
            long pause = Math.Clamp((rebindAfter - started) / 2, 10000, 600000);
            started += pause;
            _timer = _transport.After(pause, Again);
        }
        Again();
    }

    private void Fall(string why)
    {
        Lease? lease = _lease;
        Stop();
        if (lease != null)
            Lost?.Invoke(lease, why);
        // Not at once: a server that refuses would be asked without end.
        State = Phase.Init;
        _timer = _transport.After(FirstRetryMs, Start);
    }

    private DhcpPacket Message(DhcpType type, IPAddress own, IPAddress? requested = null, IPAddress? server = null) => new()
    {
        Type = type,
        TransactionId = _transaction,
        HardwareAddress = _hardwareAddress,
        ClientAddress = own,
        Requested = requested,
        Server = server,
        HostName = type is DhcpType.Discover or DhcpType.Request ? _hostName : null,
    };

    private void Cancel()
    {
        _transport.Cancel(_timer);
        _transport.Cancel(_expiry);
        _timer = _expiry = null;
    }
}
