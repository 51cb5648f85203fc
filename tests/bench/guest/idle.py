# SPDX-License-Identifier: GPL-2.0-only
"""Opens COUNT connections to PORT, sends one request on each and keeps them open:
idle.py PORT COUNT
Prints `open` after the last response."""

import gc
import signal
import socket
import sys

port, count = map(int, sys.argv[1:])
connections = []
for _ in range(count):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"GET /612.html HTTP/1.1\r\nHost: localhost\r\n\r\n")
    response = b""
    while len(response.partition(b"\r\n\r\n")[2]) < 612:
        response += connection.recv(4096)
    connections.append(connection)
gc.collect()
print("open", flush=True)
signal.pause()
