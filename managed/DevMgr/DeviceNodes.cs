// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Barrer.Linux;

namespace Barrer.DevMgr;

/// <summary>Device nodes and the links to them, below one folder.</summary>
public sealed unsafe class DeviceNodes
{
    private readonly string _folder;
    private readonly DeviceRules _rules;
    private readonly Dictionary<string, List<string>> _links = [];

    public DeviceNodes(string folder, DeviceRules rules)
    {
        _folder = folder;
        _rules = rules;
    }

    public void Add(Uevent device)
    {
        string name = device.DevName!;
        if (!DeviceRules.IsLinkName(name))
            return;
        string path = _folder + "/" + name;
        DeviceRules.Rule? rule = _rules.For(name);
        if (!File.Exists(path))
            Make(device, path);
        if (rule?.Mode is { } mode)
            SetAccess(path, mode, _rules.Owner(rule), _rules.Group(rule));
        var links = new List<string>(rule?.Links ?? []);
        if (device.IsBlock)
            links.AddRange(DiskNames.For(device));
        Link(name, links);
    }

    public void Remove(Uevent device)
    {
        string name = device.DevName!;
        if (!DeviceRules.IsLinkName(name))
            return;
        Link(name, []);
        // devtmpfs has removed its own already.
        fixed (byte* p = Fd.Utf8(_folder + "/" + name))
            Libc.unlink(p);
    }

    /// <summary>Where /dev is no devtmpfs, the nodes are ours to make.</summary>
    private static void Make(Uevent device, string path)
    {
        if (!uint.TryParse(device["MAJOR"], out uint major) || !uint.TryParse(device["MINOR"], out uint minor))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        uint mode = ParseOctal(device["DEVMODE"]) ?? 0x180;
        ulong number = ((ulong)(major & ~0xfffu) << 32) | ((ulong)(major & 0xfff) << 8) | ((ulong)(minor & ~0xffu) << 12) | (minor & 0xff);
        fixed (byte* p = Fd.Utf8(path))
        {
            if (Libc.mknod(p, mode | (uint)(device.IsBlock ? Libc.S_IFBLK : Libc.S_IFCHR), number) < 0 && Libc.Errno != Libc.EEXIST)
                Say.Warning("cannot make " + path + ": " + Libc.Describe(Libc.Errno));
            else
                Libc.chmod(p, mode);
        }
    }

    private static uint? ParseOctal(string? text)
    {
        try
        {
            return text == null ? null : Convert.ToUInt32(text, 8) & 0x1ff;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return null;
        }
    }

    private static void SetAccess(string path, uint mode, uint owner, uint group)
    {
        fixed (byte* p = Fd.Utf8(path))
        {
            // First the owner: the new group gets no mode that was meant for another.
            if ((Libc.lchown(p, owner, group) < 0 || Libc.chmod(p, mode) < 0) && Libc.Errno != Libc.ENOENT)
                Say.Warning("cannot set the access of " + path + ": " + Libc.Describe(Libc.Errno));
        }
    }

    /// <summary>The links of this device are these; those that it had and has no more are removed, where
    /// they still lead to it.</summary>
    private void Link(string name, List<string> links)
    {
        if (_links.Remove(name, out List<string>? before))
        {
            foreach (string link in before)
            {
                if (!links.Contains(link) && TargetOf(link) == Relative(link, name))
                    File.Delete(_folder + "/" + link);
            }
        }
        foreach (string link in links)
        {
            string path = _folder + "/" + link, target = Relative(link, name);
            if (TargetOf(link) == target)
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string temporary = path + ".new";
            fixed (byte* t = Fd.Utf8(target), p = Fd.Utf8(temporary), end = Fd.Utf8(path))
            {
                Libc.unlink(p);
                if (Libc.symlink(t, p) < 0 || Libc.rename(p, end) < 0)
                    Say.Warning("cannot make the link " + path + ": " + Libc.Describe(Libc.Errno));
            }
        }
        if (links.Count > 0)
            _links[name] = links;
    }

    private string? TargetOf(string link) => new FileInfo(_folder + "/" + link).LinkTarget;

    private static string Relative(string link, string name)
    {
        int depth = 0;
        foreach (char c in link)
            depth += c == '/' ? 1 : 0;
        return string.Concat(System.Linq.Enumerable.Repeat("../", depth)) + name;
    }
}
