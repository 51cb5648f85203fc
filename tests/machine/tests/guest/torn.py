# SPDX-License-Identifier: GPL-2.0-only
"""Loads a site again and again while a file of it is written in place:  torn.py DIRECTORY LOADS

Each version is one letter, megabytes of it, so that a reply of two letters is torn. Ends when it was loaded so often, or
fails if that never happens. Prints how often the load was refused, because the file was never at rest, and how often it was not."""

import multiprocessing
import os
import sys
import time
import urllib.request

SIZE = 8 << 20
# Seconds after which it is taken never to be loaded again.
HANG = 600


def write(path):
    """Writes the file again and again, with rests in between that are sometimes long enough."""
    file = os.open(path, os.O_WRONLY)
    versions = [letter * SIZE for letter in (b"a", b"b")]
    for count in range(1 << 30):
        os.pwrite(file, versions[count % 2], 0)
        time.sleep(0.002 * (count % 40))


def main():
    directory, loads = sys.argv[1], int(sys.argv[2])
    os.makedirs(directory, exist_ok=True)
    path = f"{directory}/f"
    with open(path, "wb") as file:
        file.write(b"a" * SIZE)
    node = os.open("/dev/khttpd", os.O_WRONLY)
    os.write(node, f"root {directory}\n".encode())
    writer = multiprocessing.Process(target=write, args=(path,), daemon=True)
    writer.start()
    loaded, refused, end = 0, 0, time.monotonic() + HANG
    while loaded < loads:
        assert time.monotonic() < end, (loaded, refused)
        try:
            os.write(node, b"reload\n")
        except BlockingIOError:
            refused += 1
            continue
        loaded += 1
        with urllib.request.urlopen("http://127.0.0.1:8080/f") as reply:
            content = reply.read()
        assert len(content) == SIZE, len(content)
        assert content == content[:1] * SIZE, f"torn: {set(content)}"
    print("loaded", loaded, "refused", refused)


main()
