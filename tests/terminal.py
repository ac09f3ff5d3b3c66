#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""terminal.py COLUMNSxROWS [--type WAIT TEXT]... COMMAND...: run a command on a terminal of its own.

What the command writes to the terminal goes to standard output. Each --type waits until WAIT was
written, and then types TEXT, in which \\x03 and the like are control characters. Exits as the
command does.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios


def main() -> int:
    words = sys.argv[1:]
    columns, rows = map(int, words.pop(0).split("x"))
    typing = []
    while words and words[0] == "--type":
        typing.append((words[1].encode(), words[2].encode().decode("unicode_escape").encode()))
        words = words[3:]
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvp(words[0], words)
    seen = b""
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        try:
            data = os.read(terminal, 4096) if ready else b""
        except OSError:
            data = b""  # the last process has closed it
        if not data:
            break
        os.write(1, data)
        seen += data
        while typing and typing[0][0] in seen:
            seen = seen.split(typing[0][0], 1)[1]
            os.write(terminal, typing.pop(0)[1])
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


sys.exit(main())
