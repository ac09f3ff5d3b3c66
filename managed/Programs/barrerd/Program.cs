// SPDX-License-Identifier: Apache-2.0
using System;
using System.Threading;
using Barrer.DevMgr;
using Barrer.Init;
using Barrer.Linux;
using Barrer.Log;
using Barrer.Net;

// One file for init and the services, which are links to it: processes of their own, one text in
// memory. As "barrerd" it is all of them in one process.
string name = System.IO.Path.GetFileName(Environment.GetCommandLineArgs()[0]);
return name switch
{
    "init" => InitService.Run(),
    "barrerd-log" => LogService.Run(args),
    "barrerd-devmgr" => DevMgrService.Run(args),
    "barrerd-net" => NetService.Run(args),
    _ when args.Length == 0 => OneProcess.Run(),
    _ => OneProcess.Usage(),
};

/// <summary>Init and the services as threads. The first that ends, ends all: they are one process, and
/// PID 1 restarts it as one.</summary>
internal static class OneProcess
{
    private const int StackSize = 256 * 1024;
    private static readonly Func<int>[] s_members =
        [() => LogService.Run([]), () => DevMgrService.Run([]), () => NetService.Run([]), InitService.Run];

    public static int Run()
    {
        Notify.ReadyWhen(s_members.Length);
        int code = 0;
        using var ended = new ManualResetEventSlim();
        foreach (Func<int> member in s_members)
        {
            new Thread(() =>
            {
                code = Math.Max(code, member());
                ended.Set();
            }, StackSize) { IsBackground = true }.Start();
        }
        ended.Wait();
        return code;
    }

    public static int Usage()
    {
        Say.Name = "barrerd";
        Say.Error("usage: barrerd, or by the names init, barrerd-log, barrerd-devmgr, barrerd-net");
        return 2;
    }
}
