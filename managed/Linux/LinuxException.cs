// SPDX-License-Identifier: Apache-2.0
using System;

namespace Barrer.Linux;

/// <summary>A system call that failed: what was tried on which object, and why it did not work.</summary>
public sealed class LinuxException : Exception
{
    public int Errno { get; }

    public LinuxException(string tried, int errno) : base(tried + ": " + Libc.Describe(errno)) => Errno = errno;

    /// <summary>The result, or an exception from errno when it is negative.</summary>
    public static int Check(int result, string tried) => result >= 0 ? result : throw new LinuxException(tried, Libc.Errno);
    public static nint Check(nint result, string tried) => result >= 0 ? result : throw new LinuxException(tried, Libc.Errno);
}
