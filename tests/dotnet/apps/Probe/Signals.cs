// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Probe;

/// <summary>Waits for signals. Each prints "ready" when it may be sent one.</summary>
internal static class Signals
{
    /// <summary>Without a handler: the signal's default ends the process.</summary>
    public static int Plain(string[] arguments)
    {
        Console.WriteLine("ready");
        Thread.Sleep(Timeout.Infinite);
        return 99;
    }

    /// <summary>With handlers: prints the first signal and returns 0.</summary>
    public static int Handlers(string[] arguments)
    {
        using var done = new ManualResetEventSlim();
        PosixSignal? which = null;
        var registrations = new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP, PosixSignal.SIGQUIT, (PosixSignal)10 }
            .Select(signal => PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                which ??= context.Signal;
                done.Set();
            })).ToArray();
        Console.WriteLine("ready");
        done.Wait();
        Console.WriteLine((int)which! > 0 ? $"signal {(int)which}" : which.ToString());
        foreach (var registration in registrations)
            registration.Dispose();
        return 0;
    }

    public static int CancelKey(string[] arguments)
    {
        using var done = new ManualResetEventSlim();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            done.Set();
        };
        Console.WriteLine("ready");
        done.Wait();
        Console.WriteLine("cancelled");
        return 0;
    }

    /// <summary>How many interrupts arrived before the first line of input.</summary>
    public static int CountInterrupts(string[] arguments)
    {
        var count = 0;
        using var registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            Console.WriteLine($"interrupt {Interlocked.Increment(ref count)}");
        });
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line && line != "end")
            ;
        Console.WriteLine($"interrupts: {count}");
        return 0;
    }
}
