// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Text;
using Barrer.Linux;

namespace Barrer.Net;

/// <summary>Brings up the links that there are and that come, as the configuration says.</summary>
public sealed class NetService : Service
{
    private const string DefaultConfig = "/etc/barrer/net.conf", RunFolder = "/run/barrer/net";

    private readonly NetConfig _config;
    private readonly RouteNetlink _route = new();
    private readonly NetlinkSocket _changes = new(NetlinkSocket.Route, RouteNetlink.GroupLink, receiveBuffer: 256 * 1024);
    private readonly Dictionary<int, Managed> _links = [];
    private readonly byte[] _buffer = new byte[16384];

    /// <summary>A link that this service has configured, or is about to.</summary>
    private sealed class Managed
    {
        public required Link Link { get; set; }
        public required NetConfig.LinkRule Rule { get; init; }
        public LinkDhcp? Dhcp { get; set; }
        public Lease? Lease { get; set; }
        public bool Running { get; set; }
    }

    private NetService(NetConfig config) => _config = config;

    public static int Run(string[] args) => Run("barrerd-net", args, DefaultConfig, NetConfig.Load, config => new NetService(config));

    protected override string Open()
    {
        Directory.CreateDirectory(RunFolder);
        Loop.Add(_changes.Number, _ => ReceiveChanges());
        foreach (Link link in _route.Links())
            Consider(link);
        return Status();
    }

    protected override void Close()
    {
        foreach (Managed managed in _links.Values)
        {
            managed.Dhcp?.Client.Release();
            // What was given back is another's from now on.
            if (managed.Lease is { } lease)
                RemoveLease(managed, lease);
        }
    }

    private void ReceiveChanges()
    {
        int n;
        while ((n = _changes.Receive(_buffer)) != 0)
        {
            if (n < 0)
            {
                // Some were lost: look at everything again.
                foreach (Link link in _route.Links())
                    Consider(link);
                continue;
            }
            var reader = new NetlinkReader(_buffer.AsSpan(0, n));
            while (reader.Next())
            {
                Link? link = Link.Parse(reader.Payload);
                if (link == null)
                    continue;
                if (reader.Type == RouteNetlink.DelLink)
                    Forget(link);
                else if (reader.Type == RouteNetlink.NewLink)
                    Consider(link);
            }
        }
    }

    private void Forget(Link link)
    {
        if (!_links.Remove(link.Index, out Managed? managed))
            return;
        managed.Dhcp?.Dispose();
        Say.Info(managed.Link.Name + ": gone");
        WriteResolvConf();
    }

    private void Consider(Link link)
    {
        try
        {
            if (link.IsLoopback)
            {
                if (!link.IsUp)
                    _route.SetUp(link);
                return;
            }
            if (!_links.TryGetValue(link.Index, out Managed? managed))
            {
                if (!link.IsEthernet || _config.RuleFor(link.Name) is not { Ignore: false } rule)
                    return;
                managed = new Managed { Link = link, Rule = rule };
                _links.Add(link.Index, managed);
                if (rule.Mtu is { } mtu)
                    _route.SetMtu(link, mtu);
            }
            managed.Link = link;
            if (!link.IsUp && !managed.Running)
                _route.SetUp(link);
            else if (link is { IsUp: true, Carrier: true } && !managed.Running)
                Start(managed);
        }
        catch (LinuxException e)
        {
            Say.Warning(link.Name + ": " + e.Message);
        }
    }

    private void Start(Managed managed)
    {
        managed.Running = true;
        Link link = managed.Link;
        foreach ((IPAddress address, int prefix) in managed.Rule.Addresses)
        {
            _route.AddAddress(link, address, prefix);
            Say.Info(link.Name + ": address " + address + "/" + prefix);
        }
        if (managed.Rule.Gateway is { } gateway)
            _route.AddDefaultRoute(link, gateway, managed.Rule.Metric);
        if (managed.Rule.Addresses.Count > 0)
            HasAddress(managed.Rule.NameServers);
        if (!managed.Rule.Dhcp)
            return;
        managed.Dhcp = new LinkDhcp(Loop, link, Environment.MachineName);
        managed.Dhcp.Client.Bound += lease => Bound(managed, lease);
        managed.Dhcp.Client.Lost += (lease, why) => Lost(managed, lease, why);
        managed.Dhcp.Client.Start();
    }

    private void Bound(Managed managed, Lease lease)
    {
        Link link = managed.Link;
        bool isNew = managed.Lease?.Address.Equals(lease.Address) != true;
        try
        {
            if (isNew && managed.Lease is { } old)
                _route.RemoveAddress(link, old.Address, old.Prefix);
            _route.AddAddress(link, lease.Address, lease.Prefix, lease.Seconds);
            if (lease.Routers.Count > 0)
                _route.AddDefaultRoute(link, lease.Routers[0], managed.Rule.Metric);
        }
        catch (LinuxException e)
        {
            Say.Warning(link.Name + ": " + e.Message);
            return;
        }
        managed.Lease = lease;
        WriteLease(managed, lease);
        if (!isNew)
            return;
        Say.Info(link.Name + ": address " + lease.Address + "/" + lease.Prefix + " by DHCP from " + lease.Server + " for " + lease.Seconds + " s");
        HasAddress(lease.NameServers);
    }

    private void Lost(Managed managed, Lease lease, string why)
    {
        Say.Warning(managed.Link.Name + ": " + lease.Address + ": " + why);
        RemoveLease(managed, lease);
        Notify.Send("STATUS=" + Status());
    }

    private void RemoveLease(Managed managed, Lease lease)
    {
        try
        {
            _route.RemoveAddress(managed.Link, lease.Address, lease.Prefix);
        }
        catch (LinuxException)
        {
            // The kernel ends the life of an address itself, perhaps before us.
        }
        managed.Lease = null;
        File.Delete(LeasePath(managed));
        WriteResolvConf();
    }

    private void HasAddress(IReadOnlyList<IPAddress> servers)
    {
        WriteResolvConf();
        Notify.Send("STATUS=" + Status());
        if (_config.Check is not { } target)
            return;
        HttpCheck.Run(Loop, target, servers,
            address => Say.Info("name " + target.Host + " is " + address),
            (good, text) =>
            {
                string line = "GET " + _config.CheckUrl + ": " + text;
                if (good)
                    Say.Info(line);
                else
                    Say.Warning(line);
            });
    }

    private string Status()
    {
        var text = new StringBuilder();
        foreach (Managed managed in _links.Values)
        {
            string address = managed.Lease?.Address.ToString() ??
                (managed.Rule.Addresses.Count > 0 && managed.Running ? managed.Rule.Addresses[0].Address.ToString() : "no address");
            text.Append(text.Length > 0 ? ", " : "").Append(managed.Link.Name).Append(' ').Append(address);
        }
        return text.Length > 0 ? text.ToString() : "no links";
    }

    private static string LeasePath(Managed managed) => RunFolder + "/" + managed.Link.Name + ".lease";

    private static void WriteLease(Managed managed, Lease lease) => WriteFile(LeasePath(managed),
        "ADDRESS=" + lease.Address + "/" + lease.Prefix + "\nSERVER=" + lease.Server + "\nROUTER=" + string.Join(' ', lease.Routers) +
        "\nDNS=" + string.Join(' ', lease.NameServers) + "\nDOMAIN=" + lease.Domain + "\nSECONDS=" + lease.Seconds + "\n");

    /// <summary>For libc's resolver: the name servers of all links, at most the three that it reads.</summary>
    private void WriteResolvConf()
    {
        var servers = new List<IPAddress>();
        string? domain = null;
        foreach (Managed managed in _links.Values)
        {
            if (!managed.Running)
                continue;
            servers.AddRange(managed.Rule.NameServers);
            servers.AddRange(managed.Lease?.NameServers ?? []);
            domain ??= managed.Lease?.Domain;
        }
        var text = new StringBuilder("# written by barrerd-net\n");
        if (domain != null)
            text.Append("search ").Append(domain).Append('\n');
        for (int i = 0; i < servers.Count && i < 3; i++)
            text.Append("nameserver ").Append(servers[i]).Append('\n');
        WriteFile(RunFolder + "/resolv.conf", text.ToString());
    }

    /// <summary>Readers see the old text or the new one.</summary>
    private static void WriteFile(string path, string text)
    {
        try
        {
            File.WriteAllText(path + ".new", text);
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (IOException e)
        {
            Say.Warning("cannot write " + path + ": " + e.Message);
        }
    }

    public override void Dispose()
    {
        foreach (Managed managed in _links.Values)
            managed.Dhcp?.Dispose();
        _changes.Dispose();
        _route.Dispose();
    }
}
