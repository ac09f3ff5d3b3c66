// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;
using System.Text;

namespace Barrer.Linux;

/// <summary>sockaddr_un and the sockets that use it.</summary>
public static unsafe class UnixAddress
{
    /// <summary>The bytes of sockaddr_un; a leading @ means the abstract name space.</summary>
    public static byte[] Of(string path)
    {
        int length = Encoding.UTF8.GetByteCount(path);
        bool isAbstract = path.StartsWith('@');
        if (length == 0 || length > 107)
            throw new LinuxException("the socket path \"" + path + "\"", Libc.EINVAL);
        var address = new byte[2 + length + (isAbstract ? 0 : 1)];
        BinaryPrimitives.WriteUInt16LittleEndian(address, Libc.AF_UNIX);
        Encoding.UTF8.GetBytes(path, address.AsSpan(2));
        if (isAbstract)
            address[2] = 0;
        return address;
    }

    public static Fd Connect(string path, int type)
    {
        var fd = new Fd(LinuxException.Check(Libc.socket(Libc.AF_UNIX, type | Libc.SOCK_CLOEXEC, 0), "socket"));
        byte[] address = Of(path);
        fixed (byte* p = address)
        {
            if (Libc.connect(fd.Number, p, (uint)address.Length) == 0)
                return fd;
        }
        int errno = Libc.Errno;
        fd.Dispose();
        throw new LinuxException("connect to " + path, errno);
    }

    /// <summary>A socket bound to path, which is removed first and gets this mode.</summary>
    public static Fd Bind(string path, int type, uint mode)
    {
        var fd = new Fd(LinuxException.Check(Libc.socket(Libc.AF_UNIX, type | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0), "socket"));
        byte[] address = Of(path);
        byte[] name = Fd.Utf8(path);
        fixed (byte* p = address, n = name)
        {
            Libc.unlink(n);
            if (Libc.bind(fd.Number, p, (uint)address.Length) == 0 && Libc.chmod(n, mode) == 0)
                return fd;
        }
        int errno = Libc.Errno;
        fd.Dispose();
        throw new LinuxException("bind " + path, errno);
    }
}
