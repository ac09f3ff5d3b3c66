// SPDX-License-Identifier: Apache-2.0
namespace Probe;

/// <summary>The ways in which a process ends.</summary>
internal static class Endings
{
    public static int Return(string[] arguments) => int.Parse(arguments[0]);

    public static int EnvironmentExit(string[] arguments)
    {
        Environment.Exit(int.Parse(arguments[0]));
        return 99;
    }

    /// <summary>ExitCode is for apps whose Main returns nothing: the value that Main returns wins.</summary>
    public static int ExitCodeProperty(string[] arguments)
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.WriteLine("ProcessExit");
        Environment.ExitCode = 99;
        return int.Parse(arguments[0]);
    }

    public static int ForegroundThread(string[] arguments)
    {
        var main = Thread.CurrentThread;
        new Thread(() =>
        {
            SpinWait.SpinUntil(() => main.ThreadState.HasFlag(ThreadState.Stopped));
            Console.WriteLine("the thread ended");
        }).Start();
        return int.Parse(arguments[0]);
    }

    public static int Throw(string[] arguments) => throw new InvalidOperationException(arguments[0]);

    public static int ThrowOnThread(string[] arguments)
    {
        new Thread(() => throw new InvalidOperationException(arguments[0])).Start();
        Thread.Sleep(Timeout.Infinite);
        return 99;
    }

    public static int FailFast(string[] arguments)
    {
        Environment.FailFast(arguments[0]);
        return 99;
    }

    /// <summary>Frames of 16 kB: the runtime prints each one, which takes minutes for small ones.</summary>
    public static int StackOverflow(string[] arguments)
    {
        Span<byte> room = stackalloc byte[16384];
        room[arguments.Length] = 1;
        return StackOverflow(arguments) + room[0];
    }

    /// <summary>A fault in managed code is an exception, which needs the runtime's signal handler.</summary>
    public static int NullReference(string[] arguments)
    {
        string? nothing = arguments.Length == 0 ? null : arguments[0];
        try
        {
            Console.WriteLine(nothing!.Length);
        }
        catch (NullReferenceException)
        {
            Console.WriteLine("NullReferenceException");
        }
        return 0;
    }
}
