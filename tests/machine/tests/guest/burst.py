# SPDX-License-Identifier: GPL-2.0-only
"""Pipelined requests whose responses leave together: burst.py SEED"""

import random
import re
import socket
import struct
import sys
import time

import status
from workload import FILES, Expected, connect, everything, get, make_site, receive

ROUNDS = 20
ROW = 60


def several_parts(name, blocks):
    """Returns a request for blocks of a file, each with its begin and its end."""
    specs = ",".join(f"{begin}-{end - 1}" for begin, end in blocks)
    ranges = f"Range: bytes={specs}"
    with connect() as connection:
        connection.sendall(get(f"/{name}", ranges, "Connection: close"))
        head = connection.makefile("rb").read().split(b"\r\n\r\n", 1)[0]
    boundary = re.search(rb"; boundary=(\w+)", head)[1]
    length = len(FILES[name])
    body = b"".join(
        b"\r\n--%b\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Range: bytes %d-%d/%d\r\n\r\n%b"
        % (boundary, begin, end - 1, length, FILES[name][begin:end])
        for begin, end in blocks
    )
    return Expected(get(f"/{name}", ranges), 206, body + b"\r\n--%b--\r\n" % boundary)


def blocks(count, size):
    """Returns blocks of this size, of which every second one is left out, in any order."""
    chosen = [(2 * number * size, (2 * number + 1) * size) for number in range(count)]
    source.shuffle(chosen)
    return chosen


def read_slowly(kinds, generator):
    """Sends a row of requests, waits until no more of the responses finds space, and reads them in
    small portions."""
    row = [generator.choice(kinds) for _ in range(ROW)] + [LONG]
    blocked = status.count("blocked")
    # A small window makes small segments, between which TCP looks whether there is space.
    with connect(SO_RCVBUF=4096) as connection:
        connection.sendall(b"".join(kind.request for kind in row))
        while status.count("blocked") == blocked:
            time.sleep(0.01)
        for kind in row:
            response = b""
            while len(response) < len(kind):
                portion = min(generator.randrange(1, 4000), len(kind) - len(response))
                response += receive(connection, portion)
            kind.assert_is(response)


def segments(connection):
    """Returns the number of segments with data that have arrived: `tcpi_data_segs_in`."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    return struct.unpack_from("=I", info, 152)[0]


def count_segments(kind):
    """Asserts that the responses to eight requests come in fewer segments, though a ninth request
    is unfinished. TCP may send a segment again if the host is busy."""
    with connect() as connection:
        connection.sendall(kind.request * 8 + kind.request[:10])
        for _ in range(8):
            kind.assert_is(bytes(receive(connection, len(kind))))
        assert segments(connection) <= 4, segments(connection)


make_site()
LONG = Expected(get("/medium"), 200, FILES["medium"])
source = random.Random(int(sys.argv[1]))
every = [
    *everything(),
    LONG,
    several_parts("spliced", [(10, 110), (1000, 5000)]),
    several_parts("large", blocks(100, 600)),
]
for count, size in (64, 4096), (255, 1024):
    one = several_parts("large", blocks(count, size))
    with connect() as client:
        client.sendall(one.request * 3)
        for _ in range(3):
            one.assert_is(bytes(receive(client, len(one))))
for _ in range(ROUNDS):
    read_slowly(every, source)
count_segments(every[1])
