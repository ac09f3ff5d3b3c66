#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cri.py SOCKET METHOD [JSON]: call a method of the Container Runtime Interface, as a kubelet does.

The request is JSON, {"NUMBER": value} by the field numbers of runtime/v1/api.proto: numbers, strings,
objects, and lists of these for repeated fields. The response is printed in the same form; strings that
are no messages are printed as such. Exit status 1, with the server's message on stderr: the call failed.
"""
import json
import sys

import grpc


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode(message):
    out = b""
    for number, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(int(number) << 3) + varint(int(value))
                continue
            data = encode(value) if isinstance(value, dict) else value.encode()
            out += varint(int(number) << 3 | 2) + varint(len(data)) + data
    return out


def read_varint(data, at):
    n = shift = 0
    while True:
        byte = data[at]
        at += 1
        n |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return n, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key >> 3 == 0 or key & 7 not in (0, 2):
            raise ValueError
        value, at = read_varint(data, at)
        if key & 7 == 2:
            if at + value > len(data):
                raise ValueError
            value, at = data[at : at + value], at + value
        yield key >> 3, value


def decode(data, texts):
    """Without the schema a string may look like a message: TEXTS tells those of the top level."""
    message = {}
    for number, value in fields(data):
        if isinstance(value, bytes):
            if number in texts:
                value = value.decode(errors="replace")
            else:
                try:
                    value = decode(value, ())
                except (ValueError, IndexError):
                    value = value.decode(errors="replace")
        message.setdefault(str(number), []).append(value)
    return {k: v[0] if len(v) == 1 else v for k, v in message.items()}


TEXTS = {
    "Version": (1, 2, 3, 4),
    "RunPodSandbox": (1,),
    "CreateContainer": (1,),
    "ExecSync": (1, 2),
}


def main():
    socket, method = sys.argv[1:3]
    request = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary("/runtime.v1.RuntimeService/" + method)
        try:
            response = call(encode(request), timeout=120)
        except grpc.RpcError as error:
            sys.exit(error.details())
    print(json.dumps(decode(response, TEXTS.get(method, ()))))


main()
