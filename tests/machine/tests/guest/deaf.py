# SPDX-License-Identifier: GPL-2.0-only
"""Asks 127.0.0.1:8080 for far more than the buffers hold, reads nothing, and says after how many seconds it is reset."""

import socket
import time

connection = socket.socket()
connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
connection.connect(("127.0.0.1", 8080))
begin = time.monotonic()
connection.setblocking(False)
request = b"GET / HTTP/1.1\r\nHost: khttpd\r\n\r\n" * 1000
while time.monotonic() - begin < 90:
    try:
        connection.send(request)
    except BlockingIOError:
        pass
    except (BrokenPipeError, ConnectionResetError):
        print(time.monotonic() - begin)
        break
    time.sleep(0.2)
