# SPDX-License-Identifier: GPL-2.0-only
"""Many clients connect to 127.0.0.1:8080 while an accepted client sends requests; all are served.

The program has precedence over all workers, as softirqs have on a machine that they occupy
completely."""

import os
import socket

CLIENTS = 500
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: khttpd\r\n\r\n"


def receive(connection):
    response = b""
    while b"Disallow" not in response:
        piece = connection.recv(4096)
        assert piece, "closed"
        response += piece
    assert response.startswith(b"HTTP/1.1 200 OK\r\n"), response


os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
accepted = socket.create_connection(("127.0.0.1", 8080))
accepted.sendall(REQUEST)
receive(accepted)
waiting = []
for _ in range(CLIENTS):
    client = socket.create_connection(("127.0.0.1", 8080))
    client.sendall(REQUEST)
    waiting.append(client)
    accepted.sendall(REQUEST)
    receive(accepted)
for client in waiting:
    receive(client)
