# SPDX-License-Identifier: GPL-2.0-only
"""Reloads a site while a file of it is written through a mapping: mapped.py DIRECTORY LOADS

On a file system in memory, such as tmpfs, a page that a process has read through a shared mapping
can be written without a fault, so that the times of the file stay the same. Each version has its number in the first and in the last word,
and no two versions have the same: a response with two numbers is torn. Prints the numbers of
successful loads, which is LOADS, and of loads that failed because the file was mapped or changed
all the time."""

import errno
import itertools
import mmap
import multiprocessing
import os
import sys
import time
import urllib.request

SIZE = 8 << 20
WORD = 8
# Limit in seconds that ends a test in which too few loads succeed.
HANG = 600


def write(path):
    """Writes version after version, with pauses that are shorter than a load or a little longer,
    and some that are long enough on a slow machine."""
    for version in itertools.count(1):
        word = version.to_bytes(WORD, "big")
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), SIZE) as pages:
            # Reading them maps their pages for writing, too.
            assert pages[:WORD] == pages[-WORD:]
            pages[-WORD:] = word
            pages[:WORD] = word
        time.sleep(0.002 * (version % 40) or 2)


def load(node):
    """Loads the site; returns False if the file was mapped or changed all the time."""
    try:
        os.write(node, b"reload\n")
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.ETXTBSY):
            raise
        return False
    return True


def main():
    directory, loads = sys.argv[1], int(sys.argv[2])
    path = f"{directory}/f"
    with open(path, "wb") as file:
        file.write(bytes(SIZE))
    node = os.open("/dev/khttpd", os.O_WRONLY)
    os.write(node, f"root {directory}\n".encode())
    writer = multiprocessing.Process(target=write, args=(path,), daemon=True)
    writer.start()
    loaded, refused, end = 0, 0, time.monotonic() + HANG
    while loaded < loads:
        assert time.monotonic() < end, (loaded, refused)
        if not load(node):
            refused += 1
            continue
        loaded += 1
        with urllib.request.urlopen("http://127.0.0.1:8080/f") as response:
            content = response.read()
        assert len(content) == SIZE, len(content)
        assert content[:WORD] == content[-WORD:], f"torn: {content[:WORD]} {content[-WORD:]}"
    print("loaded", loaded, "refused", refused)


main()
