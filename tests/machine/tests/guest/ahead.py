# SPDX-License-Identifier: GPL-2.0-only
"""Responses to requests ahead of one for a process: ahead.py

They leave at once, although the process gets the connection only when they are acknowledged, and a
client that resets the connection instead leaves nothing."""

import os
import time

import status
from stream import Stream, code, request

# TCP sends what it has held back for further bytes after this time, in seconds.
HELD_BACK = 0.2


def wait(ahead):
    """Returns how long the response to the request ahead takes, in seconds."""
    with Stream() as stream:
        begin = time.monotonic()
        stream.send(ahead + request("GET", "/app/a"))
        assert code(stream.response()[0]) == 200
        duration = time.monotonic() - begin
        assert code(stream.response()[0]) == 503
        return duration


def main():
    os.makedirs("/tmp/ahead", exist_ok=True)
    for name, size in ("small", 100), ("large", 20000):
        status.write(f"/tmp/ahead/{name}.txt", "x" * size)
    status.command("root /tmp/ahead", "hand-over /app/* 9000", "timeout send 86400")
    for name in "small", "large":
        ahead = request("GET", f"/{name}.txt")
        # Another task may delay some of them.
        quickest = min(wait(ahead) for _ in range(20))
        print(f"{name}: {1000 * quickest:.1f} ms", flush=True)
        assert quickest < HELD_BACK, quickest
        for _ in range(20):
            stream = Stream()
            stream.send(ahead + request("GET", "/app/a"))
            stream.reset()
    status.wait_for("connections", 0)


main()
