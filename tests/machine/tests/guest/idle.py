# SPDX-License-Identifier: GPL-2.0-only
"""Opens COUNT connections to 127.0.0.1:8080 in every state a client can be in, says so, and keeps them open."""

import socket
import sys
import time

BEGINNINGS = [
    b"",
    b"GET / HT",
    b"GET / HTTP/1.1\r\nHost: khttpd\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: khttpd\r\nContent-Length: 1000\r\n\r\nhalf",
]

connections = []
for number in range(int(sys.argv[1])):
    connection = socket.create_connection(("127.0.0.1", 8080))
    connection.sendall(BEGINNINGS[number % len(BEGINNINGS)])
    connections.append(connection)
print("open", flush=True)
time.sleep(3600)
