// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Text;

namespace Barrer.Linux;

/// <summary>A message of PID 1's sockets: a name, and lines "KEY=VALUE" (see docs/boot-protocol.md).</summary>
public sealed class Message
{
    public const int MaximumLength = 4096;

    private readonly List<KeyValuePair<string, string>> _values = [];

    public string Name { get; }

    /// <summary>All behind the first line feed, as it is.</summary>
    public string Body { get; private set; } = "";

    public Message(string name) => Name = name;

    public string? this[string key]
    {
        get
        {
            foreach (KeyValuePair<string, string> pair in _values)
            {
                if (pair.Key == key)
                    return pair.Value;
            }
            return null;
        }
    }

    public long Number(string key) => long.TryParse(this[key], out long number) ? number : 0;

    /// <summary>A line feed or NUL in the value would be another line of the message: it becomes a blank.</summary>
    public Message With(string key, string value)
    {
        _values.Add(new(key, value.Replace('\n', ' ').Replace('\0', ' ')));
        return this;
    }

    public Message WithBody(string text)
    {
        Body = text;
        return this;
    }

    public byte[] Encode()
    {
        var text = new StringBuilder(Name).Append('\n');
        foreach (KeyValuePair<string, string> pair in _values)
            text.Append(pair.Key).Append('=').Append(pair.Value).Append('\n');
        return Encoding.UTF8.GetBytes(text.Append(Body).ToString());
    }

    public static Message Decode(ReadOnlySpan<byte> data)
    {
        string text = Encoding.UTF8.GetString(data);
        int end = text.IndexOf('\n');
        var message = new Message(end < 0 ? text : text[..end]) { Body = end < 0 ? "" : text[(end + 1)..] };
        foreach (string line in message.Body.Split('\n'))
        {
            int sign = line.IndexOf('=');
            if (sign > 0)
                message._values.Add(new(line[..sign], line[(sign + 1)..]));
        }
        return message;
    }
}
