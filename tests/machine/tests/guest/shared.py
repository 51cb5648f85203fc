# SPDX-License-Identifier: GPL-2.0-only
"""Requests whose bytes change while they are parsed: shared.py CONNECTIONS

The client sends pages of a file, which the server sees without a copy, and writes to the file
meanwhile. It makes CONNECTIONS connections, and more until both the original path and the
changed one have been requested."""

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
# Limit in seconds that ends a test in which one of the paths is never requested.
HANG = 600


def write(pages, over):
    """Changes a letter of each path, to and fro."""
    at = REQUEST.index(b"robots")
    while not over.is_set():
        for letter in b"sr":
            for begin in range(at, len(pages), len(REQUEST)):
                pages[begin] = letter


def read_responses(connection, found):
    """Counts the responses by status until the server closes."""
    pieces = []
    while piece := connection.recv(1 << 16):
        pieces.append(piece)
    for status in STATUS.findall(b"".join(pieces)):
        found[status] = found.get(status, 0) + 1
    connection.close()


def main():
    connections, over, begin = int(sys.argv[1]), threading.Event(), time.monotonic()
    with open("/tmp/requests", "wb+") as file:
        file.write(REQUEST * REQUESTS)
        file.flush()
        pages = mmap.mmap(file.fileno(), 0)
        threading.Thread(target=write, args=(pages, over), daemon=True).start()
        requests, found = 0, {}
        while requests < connections * REQUESTS or len(found) < 2:
            assert time.monotonic() - begin < HANG, (requests, found)
            connection = socket.create_connection(("127.0.0.1", 8080))
            reader = threading.Thread(target=read_responses, args=(connection, found))
            reader.start()
            sent = 0
            while sent < len(pages):
                sent += os.sendfile(connection.fileno(), file.fileno(), sent, len(pages) - sent)
            connection.shutdown(socket.SHUT_WR)
            reader.join()
            requests += REQUESTS
        over.set()
    print(requests, found)
    assert set(found) <= {b"200", b"404"} and len(found) == 2 and sum(found.values()) == requests


main()
