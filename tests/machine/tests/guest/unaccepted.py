# SPDX-License-Identifier: GPL-2.0-only
"""Each allocation of accepting fails for a while: the connection stays in the accept queue, and the
sweep accepts it when there is memory.

Softirqs accept, for which no allocation of a task stands, so one slab cache at a time fails."""

import glob
import os
import socket
import subprocess
import time

import status
from injection import FAULTS, prepare, put

ADDRESS = "127.0.0.1", 8080
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# The slots, the connection, and its socket.
ALLOCATIONS = 3
SECONDS = 2
ATTEMPTS = 2


def accept_without(cache):
    """Lets the allocations of one cache fail while a client connects to a module that has accepted
    none before; returns whether this has delayed it."""
    subprocess.run(["insmod", "/root/khttpd.ko"], check=True)
    client = socket.create_connection(ADDRESS, status.HANG)
    put(f"{cache}/failslab", "1")
    # Has the connection accepted, but only if TCP needs nothing of this cache.
    client.sendall(REQUEST)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not status.count("accepted") + status.count("accept-errors"):
        time.sleep(0.01)
    put(f"{cache}/failslab", "0")
    errors = status.count("accept-errors")
    # No other client connects: the sweep comes by.
    with client, client.makefile("rb") as stream:
        response = stream.read()
    assert response.startswith(b"HTTP/1.1 200 OK\r\n"), response
    assert response.endswith(b"Disallow:\n"), response
    assert status.count("accepted") == 1
    status.wait_for("connections", 0)
    subprocess.run(["rmmod", "khttpd"], check=True)
    return errors > 0


def main():
    prepare(False)
    # The allocations of all caches that are marked fail.
    for name, value in ("cache-filter", "Y"), ("times", "-1"), ("probability", "100"):
        put(FAULTS.format("failslab", name), value)
    # Accounted memory has caches of its own, if the kernel accounts for memory.
    caches = glob.glob("/sys/kernel/slab/kmalloc-cg-*") or glob.glob("/sys/kernel/slab/kmalloc-*")
    # A busy host may delay the program until the silent client has been accepted.
    found = [cache for cache in caches if any(accept_without(cache) for _ in range(ATTEMPTS))]
    print("an allocation of accepting has failed in each of", *map(os.path.basename, found))
    assert len(found) >= ALLOCATIONS, found
    subprocess.run(["insmod", "/root/khttpd.ko"], check=True)


main()
