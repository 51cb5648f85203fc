# SPDX-License-Identifier: GPL-2.0-only
"""Asks 127.0.0.1:8080 for 3,000,000 bytes, takes a few kilobytes a second for 45 s, then the rest, and says how many came."""

import socket
import time

connection = socket.socket()
connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
connection.connect(("127.0.0.1", 8080))
connection.sendall(b"GET /large HTTP/1.0\r\nHost: khttpd\r\n\r\n")
begin = time.monotonic()
received = b""
while time.monotonic() - begin < 45:
    received += connection.recv(4096)
    time.sleep(0.5)
try:
    while piece := connection.recv(65536):
        received += piece
except ConnectionResetError:
    pass
print(len(received.partition(b"\r\n\r\n")[2]))
