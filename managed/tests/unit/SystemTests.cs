// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Barrer.DevMgr;
using Barrer.Init;
using Barrer.Linux;
using Barrer.Log;
using Xunit;

public class LogTests
{
    [Theory]
    [InlineData("<13>Jan  1 12:00:00 su[12]: hello", 5, "su", 12, "hello")]
    [InlineData("<3>kernel-tool: broken: x", 3, "kernel-tool", 0, "broken: x")]
    [InlineData("no priority at all", 5, null, 0, "no priority at all")]
    [InlineData("<34>1 2026-01-01T00:00:00Z host app 77 id [a b=\"]\"] text", 2, "app", 77, "text")]
    [InlineData("<34>1 - - - - - - text", 2, null, 0, "text")]
    [InlineData("<999>x", 5, null, 0, "<999>x")]
    public void LinesOfSyslog(string line, int priority, string? tag, int pid, string text) =>
        Assert.Equal(new SyslogLine.Parsed(priority, tag, pid, text), SyslogLine.Parse(line));

    [Fact]
    public void RecordsOfTheKernel()
    {
        KernelLog.Entry? entry = KernelLog.Parse("30,42,1000000,-;a\\x0ab \\xc3\\xa4\n SUBSYSTEM=x\n");
        Assert.Equal(new KernelLog.Entry(3, 6, 42, 1000000, "a\nb ä"), entry);
        Assert.Null(KernelLog.Parse("garbage"));
        Assert.Null(KernelLog.Parse("x,1,2,-;text"));
    }

    [Fact]
    public void TheTextOfOthersIsOneLineWithoutControlCharacters()
    {
        var record = new LogRecord(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), 3, "a b", 7, "x\n2026 y\u001b[31m");
        Assert.Equal("2026-01-02T03:04:05.000000Z err a_b[7]: x\\x0a2026 y\\x1b[31m", record.ToString());
        Assert.Equal(("a_b", 7, 3), LogRecord.Parse(record.ToString()) is { } r ? (r.Name, r.Pid, r.Priority) : default);
    }

    [Fact]
    public void FilesAreRotatedAndBounded()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        using (var file = new LogFile(folder + "/log", 4096, 3))
        {
            for (int i = 0; i < 1000; i++)
                file.Append("line " + i + new string('x', 40));
            Assert.Equal(["log", "log.1", "log.2"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
            Assert.All(Directory.GetFiles(folder), f => Assert.True(new FileInfo(f).Length <= 4096));
            List<string> lines = file.Lines().ToList();
            Assert.StartsWith("line 999", lines[^1]);
            Assert.Equal(lines.Order(StringComparer.Ordinal), lines);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void WhatCannotBeWrittenIsKeptAndWrittenLater()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        File.WriteAllText(folder + "/blocked", "");
        using (var file = new LogFile(folder + "/blocked/log", 4096, 2))
        {
            file.Append("one");
            Assert.NotNull(file.Trouble);
            Assert.Equal(["one"], file.Lines());
            File.Delete(folder + "/blocked");
            file.Append("two");
            Assert.Null(file.Trouble);
            Assert.Equal(["one", "two"], File.ReadAllLines(folder + "/blocked/log").Where(l => l.Length > 0));
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Queries()
    {
        string[] lines =
        [
            "2026-01-01T00:00:00.000000Z info a: 1", "2026-01-02T00:00:00.000000Z err b: 2", "2026-01-03T00:00:00.000000Z info a: 3",
        ];
        Assert.Equal([lines[2]], LogQuery.Parse("logs NAME=a LINES=1").Select(lines));
        Assert.Equal([lines[1]], LogQuery.Parse("logs PRIORITY=warning").Select(lines));
        Assert.Equal(lines[1..], LogQuery.Parse("logs SINCE=2026-01-02").Select(lines));
        Assert.Throws<FormatException>(() => LogQuery.Parse("logs LINES=x"));
        Assert.Throws<FormatException>(() => LogQuery.Parse("drop"));
    }

    [Fact]
    public void ALineWithoutAnEndIsCut()
    {
        var lines = new List<string>();
        var buffer = new LineBuffer(4);
        buffer.Add("abcdefgh\nxy"u8, lines.Add);
        buffer.Flush(lines.Add);
        Assert.Equal(["abcd", "efgh", "xy"], lines);
    }
}

public class DeviceTests
{
    [Fact]
    public void Uevents()
    {
        Uevent? uevent = Uevent.Parse("add@/devices/x\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=vda\0"u8);
        Assert.Equal(("add", "/devices/x", "vda", true), (uevent!.Action, uevent.DevPath, uevent.DevName, uevent.IsBlock));
        Assert.Null(Uevent.Parse("libudev\0"u8));
        Assert.Null(Uevent.Parse(""u8));
    }

    [Theory]
    [InlineData("virtio:d00000001v*", "virtio:d00000001v00001AF4", true)]
    [InlineData("pci:v*d[0-9]x?", "pci:v8086d7xz", true)]
    [InlineData("a[!b]c", "abc", false)]
    [InlineData("tty[0-9]*", "ttyS0", false)]
    [InlineData("*a*b", "xaab", true)]
    [InlineData("[", "[", true)]
    public void Patterns(string pattern, string text, bool matches) => Assert.Equal(matches, Glob.Matches(pattern, text));

    [Fact]
    public void AModuleIsLoadedBehindWhatItNeeds()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        File.WriteAllText(folder + "/modules.alias", "# x\nalias virtio:d1v* virtio_net\n");
        File.WriteAllText(folder + "/modules.dep", "k/virtio_net.ko: k/failover.ko k/deep.ko\nk/failover.ko: k/deep.ko\nk/deep.ko:\n");
        var loaded = new List<string>();
        var loader = new ModuleLoader(folder) { Insert = path => { loaded.Add(Path.GetFileName(path)); return true; } };
        Assert.Equal(3, loader.Load("virtio:d1v2"));
        Assert.Equal(["deep.ko", "failover.ko", "virtio_net.ko"], loaded);
        Assert.Equal(0, loader.Load("virtio:d1v2"));
        Assert.Equal(0, loader.Load("pci:x"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void TheLastRuleThatMatchesWins()
    {
        var rules = new DeviceRules("root:x:0:0:\nme:x:7:7:\n", "disk:x:6:\n");
        rules.Add("[device vdb]\nmode = 600\nowner = me\nlink = data\n", "f");
        Assert.Equal(0x180u, rules.For("vdb")!.Mode);
        Assert.Equal(7u, rules.Owner(rules.For("vdb")!));
        Assert.Equal(6u, rules.Group(rules.For("vda")!));
        Assert.Null(rules.For("nothing"));
        Assert.Throws<IniException>(() => rules.Add("[device x]\nlink = ../etc/passwd\n", "f"));
        Assert.Throws<IniException>(() => rules.Add("[device x]\nmode = 999\n", "f"));
        Assert.Throws<IniException>(() => rules.Add("[device x]\nowner = nobody\n", "f"));
    }

    [Fact]
    public void LabelsAreWrittenHarmlessly() => Assert.Equal("a\\x2f\\x2e\\x2e\\x20b".Replace("\\x2e", "."), DiskNames.Encode("a/.. b"));

    [Fact]
    public void AnExtSuperblock()
    {
        var head = new byte[2048];
        Assert.Null(DiskNames.ParseExt(head));
        head[1024 + 56] = 0x53;
        head[1024 + 57] = 0xef;
        head[1024 + 104] = 0xab;
        "root"u8.CopyTo(head.AsSpan(1024 + 120));
        Assert.Equal(("ab000000-0000-0000-0000-000000000000", "root"), DiskNames.ParseExt(head));
    }
}

public class InitTests
{
    private static ServiceGraph Graph(params string[] files) =>
        ServiceGraph.From(files.Select((text, i) => Ini.Parse(text, "f" + i)), "init");

    [Fact]
    public void ServicesComeBehindWhatTheyNeed()
    {
        ServiceGraph graph = Graph("[flow boot]\ninit = init\n[service init]\nexec = i\n[service a]\nexec = a\nafter = b\n[service b]\nexec = b\n");
        Assert.Equal(["b", "a"], graph.Ordered.Select(s => s.Name));
        Assert.Equal("[service b]\nexec = b\n[service a]\nexec = a\nafter = b\n", graph.Plan());
    }

    [Fact]
    public void InitItselfIsThere() => Assert.Equal("[service a]\nexec = a\nafter = init\n", Graph("[service init]\nexec = i\n[service a]\nexec = a\nafter = init\n").Plan());

    [Fact]
    public void ALaterFileReplacesKeysAndAddsToLists()
    {
        ServiceGraph graph = Graph("[service a]\nexec = a\nenvironment = X=1\n", "[service a]\nexec = b\nenvironment += Y=2\n");
        Assert.Equal("[service a]\nenvironment = X=1\nexec = b\nenvironment += Y=2\n", graph.Plan());
    }

    [Theory]
    [InlineData("[service a]\nexec = a\nafter = b\n[service b]\nexec = b\nrequires = a\n", "f0:6: [service b]: a cycle: a after b after a")]
    [InlineData("[service a]\nexec = a\nwants = c\n", "f0:3: [service a]: there is no service \"c\"")]
    [InlineData("[service a]\nafter = a\n", "f0:1: [service a]: expected a key exec")]
    [InlineData("[service a]\nexec = a\ndaily = 25:00\n", "f0:3: [service a] daily: expected a time HH:MM, got \"25:00\"")]
    public void WhatIsWrongIsNamed(string text, string message) => Assert.Equal(message, Assert.Throws<IniException>(() => Graph(text)).Message);

    [Fact]
    public void WhatAnEventStartsIsNotStartedAtBoot()
    {
        ServiceGraph graph = Graph("[service a]\nexec = a\nenabled = yes\ndevice = ttyUSB*\n");
        Assert.Equal("[service a]\nexec = a\nenabled = no\n", graph.Plan());
        Assert.Equal("ttyUSB*", graph["a"]!.Device);
    }

    [Fact]
    public void Messages()
    {
        Message message = Message.Decode("SERVICE\nNAME=a\nTEXT=x=y\n"u8);
        Assert.Equal(("SERVICE", "a", "x=y"), (message.Name, message["NAME"], message["TEXT"]));
        Assert.Equal("START\nNAME=a b\n"u8.ToArray(), new Message("START").With("NAME", "a\nb").Encode());
    }
}
