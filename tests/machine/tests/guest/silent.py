# SPDX-License-Identifier: GPL-2.0-only
"""Connects to 127.0.0.1:8080 and says nothing until it is accepted, which is not at once; then it is served."""

import socket
import time

import status

# The server accepts a silent connection after a second, and TCP's timer is no finer than this.
LEAST = 0.7

before = status.count("accepted")
begin = time.monotonic()
connection = socket.create_connection(("127.0.0.1", 8080))
# However late it is seen, it was not accepted sooner than it should be.
status.wait_for("accepted", before + 1)
took = time.monotonic() - begin
assert took > LEAST, f"accepted after {took} s"
connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200 OK\r\n")
