# SPDX-License-Identifier: GPL-2.0-only
"""The server's sockets at port 8080 are killed while clients connect and send requests: kills.py
COUNT

Goes on until COUNT sockets of established connections and a tenth as many unfinished handshakes
have been killed. Then kills the listener again and again."""

import collections
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import time

import status

ADDRESS = "127.0.0.1", 8080
CLIENTS = 24
# Fewer than the clients, so that most connections wait to be accepted.
SLOTS = 6
LISTENERS = 20
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
END = b"\r\n\r\nUser-agent: *\nDisallow:\n"
# Ends of a connection that was killed.
KILLED = ConnectionError, EOFError, TimeoutError


def response_of(client):
    """Receives a response, which is right unless the connection ends before its last byte."""
    received = b""
    while not received.endswith(END):
        piece = client.recv(4096)
        if not piece:
            raise EOFError
        received += piece
        assert len(received) < 1000, received
    assert received.startswith(b"HTTP/1.1 200 OK\r\n"), received


def connect_for_ever():
    """Connects, is silent for a moment, sends requests, and so on."""
    while True:
        try:
            with socket.create_connection(ADDRESS, 5) as client:
                time.sleep(random.choice((0, 0, 0, 0.01)))
                for _ in range(random.randint(1, 5)):
                    client.sendall(REQUEST)
                    response_of(client)
        except KILLED:
            pass


def kill_for_ever(killed):
    """Kills all connections of the server, and reports their states."""
    os.nice(-20)
    command = "ss --kill --no-header --tcp state connected sport = :8080".split()
    while True:
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        killed.put(collections.Counter(line.split()[0] for line in lines.splitlines()))


def start(action, count, *arguments):
    """Starts processes."""
    tasks = [multiprocessing.Process(target=action, args=arguments) for _ in range(count)]
    for task in tasks:
        task.start()
    return tasks


def end(tasks):
    """Ends processes, of which none may have failed."""
    alive = [task.is_alive() for task in tasks]
    for task in tasks:
        task.kill()
        task.join()
    assert all(alive), "a process has failed"


def kill_connections(count):
    """Kills connections, accepted ones and such that wait to be accepted, and handshakes."""
    status.command(f"max-connections {SLOTS}")
    killed = multiprocessing.Queue()
    tasks = start(kill_for_ever, 2, killed)
    total, limit = collections.Counter(), time.monotonic() + status.HANG
    while total["ESTAB"] < count or total["SYN-RECV"] < count // 10:
        assert time.monotonic() < limit, total
        total += killed.get(timeout=status.HANG)
    end(tasks)
    print(*total.items(), *status.comments(), sep="\n", flush=True)


def kill_listeners():
    """Kills the listener, which another command opens again."""
    for _ in range(LISTENERS):
        accepted = status.count("accepted")
        status.wait_until(lambda accepted=accepted: status.count("accepted") > accepted + SLOTS)
        command = "ss --kill --tcp --listening sport = :8080"
        subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)
        status.wait_for("listeners", 0)
        status.command("start")


def main():
    count = int(sys.argv[1])
    clients = start(connect_for_ever, CLIENTS)
    kill_connections(count)
    kill_listeners()
    end(clients)
    # Whatever is left in the accept queue is accepted, and closed by the peer.
    status.wait_for("connections", 0)
    clients = [socket.create_connection(ADDRESS, status.HANG) for _ in range(2 * SLOTS)]
    for client in clients:
        client.sendall(REQUEST)
    for client in clients:
        response_of(client)
        client.close()
    status.wait_for("connections", 0)


main()
