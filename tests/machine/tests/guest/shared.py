# SPDX-License-Identifier: GPL-2.0-only
"""Requests whose bytes can still be changed by who has sent them: pages of a file go to the server as they are, and the file is written
while they are parsed.  shared.py SECONDS"""

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


def write(pages, end):
    """Changes a letter of each path, to and fro."""
    at = REQUEST.index(b"robots")
    while time.monotonic() < end:
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
    end = time.monotonic() + float(sys.argv[1])
    with open("/tmp/requests", "wb+") as file:
        file.write(REQUEST * REQUESTS)
        file.flush()
        pages = mmap.mmap(file.fileno(), 0)
        threading.Thread(target=write, args=(pages, end)).start()
        asked, found = 0, {}
        while time.monotonic() < end:
            peer = socket.create_connection(("127.0.0.1", 8080))
            reader = threading.Thread(target=replies, args=(peer, found))
            reader.start()
            sent = 0
            while sent < len(pages):
                sent += os.sendfile(peer.fileno(), file.fileno(), sent, len(pages) - sent)
            peer.shutdown(socket.SHUT_WR)
            reader.join()
            asked += REQUESTS
    print(asked, found)
    assert set(found) <= {b"200", b"404"} and len(found) == 2 and sum(found.values()) == asked


main()
