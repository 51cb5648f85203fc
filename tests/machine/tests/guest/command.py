# SPDX-License-Identifier: GPL-2.0-only
"""Writes its arguments, a line each, to the control node in one write. Prints `OK`, or the name
of the error and the reason that the node shows."""

import errno
import os
import sys

node = os.open("/dev/khttpd", os.O_WRONLY)
try:
    os.write(node, "".join(f"{line}\n" for line in sys.argv[1:]).encode())
    print("OK")
except OSError as error:
    print(errno.errorcode[error.errno])
    with open("/dev/khttpd", encoding="utf-8") as status:
        print(
            *(line[len("# refused ") :] for line in status if line.startswith("# refused ")),
            sep="",
            end="",
        )
