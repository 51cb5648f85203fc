# SPDX-License-Identifier: GPL-2.0-only
"""Asks 127.0.0.1:8080 what ends the connection, does not close it, and says after how many seconds the server has."""

import socket
import time

connection = socket.create_connection(("127.0.0.1", 8080))
connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
while connection.recv(65536):
    pass
begin = time.monotonic()
while time.monotonic() - begin < 60:
    try:
        connection.send(b"x")
    except (BrokenPipeError, ConnectionResetError):
        print(time.monotonic() - begin)
        break
    time.sleep(0.1)
