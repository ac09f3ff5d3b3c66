// SPDX-License-Identifier: Apache-2.0
using System;
using System.Text;

namespace Barrer.Linux;

/// <summary>A file descriptor that this process owns.</summary>
public sealed unsafe class Fd : IDisposable
{
    public int Number { get; private set; }

    public Fd(int number) => Number = number;

    public static Fd Open(string path, int flags, int mode = 0)
    {
        fixed (byte* p = Utf8(path))
            return new Fd(LinuxException.Check(Libc.open(p, flags | Libc.O_CLOEXEC, mode), "open " + path));
    }

    /// <summary>Bytes read; 0 at the end; -1 with errno in Libc.Errno.</summary>
    public int Read(Span<byte> buffer)
    {
        nint n;
        fixed (byte* p = buffer)
        {
            do
                n = Libc.read(Number, p, buffer.Length);
            while (n < 0 && Libc.Errno == Libc.EINTR);
        }
        return (int)n;
    }

    /// <summary>Whether all of it was written; errno in Libc.Errno when not.</summary>
    public bool Write(ReadOnlySpan<byte> data)
    {
        fixed (byte* p = data)
        {
            nint done = 0;
            while (done < data.Length)
            {
                nint n = Libc.write(Number, p + done, data.Length - done);
                if (n < 0 && Libc.Errno != Libc.EINTR)
                    return false;
                done += n > 0 ? n : 0;
            }
        }
        return true;
    }

    public void Dispose()
    {
        if (Number >= 0)
            Libc.close(Number);
        Number = -1;
    }

    /// <summary>A string as libc wants it: UTF-8, ended by a NUL.</summary>
    public static byte[] Utf8(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
