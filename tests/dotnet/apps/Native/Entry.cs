// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Native;

/// <summary>A shared library made by NativeAOT: its entry point is called as a C main is.</summary>
public static class Entry
{
    [UnmanagedCallersOnly(EntryPoint = "barrer_main")]
    public static unsafe int Main(int count, byte** words)
    {
        for (var i = 1; i < count; i++)
            Console.WriteLine($"[{Marshal.PtrToStringUTF8((nint)words[i])}]");
        return count - 1;
    }
}
