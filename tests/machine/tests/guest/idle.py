# SPDX-License-Identifier: GPL-2.0-only
"""Opens COUNT connections to 127.0.0.1:8080 and keeps them open: new ones and used ones and, as the last tenth, because
the server gives them little time, such with half a request or half a body. Says when all are open."""

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
