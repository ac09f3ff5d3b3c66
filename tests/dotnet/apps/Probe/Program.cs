// SPDX-License-Identifier: Apache-2.0
//
// Probe WORD [ARGUMENT...]: show one thing that a process can see or do, so that a test can compare
// what it prints in a container with what it prints outside. WORD is a key of the tables below.
namespace Probe;

internal static class Program
{
    private static readonly Dictionary<string, Func<string[], int>> Words = new()
    {
        ["arguments"] = Surroundings.Arguments,
        ["environment"] = Surroundings.EnvironmentVariables,
        ["folder"] = Surroundings.Folder,
        ["names"] = Surroundings.Names,
        ["user"] = Surroundings.User,
        ["limits"] = Surroundings.Limits,
        ["culture"] = Surroundings.Culture,
        ["time-zone"] = Surroundings.TimeZone,
        ["resolve"] = Surroundings.Resolve,
        ["exit"] = Endings.Return,
        ["exit-environment"] = Endings.EnvironmentExit,
        ["exit-property"] = Endings.ExitCodeProperty,
        ["exit-foreground"] = Endings.ForegroundThread,
        ["throw"] = Endings.Throw,
        ["throw-thread"] = Endings.ThrowOnThread,
        ["fail-fast"] = Endings.FailFast,
        ["overflow"] = Endings.StackOverflow,
        ["null"] = Endings.NullReference,
        ["plain"] = Signals.Plain,
        ["handlers"] = Signals.Handlers,
        ["cancel-key"] = Signals.CancelKey,
        ["count-interrupts"] = Signals.CountInterrupts,
        ["input"] = Streams.Input,
        ["error"] = Streams.Error,
        ["terminal"] = Streams.Terminal,
        ["read"] = Streams.Read,
        ["write"] = Streams.Write,
        ["child"] = Children.Run,
        ["many-children"] = Children.Many,
        ["orphans"] = Children.Orphans,
        ["self"] = Children.Self,
        ["allocate"] = Memory.Allocate,
        ["churn"] = Memory.Churn,
        ["hash"] = Work.Hash,
        ["json"] = Work.Json,
        ["pool"] = Work.Pool,
        ["sockets"] = Work.Sockets,
    };

    private static int Main(string[] arguments)
    {
        if (arguments.Length == 0 || !Words.TryGetValue(arguments[0], out var word))
        {
            Console.Error.WriteLine("usage: Probe " + string.Join('|', Words.Keys) + " [ARGUMENT...]");
            return 2;
        }
        return word(arguments[1..]);
    }
}
