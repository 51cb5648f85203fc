# SPDX-License-Identifier: GPL-2.0-only
"""A process sees the addresses of the client, whatever the families: addresses.py [KIND]

The process tells the address and port of its peer, and its own, which must be those that the client
came from and to; nginx asks for its own only if it listens at all addresses, and tells where it
listens otherwise. Where the families do not fit, the response is 503."""

import subprocess
import sys

import status
from process import Process
from stream import Stream, code, request, serves

# Listeners of khttpd.
LISTENERS = ["0.0.0.0:8081", "127.0.0.2:8082", "[::]:8083", "[::1]:8084"]
# Where clients connect to, and come from.
CONNECTIONS = [
    (("127.0.0.1", 8081), "127.0.0.5"),
    (("127.0.0.9", 8081), "127.0.0.5"),
    (("127.0.0.2", 8082), "127.0.0.5"),
    (("127.0.0.3", 8083), "127.0.0.6"),
    (("::1", 8083), "fd00::5"),
    (("fd00::6", 8083), "fd00::5"),
    (("::1", 8084), "::1"),
]
# Where processes listen, and whether a listener takes IPv4 clients and IPv6 clients.
PROCESSES = [
    ("127.0.0.1", 9001, True, False),
    ("0.0.0.0", 9002, True, False),
    ("::", 9003, True, True),
    ("::1", 9004, False, True),
]
# Addresses in rules, and whether the listener there takes IPv4 clients and IPv6 clients. None: it
# depends on the listener of khttpd, but nothing breaks.
RULES = [
    ("127.0.0.1:9001", True, False),
    ("127.0.0.1:9002", True, False),
    ("127.0.0.1:9003", True, True),
    ("127.0.0.7:9002", True, False),
    ("127.0.0.7:9001", False, False),
    ("[::1]:9003", None, True),
    ("[::1]:9004", None, True),
    ("[fd00::6]:9003", None, True),
    ("[fd00::6]:9004", False, False),
]


def ask(to, source, target, handed, own):
    """Connects from an address to another, and sends requests. `handed`: the process gets them.
    `own`: it knows its own address."""
    with Stream(to, (source, 0)) as stream:
        serves(stream)
        client, server = (name[:2] for name in (stream.socket.getsockname(), to))
        stream.send(request("GET", target))
        head, body = stream.response()
        where = to, source, target, head, body
        if code(head) == 503 and not handed:
            serves(stream)
            return
        assert code(head) == 200 and handed is not False, where
        words = body.decode().replace("::ffff:", "").split()
        expected = [str(word) for word in (*client, *server)]
        assert words[:2] == expected[:2] and (words == expected or not own), (words, *where)
        # It is the process's now.
        for _ in range(3):
            stream.send(request("POST", target, body=b"content"))
            head, again = stream.response()
            assert code(head) in (200, 405), (head, again, *where)


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "http"
    for address in "fd00::5", "fd00::6":
        command = f"ip address add {address}/128 dev lo nodad"
        subprocess.run(command.split(), check=True)
    status.command(f"listen {' '.join(LISTENERS)}")
    running = [Process(kind, address, port) for address, port, _, _ in PROCESSES]
    rules = [(str(port), four, six) for _, port, four, six in PROCESSES] + RULES
    for to, four, six in rules:
        status.command(f"hand-over /app/addresses {to}")
        own = kind != "nginx" or to.endswith(("9002", "9003"))
        for connection, source in CONNECTIONS:
            ask(connection, source, "/app/addresses", six if ":" in source else four, own)
        status.command("no-hand-over /app/addresses")
    for process in running:
        process.kill()
    status.wait_for("connections", 0)


main()
