# SPDX-License-Identifier: GPL-2.0-only
"""Newcomers at 127.0.0.1:8080 are served, beside an accepted client, while no worker runs.

The program has precedence over all workers, as softirqs have on a CPU that they occupy completely,
and never sleeps. Softirqs run at the ends of its system calls."""

import glob
import os
import socket
import subprocess

NEWCOMERS = 500
# Calls in each of which the program may wait for softirqs. On a busy host a timer may come first.
TRIES = 100_000
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: khttpd\r\n\r\n"
DEBUG = "/sys/kernel/debug"


def occupy_cpu():
    """Gives the program precedence over all other tasks, also in the long run."""
    if not os.path.ismount(DEBUG):
        subprocess.run(["mount", "-t", "debugfs", "debugfs", DEBUG], check=True)
    # The scheduler would let other tasks run for a twentieth of each second.
    limits = glob.glob("/proc/sys/kernel/sched_rt_runtime_us")
    servers = glob.glob(f"{DEBUG}/sched/*_server/cpu*/runtime")
    for path, value in [*((path, "-1") for path in limits), *((path, "0") for path in servers)]:
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def repeat(what, action):
    """Repeats an action until it need not wait; returns its result."""
    for _ in range(TRIES):
        try:
            return action()
        except BlockingIOError:
            pass
    raise AssertionError(f"{what}: nothing after {TRIES} tries")


def connect():
    """Begins to connect."""
    client = socket.socket()
    client.setblocking(False)
    try:
        client.connect(("127.0.0.1", 8080))
    except BlockingIOError:
        pass
    return client


def request(what, client):
    """Sends a request and receives the response."""
    assert repeat(what, lambda: client.send(REQUEST)) == len(REQUEST)
    response = b""
    while b"Disallow" not in response:
        piece = repeat(what, lambda: client.recv(4096))
        assert piece, f"{what}: closed"
        response += piece
    assert response.startswith(b"HTTP/1.1 200 OK\r\n"), response


def main():
    accepted = connect()
    request("first client", accepted)
    occupy_cpu()
    newcomers = []
    for number in range(NEWCOMERS):
        newcomers.append(connect())
        request(f"newcomer {number}", newcomers[-1])
        request(f"accepted client beside newcomer {number}", accepted)


main()
