// SPDX-License-Identifier: Apache-2.0
using System;
using System.IO;

namespace Barrer.Linux;

/// <summary>A service of the system: one configuration file, one event loop, ready once everything is open.</summary>
public abstract class Service : IDisposable
{
    protected EventLoop Loop { get; } = new();

    /// <summary>Open what is served. What it returns is the status that the supervisor is told.</summary>
    protected abstract string Open();

    /// <summary>It was asked to end.</summary>
    protected virtual void Close() { }

    public abstract void Dispose();

    /// <summary>From the command line to the exit status: 2 for what its user can mend, 1 for what failed.</summary>
    public static int Run<TConfig>(string name, string[] args, string defaultConfig, Func<string, TConfig> load, Func<TConfig, Service> make)
    {
        Say.Name = name;
        string path = args.Length == 1 ? args[0] : defaultConfig;
        if (args.Length > 1 || path.StartsWith('-'))
        {
            Say.Error("usage: " + name + " [FILE]");
            return 2;
        }
        TConfig config;
        try
        {
            config = load(path);
        }
        catch (Exception e) when (e is IniException or IOException or UnauthorizedAccessException)
        {
            Say.Error(e.Message);
            return 2;
        }
        try
        {
            using Service service = make(config);
            service.Serve();
            return 0;
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            Say.Error(e.Message);
            return 1;
        }
    }

    private void Serve()
    {
        using var termination = new Termination(Loop);
        string status = Open();
        // Before the supervisor is told: the line is among those that the log reads itself.
        Say.Info("READY");
        Notify.Ready(status);
        Loop.Run();
        Close();
    }
}
