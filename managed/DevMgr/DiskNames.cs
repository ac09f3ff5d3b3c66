// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Barrer.Linux;

namespace Barrer.DevMgr;

/// <summary>The lasting names of a disk or partition: links below /dev/disk.</summary>
public static class DiskNames
{
    public static List<string> For(Uevent device)
    {
        var names = new List<string>();
        Add(names, "by-partuuid", device["PARTUUID"]);
        Add(names, "by-partlabel", device["PARTNAME"]);
        string sys = "/sys" + device.DevPath;
        if (device["DEVTYPE"] == "disk")
            Add(names, "by-id", Serial(sys, device.DevName!));
        AddFileSystem(names, "/dev/" + device.DevName);
        return names;
    }

    private static string? Serial(string sys, string devName)
    {
        foreach (string file in new[] { sys + "/serial", sys + "/device/serial" })
        {
            try
            {
                string serial = File.ReadAllText(file).Trim();
                if (serial.Length > 0)
                    return (devName.StartsWith("vd", StringComparison.Ordinal) ? "virtio-" : devName.StartsWith("nvme", StringComparison.Ordinal) ? "nvme-" : "disk-") + serial;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not every disk says its number.
            }
        }
        return null;
    }

    private static void AddFileSystem(List<string> names, string node)
    {
        try
        {
            using Fd fd = Fd.Open(node, Libc.O_RDONLY | Libc.O_NONBLOCK);
            var head = new byte[2048];
            if (fd.Read(head) != head.Length || ParseExt(head) is not { } found)
                return;
            Add(names, "by-uuid", found.Uuid);
            Add(names, "by-label", found.Label);
        }
        catch (LinuxException)
        {
            // An empty drive has no names.
        }
    }

    /// <summary>UUID and label of ext2, ext3 or ext4 from the first 2048 bytes.</summary>
    public static (string Uuid, string Label)? ParseExt(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> super = head[1024..];
        if (super[56] != 0x53 || super[57] != 0xef)
            return null;
        ReadOnlySpan<byte> label = super.Slice(120, 16);
        int end = label.IndexOf((byte)0);
        return (new Guid(super.Slice(104, 16), bigEndian: true).ToString(), Encoding.UTF8.GetString(end < 0 ? label : label[..end]));
    }

    /// <summary>Labels are anyone's text: all but harmless characters is written \xNN, as udev does.</summary>
    public static string Encode(string text)
    {
        var name = new StringBuilder();
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'+' or (byte)':' or (byte)'@')
                name.Append((char)b);
            else
                name.Append("\\x").Append(b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return name.ToString();
    }

    private static void Add(List<string> names, string kind, string? text)
    {
        if (!string.IsNullOrEmpty(text) && Encode(text) is var name and not ("." or ".."))
            names.Add("disk/" + kind + "/" + name);
    }
}
