# SPDX-License-Identifier: GPL-2.0-only
"""Clients of two listeners, each with one connection per request, take turns in a few slots:
slots.py REQUESTS

When the clients of one listener have ended, those of the other one have been served, too."""

import multiprocessing
import socket
import sys
import time

import status

PORTS = 8080, 8081
CLIENTS = 25
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def client(port, requests, served):
    """Sends requests, each on a connection of its own."""
    for _ in range(requests):
        with socket.create_connection(("127.0.0.1", port), status.HANG) as connection:
            connection.sendall(REQUEST)
            response = connection.makefile("rb").read()
            assert response.startswith(b"HTTP/1.1 200 OK\r\n"), response
            assert response.endswith(b"Disallow:\n"), response
        with served.get_lock():
            served.value += 1


def main():
    requests = int(sys.argv[1])
    status.command("listen 8081")
    for slots in 1, 2:
        status.command(f"max-connections {slots}")
        full = status.count("full")
        served = {port: multiprocessing.Value("l") for port in PORTS}
        tasks = [
            multiprocessing.Process(target=client, args=(port, requests, served[port]))
            for port in PORTS
            for _ in range(CLIENTS)
        ]
        begin = time.monotonic()
        for task in tasks:
            task.start()
        wanted = CLIENTS * requests
        while all(number.value < wanted for number in served.values()):
            assert time.monotonic() - begin < status.HANG, [s.value for s in served.values()]
            assert all(task.exitcode in (None, 0) for task in tasks)
            time.sleep(0.05)
        halfway = [number.value for number in served.values()]
        for task in tasks:
            task.join()
            assert task.exitcode == 0
        print(f"{slots} slots: {time.monotonic() - begin:.1f} s, {halfway} of {wanted}", flush=True)
        assert min(halfway) > wanted // 10, f"a listener takes the slots: {halfway}"
        assert status.count("full") > full, "the limit was never reached"
        status.wait_for("connections", 0)
    status.command("max-connections 65536")


main()
