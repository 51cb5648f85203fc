# SPDX-License-Identifier: GPL-2.0-only
"""Loads a site while a file of it is closed to others and a secret is written into it:  closing.py DIRECTORY ROUNDS

Does it so often at least, and until it was skipped once: how they meet is up to the machine. Prints how often it was loaded as it
was before, and how often it was skipped."""

import os
import random
import sys
import threading
import time
import urllib.error
import urllib.request

SIZE = 16 << 20
# Seconds after which it is taken never to be skipped.
HANG = 600


def close(path, secret):
    """Lets nobody else read the file, and then writes the secret."""
    time.sleep(random.uniform(0, 0.05))
    os.chmod(path, 0o600)
    file = os.open(path, os.O_WRONLY)
    os.pwrite(file, secret, 0)
    os.close(file)


def main():
    directory, rounds = sys.argv[1], int(sys.argv[2])
    os.makedirs(directory)
    path = f"{directory}/f"
    told, secret = b"t" * SIZE, b"s" * SIZE
    node = os.open("/dev/khttpd", os.O_WRONLY)
    os.write(node, f"root {directory}\n".encode())
    loaded = skipped = 0
    end = time.monotonic() + HANG
    while loaded + skipped < rounds or skipped == 0:
        assert time.monotonic() < end, (loaded, skipped)
        with open(path, "wb") as file:
            file.write(told)
        os.chmod(path, 0o644)
        closer = threading.Thread(target=close, args=(path, secret))
        closer.start()
        os.write(node, b"reload\n")
        closer.join()
        try:
            with urllib.request.urlopen("http://127.0.0.1:8080/f") as reply:
                content = reply.read()
            assert content == told, f"told what only the owner may read: {set(content)}"
            loaded += 1
        except urllib.error.HTTPError as error:
            assert error.code == 404, error.code
            skipped += 1
    print("loaded", loaded, "skipped", skipped)


main()
