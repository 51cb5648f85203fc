# SPDX-License-Identifier: GPL-2.0-only
"""Clients and writers while the configuration changes:  change.py moves|killed|starts COUNT"""

import os
import signal
import socket
import sys
import time

import status
from system_calls import is_writing

SITE = "/tmp/site"
CLIENTS = 1000
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
HERE = "127.0.0.1", 8080


def request_head(peer):
    """Sends a request; returns the head of the response, or nothing if the server closes."""
    peer.sendall(REQUEST)
    response = peer.recv(65536)
    return response.split(b"\r\n\r\n")[0]


def moves(rounds):
    """Replaces the wildcard by one address and back, while the acceptor is busy with many
    clients in the backlog."""
    for _ in range(rounds):
        status.command("max-connections 1")
        clients = [socket.create_connection(HERE) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(REQUEST)
        status.command("max-connections 65536")
        status.command("unlisten [::]:8080", "listen 127.0.0.1:8080")
        with socket.create_connection(HERE) as peer:
            assert request_head(peer).startswith(b"HTTP/1.1 200 ")
        for client in clients:
            client.close()
        status.command("unlisten 127.0.0.1:8080", "listen [::]:8080")
        status.wait_for("connections", 0)


def child(cpu, action):
    """Runs an action in another process, on one CPU."""
    number = os.fork()
    if number == 0:
        os.sched_setaffinity(0, {cpu})
        action()
        os._exit(0)
    return number


def hog():
    """Occupies the CPU."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    while True:
        pass


def ended(number):
    """Waits for a child; returns its wait status."""
    end = time.monotonic() + status.HANG
    while time.monotonic() < end:
        found, how = os.waitpid(number, os.WNOHANG)
        if found:
            return how
        time.sleep(0.001)
    raise AssertionError(f"process {number} does not end: {open(f'/proc/{number}/wchan').read()}")


def waits(writer, holder):
    """Waits until the writer sleeps in write(); returns `False` if the holder ends before that."""
    end = time.monotonic() + status.HANG
    while is_running(holder):
        if is_writing(writer):
            return True
        assert time.monotonic() < end, f"process {writer} does not wait"
        time.sleep(0.001)
    return False


def is_running(number):
    """Returns whether a child is still running, without reaping it."""
    return os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def is_loading(holder):
    """Waits until the node shows that a site is being loaded; returns `False` if the load ends
    before that is seen."""
    while is_running(holder):
        if any(line.startswith("loading") for line in status.comments()):
            return True
    return False


def killed(files):
    """Kills the first of two waiting writers at the moment when it would be next."""
    os.sched_setaffinity(0, {0})
    os.makedirs(SITE)
    for number in range(files):
        with open(f"{SITE}/{number}", "wb") as file:
            file.write(b"a small file\n")
    statuses, end = [], time.monotonic() + status.HANG
    while statuses.count(signal.SIGKILL) < 2:
        assert time.monotonic() < end, f"no writer was killed while it waited: {statuses}"
        children = [child(0, lambda: status.command(f"root {SITE}", "reload"))]
        holder, busy = children[0], None
        # Repeats the load if it ends before both writers wait.
        if is_loading(holder):
            first = child(1, lambda: status.command("timeout idle 61"))
            children.append(first)
            if waits(first, holder):
                second = child(0, lambda: status.command("timeout head 11"))
                children.append(second)
                if waits(second, holder):
                    busy = child(1, hog)
        if busy is None:
            assert [ended(number) for number in children] == [0] * len(children)
            continue
        while os.sched_getscheduler(busy) != os.SCHED_FIFO:
            pass
        assert ended(holder) == 0
        os.kill(first, signal.SIGKILL)
        os.kill(busy, signal.SIGKILL)
        os.waitpid(busy, 0)
        statuses.append(ended(first))
        assert ended(second) == 0


def starts(rounds):
    """A connection made during `start` is not closed, as connections are at `stop`. The writer
    has the lowest priority."""
    others = [f"127.0.0.1:{port}" for port in range(9001, 9061)]
    status.command("listen " + " ".join(others))
    for number in range(rounds):
        status.command("stop")
        peers = child(1, lambda: connect_at_once(50))
        time.sleep(0.002)
        writer = child(0, lambda: write_idly("start"))
        assert ended(writer) == 0
        assert ended(peers) == 0, f"in round {number} a connection was closed"
        status.wait_for("connections", 0)


def write_idly(command):
    """Writes a command at the lowest priority."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    status.command(command)


def connect_at_once(count):
    """Makes connections as soon as possible, and sends two requests on each."""
    peers = []
    while len(peers) < count:
        try:
            peers.append(socket.create_connection(HERE))
            peers[-1].sendall(REQUEST)
        except ConnectionRefusedError:
            pass
    for peer in peers:
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert request_head(peer).startswith(b"HTTP/1.1 200 ")


{"moves": moves, "killed": killed, "starts": starts}[sys.argv[1]](int(sys.argv[2]))
