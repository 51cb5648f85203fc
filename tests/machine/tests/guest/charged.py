# SPDX-License-Identifier: GPL-2.0-only
"""Makes a server in each of the network namespaces n1, n2, ... from a control group, and checks that
the group is charged for them: first for the servers, then for what is written to them."""

import os
import sys

COUNT = int(sys.argv[1])
GROUP = "/sys/fs/cgroup/writer"
# Bytes of a server that every kernel needs at least, and of the rules that each is given.
SERVER = 1024
RULES = 48 * 1024


def charged():
    """Returns the bytes of kernel memory that the group is charged for."""
    with open(f"{GROUP}/memory.stat", encoding="ascii") as stat:
        return next(int(line.split()[1]) for line in stat if line.startswith("kernel "))


def write(text):
    """Writes to the node of each namespace; returns the bytes charged meanwhile."""
    before = charged()
    for number in range(1, COUNT + 1):
        with open(f"/run/netns/n{number}", "rb") as namespace:
            os.setns(namespace.fileno(), os.CLONE_NEWNET)
        node = os.open("/dev/khttpd", os.O_WRONLY)
        os.write(node, text)
        os.close(node)
    return charged() - before


with open(f"{GROUP}/cgroup.procs", "w", encoding="ascii") as procs:
    procs.write(str(os.getpid()))
reset = write(b"reset counters\n")
print(f"{COUNT} servers: {reset} bytes")
value = "x" * 1000
rules = "".join(f"field *.{n} A: {value}\n" for n in range(RULES // len(value)))
ruled = write(f"clear\n{rules}".encode())
print(f"their rules: {ruled} bytes")
assert reset >= COUNT * SERVER, reset
assert ruled >= COUNT * RULES, ruled
