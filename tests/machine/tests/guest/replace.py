# SPDX-License-Identifier: GPL-2.0-only
"""Transactions that replace a listener by another one at the same port:
replace.py refused|pending|beside"""

import errno
import itertools
import os
import signal
import socket
import subprocess
import sys
import time

import status

REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
HERE = "127.0.0.1", 8080
# An address that no machine has and one whose machine never answers.
NOWHERE = "10.99.99.99:80"
SILENT = "10.8.0.2:9"


def served(peer):
    """Receives a response."""
    assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")


def request(peer):
    """Sends a request and receives its response."""
    peer.sendall(REQUEST)
    served(peer)


def refused():
    """A transaction that cannot be carried out resets no client in the backlog of the listener that
    it would have replaced."""
    status.command("max-connections 1")
    with socket.create_connection(HERE) as busy:
        request(busy)
        waiting = [socket.create_connection(HERE) for _ in range(20)]
        for peer in waiting:
            peer.sendall(REQUEST)
        for last in f"listen {NOWHERE}", "send 127.0.0.1:1 text":
            try:
                status.command("unlisten [::]:8080", "listen 127.0.0.1:8080", last)
            except OSError as error:
                assert error.errno in (errno.EADDRNOTAVAIL, errno.ECONNREFUSED), error
            else:
                raise AssertionError(f"{last} has not failed")
        status.command("max-connections 65536")
        for peer in waiting:
            served(peer)
        request(busy)


def pending():
    """While a transaction may still fail, its new listeners accept no client, but no process can
    take their addresses."""
    for words in (
        "link add v0 type veth peer name v1",
        "address add 10.8.0.1/24 dev v0",
        "link set v0 up",
        "link set v1 up",
        "neighbor add 10.8.0.2 lladdr 02:00:00:00:00:02 dev v0",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    writer = os.fork()
    if writer == 0:
        status.command(
            "unlisten [::]:8080", "listen 127.0.0.1:8080 127.0.0.1:8099", f"send {SILENT} text"
        )
        os._exit(0)
    end = time.monotonic() + status.HANG
    while "0200080A:0009 02" not in open("/proc/net/tcp", encoding="ascii").read():
        assert time.monotonic() < end, "the writer does not connect"
        time.sleep(0.01)
    with socket.create_connection(HERE) as peer:
        request(peer)
        assert_taken(socket.AF_INET, "127.0.0.1", 8099)
        try:
            socket.create_connection(("127.0.0.1", 8099))
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError("a listener of an unfinished transaction has a client")
        os.kill(writer, signal.SIGTERM)
        assert os.waitpid(writer, 0)[1] == signal.SIGTERM
        request(peer)
    with socket.create_connection(HERE) as peer:
        request(peer)


def assert_taken(family, host, port):
    """Asserts that no process can listen at an address, whatever it does."""
    options = socket.SO_REUSEADDR, socket.SO_REUSEPORT
    for user, values in itertools.product((0, 65534), itertools.product((0, 1), repeat=2)):
        os.seteuid(user)
        try:
            with socket.socket(family) as other:
                for option, value in zip(options, values):
                    other.setsockopt(socket.SOL_SOCKET, option, value)
                other.bind((host, port))
                other.listen()
            raise AssertionError(f"user {user} listens at {host} with {values}")
        except OSError as error:
            assert error.errno == errno.EADDRINUSE, error
        finally:
            os.seteuid(0)


def beside():
    """A listener has its port for itself, but for other listeners of the server."""
    assert_taken(socket.AF_INET, "127.0.0.1", 8080)
    assert_taken(socket.AF_INET, "0.0.0.0", 8080)
    assert_taken(socket.AF_INET6, "::", 8080)
    status.command("listen 127.0.0.1:8080")
    assert_taken(socket.AF_INET, "127.0.0.1", 8080)
    status.command("unlisten [::]:8080")
    assert_taken(socket.AF_INET, "127.0.0.1", 8080)
    assert_taken(socket.AF_INET, "0.0.0.0", 8080)
    assert_taken(socket.AF_INET6, "::", 8080)
    with socket.create_connection(HERE) as peer:
        request(peer)
    try:
        socket.create_connection(("127.0.0.2", 8080))
    except ConnectionRefusedError:
        pass
    else:
        raise AssertionError("the replaced listener still listens")


{"refused": refused, "pending": pending, "beside": beside}[sys.argv[1]]()
