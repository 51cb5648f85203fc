# SPDX-License-Identifier: GPL-2.0-only
"""Connections that go back and forth between khttpd and a process: trips.py COUNT PIECE

The client has requests under way for both, and checks every byte of each response. PIECE is that of
sharing.py. There is one slot, which a connection that khttpd has returned must not hold."""

import collections
import os
import random
import subprocess
import sys

import process
import status
from sharing import content
from stream import Stream, code, masked, request

PORT = 9000
FILES = 60
UNDER_WAY = 12


def exchanges():
    """Returns pairs of a request to khttpd, and the response, which a client of its listener
    gets."""
    os.makedirs("/tmp/trips", exist_ok=True)
    found = []
    with Stream() as stream:
        for number in range(FILES):
            status.write(f"/tmp/trips/{number}", f"{number} of khttpd\n" * (1 + number**2))
        status.command("root /tmp/trips", "hand-over /app/* 9 always", "timeout idle 86400")
        for number in range(FILES):
            method = "HEAD" if number % 7 == 0 else "GET"
            fields = ["Range: bytes=3-9"] * (number % 5 == 0)
            text = request(method, f"/{number + number // 20}", *fields)
            stream.send(text)
            head, body = stream.response(method == "HEAD")
            found.append((text, masked(head) + body))
    return found


def of_process(generator):
    """Returns a request to the process, and the response."""
    target = f"/app/{generator.getrandbits(generator.randrange(1, 60))}"
    body = generator.randbytes(generator.choice([0, 1, 100, 3000]))
    method = generator.choice(["POST", "PUT"] if body else ["GET", "BREW"])
    echo = content(method, target, body)
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(echo) + echo
    return request(method, target, body=body), response


def either(generator, of_khttpd):
    """Returns a request to either of them, and the response."""
    return generator.choice([generator.choice(of_khttpd), of_process(generator)])


def begin(stream, generator):
    """Has the process respond first, since it has the connection."""
    text, expected = of_process(generator)
    stream.send(text)
    check(stream, text, expected)


def travel(address, count, of_khttpd):
    """Sends requests for both until khttpd has returned the connection that often."""
    generator = random.Random(1)
    with Stream((address, PORT)) as stream:
        begin(stream, generator)
        under_way, goal = collections.deque(), status.count("returned") + count
        while status.count("returned") < goal:
            for _ in range(50):
                under_way.append(either(generator, of_khttpd))
                text = under_way[-1][0]
                cut = generator.randrange(len(text))
                stream.send(text[:cut], text[cut:])
                while len(under_way) > generator.randrange(UNDER_WAY):
                    check(stream, *under_way.popleft())
        while under_way:
            check(stream, *under_way.popleft())


def check(stream, text, expected, refusable=False):
    """Receives the response to a request. `refusable`: it may be 503."""
    head, body = stream.response(text.startswith(b"HEAD"))
    received = masked(head) + body
    refused = refusable and code(head) == 503 and b"\r\nRetry-After: 1\r\n" in head
    assert refused or received == expected, (text, received[:2000], expected[:2000])
    return refused


def main():
    count, piece = sys.argv[1:]
    of_khttpd = exchanges()
    status.wait_for("connections", 0)
    status.command("unlisten", "max-connections 1")
    for address in "127.0.0.1", "::1":
        arguments = ["/tmp/sharing.py", address, str(PORT), piece]
        sharing = subprocess.Popen([sys.executable, *arguments])
        try:
            status.wait_until(lambda address=address: process.listens(address, PORT))
            travel(address, int(count), of_khttpd)
            print(address, status.comments(), flush=True)
        finally:
            sharing.kill()
            sharing.wait()
        status.wait_for("connections", 0)
    status.wait_for_sockets(orphan=0)


if __name__ == "__main__":
    main()
