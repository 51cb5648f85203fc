# SPDX-License-Identifier: GPL-2.0-only
"""Pipelined requests whose responses leave together: burst.py SEED"""

import random
import socket
import struct
import sys
import time

import status
from workload import FILES, Expected, connect, everything, get, make_site, receive

ROUNDS = 20
ROW = 60


def several_parts():
    """Returns a request for two ranges. Its response is known once it was received alone."""
    content = FILES["spliced"]
    with connect() as connection:
        ranges = "Range: bytes=10-109,1000-4999"
        connection.sendall(get("/spliced", ranges, "Connection: close"))
        body = connection.makefile("rb").read().split(b"\r\n\r\n", 1)[1]
    first, second = body.index(content[10:110]), body.index(content[1000:5000])
    assert first < second, body
    return Expected(get("/spliced", ranges), 206, body)


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
every = [*everything(), LONG, several_parts()]
source = random.Random(int(sys.argv[1]))
for _ in range(ROUNDS):
    read_slowly(every, source)
count_segments(every[1])
