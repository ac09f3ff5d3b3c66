// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Library;

/// <summary>An entry point that native code calls as it calls a C main: words[0] is the assembly.</summary>
public static class Entry
{
    [UnmanagedCallersOnly]
    public static unsafe int Main(int count, byte** words)
    {
        for (var i = 1; i < count; i++)
            Console.WriteLine($"[{Marshal.PtrToStringUTF8((nint)words[i])}]");
        return count - 1;
    }
}
