// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Library;

/// <summary>A plain class library, whose method native code calls.</summary>
public static class Greeting
{
    [UnmanagedCallersOnly]
    public static unsafe int Greet(byte* name, int length)
    {
        Console.WriteLine("Hello, " + System.Text.Encoding.UTF8.GetString(name, length));
        return length;
    }
}
