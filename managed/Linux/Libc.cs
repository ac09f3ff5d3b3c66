// SPDX-License-Identifier: Apache-2.0
using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Barrer.Linux;

/// <summary>The functions of libc that the base class library does not offer. Only blittable
/// arguments: what needs marshalling costs a just-in-time compilation at start.</summary>
public static unsafe partial class Libc
{
    public const int EPERM = 1, ENOENT = 2, EINTR = 4, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EEXIST = 17, ENODEV = 19,
        EINVAL = 22, ENOSPC = 28, EPIPE = 32, ENOBUFS = 105, EINPROGRESS = 115;
    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_TRUNC = 0x200,
        O_APPEND = 0x400, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    public const int AF_UNIX = 1, AF_INET = 2, AF_NETLINK = 16, AF_PACKET = 17;
    public const int SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 0x80000, SOCK_NONBLOCK = 0x800;
    public const int SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_ERROR = 4, SO_BROADCAST = 6, SO_RCVBUF = 8, SO_PASSCRED = 16,
        SO_PEERCRED = 17, SO_BINDTODEVICE = 25, SO_ATTACH_FILTER = 26, SO_RCVBUFFORCE = 33;
    public const int SCM_RIGHTS = 1, SCM_CREDENTIALS = 2;
    public const int MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000, MSG_TRUNC = 0x20, MSG_CTRUNC = 8;
    public const short POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16;
    public const int S_IFCHR = 0x2000, S_IFBLK = 0x6000;
    public const uint MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2;
    public const int F_ADD_SEALS = 1033, F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8;
    public const int CLONE_NEWNET = 0x40000000;

    [StructLayout(LayoutKind.Sequential)] public struct PollFd { public int Fd; public short Events, Revents; }
    [StructLayout(LayoutKind.Sequential)] public struct IoVec { public void* Base; public nuint Length; }
    [StructLayout(LayoutKind.Sequential)]
    public struct MsgHdr
    {
        public void* Name; public uint NameLength;
        public IoVec* Iov; public nuint IovLength;
        public void* Control; public nuint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true)] public static partial int open(byte* path, int flags, int mode);
    [LibraryImport("libc", SetLastError = true)] public static partial int close(int fd);
    [LibraryImport("libc", SetLastError = true)] public static partial nint read(int fd, byte* buffer, nint size);
    [LibraryImport("libc", SetLastError = true)] public static partial nint write(int fd, byte* buffer, nint size);
    [LibraryImport("libc", SetLastError = true)] public static partial int poll(PollFd* fds, nuint count, int timeoutMs);
    [LibraryImport("libc", SetLastError = true)] public static partial int socket(int family, int type, int protocol);
    [LibraryImport("libc", SetLastError = true)] public static partial int bind(int fd, byte* address, uint length);
    [LibraryImport("libc", SetLastError = true)] public static partial int connect(int fd, byte* address, uint length);
    [LibraryImport("libc", SetLastError = true)] public static partial int listen(int fd, int backlog);
    [LibraryImport("libc", SetLastError = true)] public static partial int accept4(int fd, byte* address, uint* length, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial nint sendto(int fd, byte* data, nint size, int flags, byte* address, uint length);
    [LibraryImport("libc", SetLastError = true)] public static partial nint recvfrom(int fd, byte* data, nint size, int flags, byte* address, uint* length);
    [LibraryImport("libc", SetLastError = true)] public static partial nint sendmsg(int fd, MsgHdr* message, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial nint recvmsg(int fd, MsgHdr* message, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int setsockopt(int fd, int level, int name, void* value, uint length);
    [LibraryImport("libc", SetLastError = true)] public static partial int getsockopt(int fd, int level, int name, void* value, uint* length);
    [LibraryImport("libc", SetLastError = true)] public static partial int fcntl(int fd, int command, int argument);
    [LibraryImport("libc", SetLastError = true)] public static partial int memfd_create(byte* name, uint flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int eventfd(uint value, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int mknod(byte* path, uint mode, ulong device);
    [LibraryImport("libc", SetLastError = true)] public static partial int chmod(byte* path, uint mode);
    [LibraryImport("libc", SetLastError = true)] public static partial int lchown(byte* path, uint uid, uint gid);
    [LibraryImport("libc", SetLastError = true)] public static partial int symlink(byte* target, byte* path);
    [LibraryImport("libc", SetLastError = true)] public static partial int unlink(byte* path);
    [LibraryImport("libc", SetLastError = true)] public static partial int rename(byte* from, byte* to);
    [LibraryImport("libc", SetLastError = true)] public static partial int mkdir(byte* path, uint mode);
    [LibraryImport("libc", SetLastError = true)] public static partial int unshare(int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial nint syscall(nint number, nint a, nint b, nint c);
    [LibraryImport("libc")] public static partial int getpid();
    [LibraryImport("libc")] public static partial int gettid();

    public static int Errno => Marshal.GetLastPInvokeError();

    /// <summary>finit_module(2), which libc does not wrap.</summary>
    public static int FInitModule(int fd, byte* arguments, int flags) =>
        (int)syscall(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 313 : 273, fd, (nint)arguments, flags);

    /// <summary>What an errno means, in the words of errno(3); the runtime's own table needs a P/Invoke more.</summary>
    public static string Describe(int errno) => errno switch
    {
        EPERM => "Operation not permitted",
        ENOENT => "No such file or directory",
        EAGAIN => "Resource temporarily unavailable",
        ENOMEM => "Cannot allocate memory",
        EACCES => "Permission denied",
        EEXIST => "File exists",
        ENODEV => "No such device",
        EINVAL => "Invalid argument",
        ENOSPC => "No space left on device",
        EPIPE => "Broken pipe",
        ENOBUFS => "No buffer space available",
        20 => "Not a directory",
        30 => "Read-only file system",
        98 => "Address already in use",
        101 => "Network is unreachable",
        104 => "Connection reset by peer",
        110 => "Connection timed out",
        111 => "Connection refused",
        113 => "No route to host",
        _ => "error " + errno,
    };
}
