// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Barrer.Linux;

namespace Barrer.DevMgr;

/// <summary>Who owns which device node: the built-in table, and /etc/barrer/devices.conf with sections
/// "[device PATTERN]", of which the last that matches wins.</summary>
public sealed class DeviceRules
{
    public sealed record Rule(string Pattern, uint? Mode, string? Owner, string? Group, IReadOnlyList<string> Links);

    private static readonly Rule[] s_builtIn =
    [
        Of("null", 0x1b6), Of("zero", 0x1b6), Of("full", 0x1b6), Of("random", 0x1b6), Of("urandom", 0x1b6), Of("tty", 0x1b6),
        Of("ptmx", 0x1b6, "tty"), Of("fuse", 0x1b6), Of("net/tun", 0x1b6),
        Of("tty[0-9]*", 0x190, "tty"), Of("ttyS*", 0x1b0, "dialout"), Of("ttyUSB*", 0x1b0, "dialout"), Of("ttyACM*", 0x1b0, "dialout"),
        Of("sd*", 0x1b0, "disk"), Of("vd*", 0x1b0, "disk"), Of("nvme*", 0x1b0, "disk"), Of("mmcblk*", 0x1b0, "disk"),
        Of("loop*", 0x1b0, "disk"), Of("dm-*", 0x1b0, "disk"), Of("md*", 0x1b0, "disk"), Of("sr*", 0x1b0, "cdrom"),
        Of("input/*", 0x1b0, "input"), Of("snd/*", 0x1b0, "audio"), Of("video*", 0x1b0, "video"), Of("dri/*", 0x1b0, "video"),
        Of("kvm", 0x1b0, "kvm"),
    ];

    private readonly List<Rule> _rules = [.. s_builtIn];
    private readonly Dictionary<string, uint> _users, _groups;

    private static Rule Of(string pattern, uint mode, string? group = null) => new(pattern, mode, null, group, []);

    public DeviceRules(string passwd, string group)
    {
        _users = Names(passwd);
        _groups = Names(group);
    }

    public static DeviceRules Load(string path)
    {
        var rules = new DeviceRules(TextOf("/etc/passwd"), TextOf("/etc/group"));
        if (File.Exists(path))
            rules.Add(File.ReadAllText(path), path);
        return rules;
    }

    private static string TextOf(string path) => File.Exists(path) ? File.ReadAllText(path) : "";

    public void Add(string text, string file)
    {
        foreach (Ini.Section section in Ini.Parse(text, file).Sections)
        {
            if (section.Kind != "device" || section.Name.Length == 0)
                throw new IniException(file, section.Line, "[" + section.Kind + "]: expected [device PATTERN]");
            _rules.Add(Read(section));
        }
    }

    public Rule? For(string devName) => _rules.FindLast(rule => Glob.Matches(rule.Pattern, devName));

    public uint Owner(Rule rule) => Id(rule.Owner, _users);
    public uint Group(Rule rule) => Id(rule.Group, _groups);

    private Rule Read(Ini.Section section)
    {
        uint? mode = null;
        string? owner = null, group = null;
        string[] links = [];
        foreach (Ini.Entry entry in section.Entries)
        {
            switch (entry.Key)
            {
                case "mode": mode = ParseMode(entry.Value) ?? throw section.Wrong(entry, "an octal mode up to 777"); break;
                case "owner": owner = Known(entry.Value, _users) ? entry.Value : throw section.Wrong(entry, "a user"); break;
                case "group": group = Known(entry.Value, _groups) ? entry.Value : throw section.Wrong(entry, "a group"); break;
                case "link":
                    links = entry.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    if (!Array.TrueForAll(links, IsLinkName))
                        throw section.Wrong(entry, "names below /dev");
                    break;
                default:
                    throw new IniException(section.File, entry.Line, "[device " + section.Name + "] " + entry.Key +
                        ": no such key; expected group, link, mode or owner");
            }
        }
        return new Rule(section.Name, mode, owner, group, links);
    }

    /// <summary>A name below /dev that leads nowhere else.</summary>
    public static bool IsLinkName(string name) =>
        name.Length > 0 && name[0] != '/' && !Array.Exists(name.Split('/'), part => part is "" or "." or "..");

    private static uint? ParseMode(string text)
    {
        uint mode = 0;
        foreach (char c in text)
        {
            if (c is < '0' or > '7' || mode > 0x3f)
                return null;
            mode = mode * 8 + (uint)(c - '0');
        }
        return text.Length > 0 ? mode : null;
    }

    private static bool Known(string name, Dictionary<string, uint> names) =>
        uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _) || names.ContainsKey(name);

    private static uint Id(string? name, Dictionary<string, uint> names) =>
        name == null ? 0 : uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : names.GetValueOrDefault(name);

    /// <summary>"NAME:x:ID:..." of passwd(5) and group(5)</summary>
    private static Dictionary<string, uint> Names(string text)
    {
        var names = new Dictionary<string, uint>();
        foreach (string line in text.Split('\n'))
        {
            string[] fields = line.Split(':');
            if (fields.Length > 2 && uint.TryParse(fields[2], out uint id))
                names.TryAdd(fields[0], id);
        }
        return names;
    }
}
