// SPDX-License-Identifier: Apache-2.0
using System;
using System.Buffers.Binary;
using System.Text;

namespace Barrer.Linux;

/// <summary>A request of netlink(7) under construction: header, fixed part, attributes.</summary>
public sealed class NetlinkMessage
{
    public const ushort Request = 1, Ack = 4, Root = 0x100, Match = 0x200, Dump = Root | Match, Replace = 0x100, Excl = 0x200,
        Create = 0x400;

    private byte[] _data = new byte[256];
    private int _length = 16;

    public uint Sequence { get; }

    public NetlinkMessage(ushort type, ushort flags, uint sequence)
    {
        Sequence = sequence;
        BinaryPrimitives.WriteUInt16LittleEndian(_data.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(_data.AsSpan(6), (ushort)(flags | Request));
        BinaryPrimitives.WriteUInt32LittleEndian(_data.AsSpan(8), sequence);
    }

    /// <summary>The fixed part of the message, which follows its header.</summary>
    public NetlinkMessage Body(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Grow(bytes.Length));
        return this;
    }

    public NetlinkMessage Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        Span<byte> at = Grow(4 + value.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(at[2..], type);
        value.CopyTo(at[4..]);
        return this;
    }

    public NetlinkMessage Attribute(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Attribute(type, bytes);
    }

    public NetlinkMessage Attribute(ushort type, string value) => Attribute(type, Fd.Utf8(value));

    /// <summary>An attribute that holds what <paramref name="fill"/> appends.</summary>
    public NetlinkMessage Nested(ushort type, Action<NetlinkMessage> fill)
    {
        int start = _length;
        Grow(4);
        fill(this);
        BinaryPrimitives.WriteUInt16LittleEndian(_data.AsSpan(start), (ushort)(_length - start));
        BinaryPrimitives.WriteUInt16LittleEndian(_data.AsSpan(start + 2), type);
        return this;
    }

    public ReadOnlySpan<byte> Finish()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_data, (uint)_length);
        return _data.AsSpan(0, _length);
    }

    private Span<byte> Grow(int size)
    {
        int padded = (size + 3) & ~3;
        if (_length + padded > _data.Length)
            Array.Resize(ref _data, Math.Max(_data.Length * 2, _length + padded));
        Span<byte> room = _data.AsSpan(_length, size);
        _length += padded;
        return room;
    }
}

/// <summary>Reads what a netlink socket received: messages one after the other, and attributes in each.
/// A length that does not fit ends the reading.</summary>
public ref struct NetlinkReader
{
    private ReadOnlySpan<byte> _rest;

    public ushort Type { get; private set; }
    public uint Sequence { get; private set; }
    public ReadOnlySpan<byte> Payload { get; private set; }

    public NetlinkReader(ReadOnlySpan<byte> data) => _rest = data;

    public bool Next()
    {
        if (_rest.Length < 16)
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        if (length < 16 || length > (uint)_rest.Length)
            return false;
        Type = BinaryPrimitives.ReadUInt16LittleEndian(_rest[4..]);
        Sequence = BinaryPrimitives.ReadUInt32LittleEndian(_rest[8..]);
        Payload = _rest[16..(int)length];
        _rest = _rest[Math.Min(_rest.Length, (int)((length + 3) & ~3u))..];
        return true;
    }
}

public ref struct AttributeReader
{
    private ReadOnlySpan<byte> _rest;

    public ushort Type { get; private set; }
    public ReadOnlySpan<byte> Value { get; private set; }

    public AttributeReader(ReadOnlySpan<byte> data) => _rest = data;

    public bool Next()
    {
        if (_rest.Length < 4)
            return false;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < 4 || length > _rest.Length)
            return false;
        Type = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & 0x3fff);
        Value = _rest[4..length];
        _rest = _rest[Math.Min(_rest.Length, (length + 3) & ~3)..];
        return true;
    }

    public readonly string Text => Encoding.UTF8.GetString(Value).TrimEnd('\0');
}
