// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Net;
using System.Text;
using Barrer.Linux;

namespace Barrer.Net;

/// <summary>One GET of a URL: is the network that we have the one that we need? On a socket, since
/// HttpClient is five times the rest of this program.</summary>
public sealed class HttpCheck
{
    private const int LimitMs = 10000, LongestHead = 4096;

    private readonly EventLoop _loop;
    private readonly Target _target;
    private readonly Action<bool, string> _done;
    private readonly Fd _socket = InetSocket.New(Libc.SOCK_STREAM);
    private readonly StringBuilder _head = new();
    private readonly object _timer;
    private bool _sent;

    /// <summary>The parts of "http://HOST[:PORT][/PATH]".</summary>
    public sealed record Target(string Host, ushort Port, string Path)
    {
        public static Target? Parse(string url)
        {
            const string Scheme = "http://";
            if (!url.StartsWith(Scheme, StringComparison.Ordinal))
                return null;
            string rest = url[Scheme.Length..];
            foreach (char c in rest)
            {
                if (c is <= ' ' or > '~')
                    return null;
            }
            int slash = rest.IndexOf('/');
            string authority = slash < 0 ? rest : rest[..slash], path = slash < 0 ? "/" : rest[slash..];
            int colon = authority.IndexOf(':');
            ushort port = 80;
            if (colon >= 0 && (!ushort.TryParse(authority[(colon + 1)..], out port) || port == 0))
                return null;
            string host = colon < 0 ? authority : authority[..colon];
            return host.Length == 0 ? null : new Target(host, port, path);
        }
    }

    private HttpCheck(EventLoop loop, Target target, IPAddress address, Action<bool, string> done)
    {
        _loop = loop;
        _target = target;
        _done = done;
        _timer = loop.After(LimitMs, () => Finish(false, "no answer in " + LimitMs / 1000 + " s"));
        loop.Add(_socket.Number, Progress, Libc.POLLOUT);
        InetSocket.Connect(_socket, address, target.Port);
    }

    /// <summary>Resolve, connect, ask; done is called with whether the status was 2xx or 3xx, and a text.</summary>
    public static void Run(EventLoop loop, Target target, IReadOnlyList<IPAddress> servers, Action<IPAddress>? resolved, Action<bool, string> done)
    {
        Resolver.Resolve(loop, servers, target.Host, (address, why) =>
        {
            if (address == null)
            {
                done(false, "cannot resolve " + target.Host + ": " + why);
                return;
            }
            resolved?.Invoke(address);
            try
            {
                _ = new HttpCheck(loop, target, address, done);
            }
            catch (LinuxException e)
            {
                done(false, e.Message);
            }
        });
    }

    private void Progress(short events)
    {
        if (!_sent)
            Send();
        else
            Receive();
    }

    private void Send()
    {
        int error = InetSocket.PendingError(_socket);
        if (error != 0)
        {
            Finish(false, "cannot connect to " + _target.Host + ":" + _target.Port + ": " + Libc.Describe(error));
            return;
        }
        string port = _target.Port == 80 ? "" : ":" + _target.Port;
        _sent = _socket.Write(Encoding.ASCII.GetBytes("GET " + _target.Path + " HTTP/1.1\r\nHost: " + _target.Host + port +
            "\r\nUser-Agent: barrerd-net\r\nConnection: close\r\n\r\n"));
        if (_sent)
            _loop.SetEvents(_socket.Number, Libc.POLLIN);
        else
            Finish(false, "cannot send to " + _target.Host);
    }

    private void Receive()
    {
        Span<byte> buffer = stackalloc byte[1024];
        int n = _socket.Read(buffer);
        if (n < 0 && Libc.Errno == Libc.EAGAIN)
            return;
        if (n > 0)
            _head.Append(Encoding.Latin1.GetString(buffer[..n]));
        string head = _head.ToString();
        if (ParseStatus(head) is { } status)
            Finish(status is >= 200 and < 400, "status " + status);
        else if (n <= 0 || head.Length > LongestHead)
            Finish(false, "the answer is not HTTP");
    }

    /// <summary>The status of a complete first line of an answer.</summary>
    public static int? ParseStatus(string head)
    {
        int end = head.IndexOf("\r\n", StringComparison.Ordinal);
        if (end < 12 || !head.StartsWith("HTTP/1.", StringComparison.Ordinal) || head[8] != ' ')
            return null;
        return int.TryParse(head.AsSpan(9, 3), out int status) && status >= 100 ? status : null;
    }

    private void Finish(bool good, string text)
    {
        _loop.Cancel(_timer);
        _loop.Remove(_socket.Number);
        _socket.Dispose();
        _done(good, text);
    }
}
