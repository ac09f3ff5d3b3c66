// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Text;

namespace Barrer.Linux;

/// <summary>What the kernel says of a device: by netlink, and in the file "uevent" of its folder in /sys.</summary>
public sealed class Uevent
{
    private readonly Dictionary<string, string> _values = [];

    public string Action { get; private init; } = "";
    public string DevPath { get; private init; } = "";

    public string? this[string key] => _values.GetValueOrDefault(key);

    public string? DevName => this["DEVNAME"];
    public bool IsBlock => this["SUBSYSTEM"] == "block";

    /// <summary>"ACTION@DEVPATH", then "KEY=VALUE" each, all ended by NUL; null when it is something else.</summary>
    public static Uevent? Parse(ReadOnlySpan<byte> datagram)
    {
        int end = datagram.IndexOf((byte)0), at = datagram.IndexOf((byte)'@');
        if (end < 0 || at <= 0 || at > end)
            return null;
        var uevent = new Uevent
        {
            Action = Encoding.UTF8.GetString(datagram[..at]),
            DevPath = Encoding.UTF8.GetString(datagram[(at + 1)..end]),
        };
        uevent.Take(Encoding.UTF8.GetString(datagram[(end + 1)..]), '\0');
        return uevent;
    }

    /// <summary>The device of a folder below /sys, as if it had just come.</summary>
    public static Uevent FromFile(string devPath, string subsystem, string text)
    {
        var uevent = new Uevent { Action = "add", DevPath = devPath };
        uevent._values["SUBSYSTEM"] = subsystem;
        uevent.Take(text, '\n');
        return uevent;
    }

    private void Take(string text, char end)
    {
        foreach (string pair in text.Split(end))
        {
            int sign = pair.IndexOf('=');
            if (sign > 0)
                _values[pair[..sign]] = pair[(sign + 1)..];
        }
    }
}
