# SPDX-License-Identifier: GPL-2.0-only
"""Requests of all kinds, and a load of the site, for tools that record them."""

import status
from tracing import GET, connect, rest


def main():
    """Sends requests, and waits until their connections have ended."""
    for _ in range(20):
        connection, _ = connect(GET)
        connection.recv(65536)
        connection.close()
    connection, _ = connect(GET * 100)
    received = b""
    while received.count(b"</html>") < 100:
        received += connection.recv(65536)
    connection.close()
    request = b"GET /missing HTTP/1.1\r\nHost: khttpd\r\nConnection: close\r\n\r\n"
    connection, _ = connect(request)
    assert rest(connection).startswith(b"HTTP/1.1 404 ")
    connection.close()
    status.command("reload")
    status.wait_for("connections", 0)


if __name__ == "__main__":
    main()
