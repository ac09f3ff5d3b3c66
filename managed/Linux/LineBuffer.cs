// SPDX-License-Identifier: Apache-2.0
using System;
using System.Text;

namespace Barrer.Linux;

/// <summary>Cuts a stream of bytes into lines. What has no line feed for too long is cut as well, so a
/// stream costs a bounded amount of memory.</summary>
public sealed class LineBuffer
{
    private readonly byte[] _data;
    private int _length;

    public LineBuffer(int longest) => _data = new byte[longest];

    public void Add(ReadOnlySpan<byte> bytes, Action<string> line)
    {
        foreach (byte b in bytes)
        {
            if (b == '\n')
                Flush(line);
            else
            {
                if (_length == _data.Length)
                    Flush(line);
                _data[_length++] = b;
            }
        }
    }

    /// <summary>What is left, at the end of the stream.</summary>
    public void Flush(Action<string> line)
    {
        if (_length > 0)
            line(Encoding.UTF8.GetString(_data, 0, _length));
        _length = 0;
    }
}
