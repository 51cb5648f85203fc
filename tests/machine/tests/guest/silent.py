# SPDX-License-Identifier: GPL-2.0-only
"""A client of 127.0.0.1:8080 that is silent is accepted after a second, and served when it sends
a request."""

import socket
import time

import status

# Least number of seconds until the connection is accepted. TCP's timer for it is coarse.
LEAST = 0.7

before = status.count("accepted")
begin = time.monotonic()
connection = socket.create_connection(("127.0.0.1", 8080))
# The measured time is never shorter than the actual one.
status.wait_for("accepted", before + 1)
took = time.monotonic() - begin
assert took > LEAST, f"accepted after {took} s"
connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200 OK\r\n")
