# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces that end together: batch.py COUNT

Compares the time with servers of khttpd that listen with the time without them. The machine's clock
counts instructions, so that a busy host does not change it."""

import ctypes
import os
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)


def ip(lines):
    """Carries out commands of ip(8)."""
    subprocess.run(["ip", "-batch", "-"], input="".join(lines), text=True, check=True)


def listen(name):
    """Makes a server in a namespace, in another process."""
    child = os.fork()
    if not child:
        namespace = os.open(f"/run/netns/{name}", os.O_RDONLY)
        assert LIBC.setns(namespace, os.CLONE_NEWNET) == 0
        with open("/dev/khttpd", "w", encoding="ascii") as node:
            node.write("listen 8081\n")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def seconds_to_end(count, serve):
    """Returns the seconds in which namespaces end. When one has ended, the near end of its link is
    gone, too."""
    names = [f"n{number}" for number in range(count)]
    ip(f"netns add {name}\n" for name in names)
    ip(f"link add {name} type veth peer name far netns {name}\n" for name in names)
    if serve:
        for name in names:
            listen(name)
    time.sleep(2)
    begin = time.monotonic()
    ip(f"netns del {name}\n" for name in names)
    while any(link.startswith("n") for link in os.listdir("/sys/class/net")):
        time.sleep(0.01)
    return time.monotonic() - begin


def main():
    count = int(sys.argv[1])
    seconds_to_end(count, False)
    without = min(seconds_to_end(count, False) for _ in range(2))
    served = min(seconds_to_end(count, True) for _ in range(2))
    print(f"{count} namespaces end within {without:.2f} s without servers, {served:.2f} s with them")
    assert served <= 2 * without, (served, without)


main()
