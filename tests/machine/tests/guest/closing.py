# SPDX-License-Identifier: GPL-2.0-only
"""Loads a site while a file of it is made private and a secret is written to it: closing.py
DIRECTORY ROUNDS

Runs at least ROUNDS rounds, and until the file has been skipped once: what a load meets is up to
the machine. Prints the numbers of loads with the public content and of loads that skipped the
file."""

import os
import random
import sys
import threading
import time
import urllib.error
import urllib.request

SIZE = 16 << 20
# Limit in seconds that ends a test in which the file is never skipped.
HANG = 600


def close(path, secret):
    """Makes the file private, and then writes the secret."""
    time.sleep(random.uniform(0, 0.05))
    os.chmod(path, 0o600)
    file = os.open(path, os.O_WRONLY)
    os.pwrite(file, secret, 0)
    os.close(file)


def main():
    directory, rounds = sys.argv[1], int(sys.argv[2])
    os.makedirs(directory)
    path = f"{directory}/f"
    public, secret = b"t" * SIZE, b"s" * SIZE
    node = os.open("/dev/khttpd", os.O_WRONLY)
    os.write(node, f"root {directory}\n".encode())
    loaded = skipped = 0
    end = time.monotonic() + HANG
    while loaded + skipped < rounds or skipped == 0:
        assert time.monotonic() < end, (loaded, skipped)
        with open(path, "wb") as file:
            file.write(public)
        os.chmod(path, 0o644)
        closer = threading.Thread(target=close, args=(path, secret))
        closer.start()
        os.write(node, b"reload\n")
        closer.join()
        try:
            with urllib.request.urlopen("http://127.0.0.1:8080/f") as response:
                content = response.read()
            assert content == public, f"served what only the owner may read: {set(content)}"
            loaded += 1
        except urllib.error.HTTPError as error:
            assert error.code == 404, error.code
            skipped += 1
    print("loaded", loaded, "skipped", skipped)


main()
