// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using Barrer.Linux;

namespace Barrer.Net;

/// <summary>/etc/barrer/net.conf: "[link PATTERN]" and "[check]". Without a file every Ethernet link is
/// configured by DHCP.</summary>
public sealed class NetConfig
{
    public sealed class LinkRule
    {
        public required string Pattern { get; init; }
        public bool Dhcp { get; set; }
        public bool Ignore { get; set; }
        public uint? Mtu { get; set; }
        public uint Metric { get; set; } = 100;
        public List<(IPAddress Address, int Prefix)> Addresses { get; } = [];
        public IPAddress? Gateway { get; set; }
        public List<IPAddress> NameServers { get; } = [];
    }

    public List<LinkRule> Links { get; } = [];
    public HttpCheck.Target? Check { get; private set; }
    public string CheckUrl { get; private set; } = "";

    public static NetConfig Load(string path)
    {
        if (File.Exists(path))
            return Parse(File.ReadAllText(path), path);
        var config = new NetConfig();
        config.Links.Add(new LinkRule { Pattern = "*", Dhcp = true });
        return config;
    }

    public static NetConfig Parse(string text, string file)
    {
        var config = new NetConfig();
        foreach (Ini.Section section in Ini.Parse(text, file).Sections)
        {
            if (section.Kind == "link" && section.Name.Length > 0)
                config.Links.Add(ParseLink(section));
            else if (section.Kind == "check" && section.Name.Length == 0)
                config.ParseCheck(section);
            else
                throw new IniException(file, section.Line, "[" + section.Kind + "]: expected [link PATTERN] or [check]");
        }
        return config;
    }

    public LinkRule? RuleFor(string link) => Links.Find(rule => Glob.Matches(rule.Pattern, link));

    private static LinkRule ParseLink(Ini.Section section)
    {
        var rule = new LinkRule { Pattern = section.Name };
        foreach (Ini.Entry entry in section.Entries)
        {
            switch (entry.Key)
            {
                case "dhcp": rule.Dhcp = Bool(section, entry); break;
                case "ignore": rule.Ignore = Bool(section, entry); break;
                case "mtu": rule.Mtu = Number(section, entry, 68, 65535); break;
                case "metric": rule.Metric = Number(section, entry, 0, int.MaxValue); break;
                case "gateway": rule.Gateway = Address(section, entry, entry.Value); break;
                case "address":
                    foreach (string word in entry.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                        rule.Addresses.Add(AddressAndPrefix(section, entry, word));
                    break;
                case "dns":
                    foreach (string word in entry.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                        rule.NameServers.Add(Address(section, entry, word));
                    break;
                default:
                    throw new IniException(section.File, entry.Line, "[link " + section.Name + "] " + entry.Key +
                        ": no such key; expected address, dhcp, dns, gateway, ignore, metric or mtu");
            }
        }
        return rule;
    }

    private void ParseCheck(Ini.Section section)
    {
        foreach (Ini.Entry entry in section.Entries)
        {
            if (entry.Key != "url")
                throw new IniException(section.File, entry.Line, "[check] " + entry.Key + ": no such key; expected url");
            Check = HttpCheck.Target.Parse(entry.Value) ?? throw section.Wrong(entry, "http://HOST[:PORT][/PATH]");
            CheckUrl = entry.Value;
        }
    }

    private static bool Bool(Ini.Section section, Ini.Entry entry) => entry.Value switch
    {
        "yes" or "true" or "on" or "1" => true,
        "no" or "false" or "off" or "0" => false,
        _ => throw section.Wrong(entry, "yes or no"),
    };

    private static uint Number(Ini.Section section, Ini.Entry entry, uint least, uint most) =>
        uint.TryParse(entry.Value, out uint number) && number >= least && number <= most
            ? number
            : throw section.Wrong(entry, "a number from " + least + " to " + most);

    private static IPAddress Address(Ini.Section section, Ini.Entry entry, string word) =>
        IPAddress.TryParse(word, out IPAddress? address) && address.GetAddressBytes().Length == 4 && word.Split('.').Length == 4
            ? address
            : throw section.Wrong(entry, "an IPv4 address");

    private static (IPAddress, int) AddressAndPrefix(Ini.Section section, Ini.Entry entry, string word)
    {
        int slash = word.IndexOf('/');
        if (slash > 0 && IPAddress.TryParse(word[..slash], out IPAddress? address) && int.TryParse(word[(slash + 1)..], out int prefix) &&
            prefix >= 1 && prefix <= address.GetAddressBytes().Length * 8)
            return (address, prefix);
        throw section.Wrong(entry, "ADDRESS/PREFIX");
    }
}
