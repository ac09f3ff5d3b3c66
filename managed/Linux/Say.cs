// SPDX-License-Identifier: Apache-2.0
using System;
using System.Text;

namespace Barrer.Linux;

/// <summary>Lines on standard output and standard error, by write(2): System.Console would cost a
/// program more than everything else that it does until it is ready.</summary>
public static class Say
{
    [ThreadStatic] private static string? t_name;

    /// <summary>What a service reports: one line "NAME: TEXT". Several services may share a process, each
    /// in a thread of its own.</summary>
    public static string Name
    {
        get => t_name ?? "barrer";
        set => t_name = value;
    }

    public static void Line(string text) => Write(1, text);

    public static void Info(string text) => Write(1, Name + ": " + text);

    /// <summary>A line with a priority of syslog(3) before it, as a supervisor's log understands it.</summary>
    public static void Warning(string text) => Write(2, "<4>" + Name + ": " + text);

    public static void Error(string text) => Write(2, "<3>" + Name + ": " + text);

    private static void Write(int fd, string text)
    {
        // A reader that has gone is no reason to end: what cannot be said is not said.
        new Fd(fd).Write(Encoding.UTF8.GetBytes(text + "\n"));
    }
}
