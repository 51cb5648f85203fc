# SPDX-License-Identifier: GPL-2.0-only
"""Reloads a site while a file of it is written in place: torn.py DIRECTORY LOADS

Each version consists of one letter, so that a response with two letters is torn. Prints the
numbers of successful loads, which is LOADS, and of loads that failed because the file changed
all the time."""

import multiprocessing
import os
import sys
import time
import urllib.request

SIZE = 8 << 20
# Limit in seconds that ends a test in which too few loads succeed.
HANG = 600


def write(path):
    """Writes the file again and again, with pauses of which one in 40 is long enough for a load, on a
    busy host too."""
    file = os.open(path, os.O_WRONLY)
    versions = [letter * SIZE for letter in (b"a", b"b")]
    for count in range(1 << 30):
        os.pwrite(file, versions[count % 2], 0)
        time.sleep(0.002 * (count % 40) or 2)


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
        with urllib.request.urlopen("http://127.0.0.1:8080/f") as response:
            content = response.read()
        assert len(content) == SIZE, len(content)
        assert content == content[:1] * SIZE, f"torn: {set(content)}"
    print("loaded", loaded, "refused", refused)


main()
