// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using Barrer.Linux;

namespace Barrer.DevMgr;

/// <summary>Devices that there are, and that come and go: modules, nodes, access, links.</summary>
public sealed class DevMgrService : Service
{
    private const string DefaultConfig = "/etc/barrer/devices.conf";
    private const uint KernelGroup = 1;
    private const int ForgetMs = 10000;

    private readonly DeviceNodes _nodes;
    private readonly ModuleLoader _modules = ModuleLoader.ForThisKernel();
    private readonly NetlinkSocket _uevents = new(NetlinkSocket.KObjectUevent, KernelGroup, receiveBuffer: 4 << 20);
    private readonly byte[] _buffer = new byte[8192];
    private object? _forget;
    private int _devices, _loaded;

    private DevMgrService(DeviceRules rules) => _nodes = new DeviceNodes("/dev", rules);

    public static int Run(string[] args) => Run("barrerd-devmgr", args, DefaultConfig, DeviceRules.Load, rules => new DevMgrService(rules));

    protected override string Open()
    {
        Loop.Add(_uevents.Number, _ => ReceiveUevents());
        Coldplug();
        // What the modules brought has been announced meanwhile.
        ReceiveUevents();
        return _devices + " devices, " + _loaded + " modules loaded";
    }

    /// <summary>All devices that came before us. Their drivers first: they bring more.</summary>
    private void Coldplug()
    {
        foreach (string bus in Folders("/sys/bus"))
        {
            foreach (string device in Folders(bus + "/devices"))
                LoadFor(ReadLine(device + "/modalias"));
        }
        foreach (string kind in new[] { "block", "char" })
        {
            foreach (string device in Folders("/sys/dev/" + kind))
                AddExisting(device, kind);
        }
    }

    private void AddExisting(string folder, string kind)
    {
        string? target = new FileInfo(folder).LinkTarget;
        if (target == null)
            return;
        try
        {
            // "../../devices/..." as seen from /sys/dev/KIND
            string path = target.StartsWith("../..", StringComparison.Ordinal) ? target[5..] : target;
            Handle(Uevent.FromFile(path, kind, File.ReadAllText(folder + "/uevent")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has gone while we looked.
        }
    }

    private static string[] Folders(string path) => Directory.Exists(path) ? Directory.GetFileSystemEntries(path) : [];

    private static string? ReadLine(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).TrimEnd('\n') : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void ReceiveUevents()
    {
        int n;
        while ((n = _uevents.Receive(_buffer)) != 0)
        {
            if (n < 0)
            {
                Say.Warning("events were lost: looking at all devices again");
                Coldplug();
            }
            else if (Uevent.Parse(_buffer.AsSpan(0, n)) is { } uevent)
                Handle(uevent);
        }
    }

    private void Handle(Uevent uevent)
    {
        try
        {
            switch (uevent.Action)
            {
                case "remove":
                    if (uevent.DevName != null)
                        _nodes.Remove(uevent);
                    break;
                case "add" or "change" or "move" or "bind":
                    LoadFor(uevent["MODALIAS"]);
                    if (uevent.DevName != null && uevent["MAJOR"] != null)
                    {
                        _nodes.Add(uevent);
                        _devices++;
                    }
                    break;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Say.Warning(uevent.DevPath + ": " + e.Message);
        }
    }

    private void LoadFor(string? alias)
    {
        if (string.IsNullOrEmpty(alias))
            return;
        _loaded += _modules.Load(alias);
        Loop.Cancel(_forget);
        _forget = Loop.After(ForgetMs, _modules.Forget);
    }

    public override void Dispose() => _uevents.Dispose();
}
