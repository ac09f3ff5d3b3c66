// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.IO;
using Barrer.Linux;

namespace Barrer.DevMgr;

/// <summary>Kernel modules for devices: which one claims an alias, what it needs, and loading them, from
/// the files that depmod(8) wrote.</summary>
public sealed class ModuleLoader
{
    private const int CompressedFile = 4; // MODULE_INIT_COMPRESSED_FILE: the kernel unpacks it

    private readonly string _folder;
    private readonly HashSet<string> _done = [];
    private Dictionary<string, List<(string Pattern, string Module)>>? _aliases;
    private Dictionary<string, string[]>? _files;

    /// <summary>Loads a file with the modules that it needs before it; tests look what would be loaded.</summary>
    public Func<string, bool> Insert { get; init; } = InsertFile;

    public ModuleLoader(string folder) => _folder = folder;

    public static ModuleLoader ForThisKernel() =>
        new("/lib/modules/" + File.ReadAllText("/proc/sys/kernel/osrelease").TrimEnd('\n'));

    /// <summary>Load what claims this alias. The number of modules that were loaded.</summary>
    public int Load(string alias)
    {
        ReadTables();
        int loaded = 0;
        foreach ((string pattern, string module) in Candidates(alias))
        {
            if (Glob.Matches(pattern, alias))
                loaded += LoadModule(module);
        }
        return loaded;
    }

    /// <summary>The tables are large on a whole system and rarely used after the start.</summary>
    public void Forget() => _aliases = null;

    private List<(string, string)> Candidates(string alias) =>
        _aliases!.TryGetValue(Bus(alias), out List<(string, string)>? found) ? found : [];

    private static string Bus(string alias)
    {
        int colon = alias.IndexOf(':');
        return colon < 0 ? "" : alias[..colon];
    }

    private int LoadModule(string module)
    {
        if (!_files!.TryGetValue(module, out string[]? files) || !_done.Add(module))
            return 0;
        int loaded = 0;
        // depmod names first the module, then what it needs, the deepest last.
        for (int i = files.Length - 1; i >= 0; i--)
            loaded += Insert(_folder + "/" + files[i]) ? 1 : 0;
        return loaded;
    }

    private static unsafe bool InsertFile(string path)
    {
        try
        {
            using Fd fd = Fd.Open(path, Libc.O_RDONLY);
            byte none = 0;
            int flags = path.EndsWith(".ko", StringComparison.Ordinal) ? 0 : CompressedFile;
            if (Libc.FInitModule(fd.Number, &none, flags) == 0)
                return true;
            if (Libc.Errno is not (Libc.EEXIST or Libc.ENODEV))
                Say.Warning("cannot load " + path + ": " + Libc.Describe(Libc.Errno));
        }
        catch (LinuxException e)
        {
            Say.Warning(e.Message);
        }
        return false;
    }

    private void ReadTables()
    {
        if (_aliases != null)
            return;
        _aliases = [];
        _files = [];
        // "alias PATTERN MODULE"
        foreach (string line in Lines("modules.alias"))
        {
            string[] words = line.Split(' ');
            if (words.Length != 3 || words[0] != "alias")
                continue;
            string bus = Bus(words[1]);
            if (!_aliases.TryGetValue(bus, out List<(string, string)>? list))
                _aliases.Add(bus, list = []);
            list.Add((words[1], words[2]));
        }
        // "FILE: FILE FILE..."
        foreach (string line in Lines("modules.dep"))
        {
            int colon = line.IndexOf(':');
            if (colon < 0)
                continue;
            string[] needs = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            _files[NameOf(line[..colon])] = [line[..colon], .. needs];
        }
    }

    private IEnumerable<string> Lines(string name) => File.Exists(_folder + "/" + name) ? File.ReadLines(_folder + "/" + name) : [];

    private static string NameOf(string path)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        int dot = name.IndexOf(".ko", StringComparison.Ordinal);
        return (dot < 0 ? name : name[..dot]).Replace('-', '_');
    }
}
