# SPDX-License-Identifier: GPL-2.0-only
"""Requests whose bytes can still be changed by who has sent them: pages of a file go to the server as they are, and the file is written
while they are parsed.  shared.py CONNECTIONS

As many connections as that, and more until both the old and the new path have been heard: how they meet is up to the machine."""

import mmap
import os
import re
import socket
import sys
import threading
import time

REQUESTS = 1000
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\nX-Filling: " + b"x" * 50 + b"\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d+) ")


# Seconds after which one of the paths is taken never to be heard.
HANG = 600


def write(pages, over):
    """Changes a letter of each path, to and fro."""
    at = REQUEST.index(b"robots")
    while not over.is_set():
        for letter in b"sr":
            for begin in range(at, len(pages), len(REQUEST)):
                pages[begin] = letter


def replies(peer, found):
    """Counts by status what comes until the server closes."""
    pieces = []
    while piece := peer.recv(1 << 16):
        pieces.append(piece)
    for status in STATUS.findall(b"".join(pieces)):
        found[status] = found.get(status, 0) + 1
    peer.close()


def main():
    connections, over, begin = int(sys.argv[1]), threading.Event(), time.monotonic()
    with open("/tmp/requests", "wb+") as file:
        file.write(REQUEST * REQUESTS)
        file.flush()
        pages = mmap.mmap(file.fileno(), 0)
        threading.Thread(target=write, args=(pages, over), daemon=True).start()
        asked, found = 0, {}
        while asked < connections * REQUESTS or len(found) < 2:
            assert time.monotonic() - begin < HANG, (asked, found)
            peer = socket.create_connection(("127.0.0.1", 8080))
            reader = threading.Thread(target=replies, args=(peer, found))
            reader.start()
            sent = 0
            while sent < len(pages):
                sent += os.sendfile(peer.fileno(), file.fileno(), sent, len(pages) - sent)
            peer.shutdown(socket.SHUT_WR)
            reader.join()
            asked += REQUESTS
        over.set()
    print(asked, found)
    assert set(found) <= {b"200", b"404"} and len(found) == 2 and sum(found.values()) == asked


main()
