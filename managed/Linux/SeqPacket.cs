// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;

namespace Barrer.Linux;

/// <summary>A SOCK_SEQPACKET socket to PID 1.</summary>
public sealed unsafe class SeqPacket : IDisposable
{
    private const int MaximumFds = 4;

    private readonly Fd _fd;
    private readonly byte[] _buffer = new byte[Message.MaximumLength];

    public int Number => _fd.Number;

    public SeqPacket(Fd fd) => _fd = fd;

    /// <summary>The socket whose descriptor an environment variable names; null without the variable.</summary>
    public static SeqPacket? FromEnvironment(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) && number > 2 ? new SeqPacket(new Fd(number)) : null;

    public bool Send(Message message)
    {
        byte[] data = message.Encode();
        fixed (byte* p = data)
        {
            nint n;
            do
                n = Libc.sendto(_fd.Number, p, data.Length, Libc.MSG_NOSIGNAL, null, 0);
            while (n < 0 && Libc.Errno == Libc.EINTR);
            return n == data.Length;
        }
    }

    /// <summary>The next message, with the descriptors that came with it; null when none waits.
    /// <paramref name="ended"/>: there will be none any more.</summary>
    public Message? Receive(List<Fd> fds, out bool ended)
    {
        byte* control = stackalloc byte[16 + MaximumFds * 4];
        nint n;
        fixed (byte* p = _buffer)
        {
            var iov = new Libc.IoVec { Base = p, Length = (nuint)_buffer.Length };
            var header = new Libc.MsgHdr { Iov = &iov, IovLength = 1, Control = control, ControlLength = 16 + MaximumFds * 4 };
            do
                n = Libc.recvmsg(_fd.Number, &header, Libc.MSG_DONTWAIT | Libc.MSG_CMSG_CLOEXEC);
            while (n < 0 && Libc.Errno == Libc.EINTR);
            // One control message: length, level, type, descriptors.
            if (n >= 0 && header.ControlLength >= 20 && *(int*)(control + 8) == Libc.SOL_SOCKET && *(int*)(control + 12) == Libc.SCM_RIGHTS)
            {
                int count = ((int)*(nuint*)control - 16) / 4;
                for (int i = 0; i < count; i++)
                    fds.Add(new Fd(*(int*)(control + 16 + i * 4)));
            }
        }
        ended = n == 0 || (n < 0 && Libc.Errno != Libc.EAGAIN);
        return n > 0 ? Message.Decode(_buffer.AsSpan(0, (int)n)) : null;
    }

    public void Dispose() => _fd.Dispose();
}
