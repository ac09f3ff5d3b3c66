// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Net;
using Barrer.Linux;

namespace Barrer.Net;

/// <summary>Asks name servers one after the other for the address of a name, without blocking.</summary>
public sealed class Resolver
{
    private const int TryMs = 3000, Rounds = 2;

    private readonly EventLoop _loop;
    private readonly IReadOnlyList<IPAddress> _servers;
    private readonly string _name;
    private readonly Action<IPAddress?, string> _done;
    private readonly ushort _port;
    private int _try;
    private Fd? _socket;
    private object? _timer;
    private byte[] _query = [];

    private Resolver(EventLoop loop, IReadOnlyList<IPAddress> servers, string name, ushort port, Action<IPAddress?, string> done)
    {
        _loop = loop;
        _servers = servers;
        _name = name;
        _port = port;
        _done = done;
    }

    /// <summary>Calls done with the address, or with null and the reason.</summary>
    public static void Resolve(EventLoop loop, IReadOnlyList<IPAddress> servers, string name, Action<IPAddress?, string> done, ushort port = 53)
    {
        if (IPAddress.TryParse(name, out IPAddress? literal))
            done(literal, "");
        else if (servers.Count == 0)
            done(null, "no name server is known");
        else
            new Resolver(loop, servers, name, port, done).Ask();
    }

    private void Ask()
    {
        Close();
        if (_try >= Rounds * _servers.Count)
        {
            _done(null, "no name server answers");
            return;
        }
        IPAddress server = _servers[_try++ % _servers.Count];
        try
        {
            // A socket and an identifier of its own for each try: both are what an attacker must guess.
            _query = DnsMessage.Query((ushort)Random.Shared.Next(0x10000), _name);
            _socket = InetSocket.New(Libc.SOCK_DGRAM);
            InetSocket.Connect(_socket, server, _port);
            _socket.Write(_query);
        }
        catch (LinuxException)
        {
            Ask();
            return;
        }
        catch (FormatException e)
        {
            Finish(null, e.Message);
            return;
        }
        _loop.Add(_socket.Number, _ => Receive());
        _timer = _loop.After(TryMs, Ask);
    }

    private void Receive()
    {
        Span<byte> buffer = stackalloc byte[1500];
        int n = _socket!.Read(buffer);
        if (n < 0 && Libc.Errno == Libc.EAGAIN)
            return;
        if (n < 0)
        {
            Ask();
            return;
        }
        if (DnsMessage.Parse(buffer[..n], _query) is not { } answer)
            return;
        if (answer.Addresses.Count > 0)
            Finish(answer.Addresses[0], "");
        else if (answer.ResponseCode is 0 or 3)
            Finish(null, "there is no such name");
        else
            Ask();
    }

    private void Finish(IPAddress? address, string why)
    {
        Close();
        _done(address, why);
    }

    private void Close()
    {
        _loop.Cancel(_timer);
        if (_socket == null)
            return;
        _loop.Remove(_socket.Number);
        _socket.Dispose();
        _socket = null;
    }
}
