# SPDX-License-Identifier: GPL-2.0-only
"""Opens COUNT connections to 127.0.0.1:8080, prints `open`, and keeps them open: idle.py COUNT

The connections have had no request or one. The last tenth has half a head or half a content,
which the server does not wait for as long."""

import socket
import sys
import time

LASTING = [b"", b"GET / HTTP/1.1\r\nHost: khttpd\r\n\r\n"]
HALF = [b"GET / HT", b"POST / HTTP/1.1\r\nHost: khttpd\r\nContent-Length: 1000\r\n\r\nhalf"]

count = int(sys.argv[1])
connections = []
for number in range(count):
    beginnings = HALF if number >= count - count // 10 else LASTING
    connection = socket.create_connection(("127.0.0.1", 8080))
    connection.sendall(beginnings[number % 2])
    connections.append(connection)
print("open", flush=True)
time.sleep(3600)
