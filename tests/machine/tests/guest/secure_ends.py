# SPDX-License-Identifier: GPL-2.0-only
"""Connections with TLS that end by force: secure_ends.py"""

import os
import ssl
import subprocess
import threading

import status
from adoption import Node
from secure import adopted
from stream import Torn, request, serves

FOLDER = "/tmp/ends"
LARGE = request("GET", "/large")
ENDS = ConnectionError, ssl.SSLError, EOFError, Torn


class Downloads:
    """Clients that download until their connections end."""

    def __init__(self, node, count):
        self.streams = [adopted(node) for _ in range(count)]
        self.served = 0
        self.threads = [threading.Thread(target=self.download, args=(s,)) for s in self.streams]
        for thread in self.threads:
            thread.start()
        status.wait_until(lambda: self.served > count)

    def download(self, stream):
        """Downloads with one connection."""
        try:
            while True:
                stream.send(LARGE)
                assert len(stream.response()[1]) == 1 << 20
                self.served += 1
        except ENDS:
            stream.close()

    def join(self):
        """Waits until all connections have ended."""
        for thread in self.threads:
            thread.join(status.HANG)
            assert not thread.is_alive()


def resets(node):
    """Clients reset their connections in all phases."""
    for phase in range(4):
        for _ in range(50):
            stream = adopted(node)
            if phase > 0:
                stream.send(LARGE)
            if phase > 1:
                stream.left = stream.socket.recv(5000)
            if phase > 2:
                stream.send(LARGE[:10])
            stream.socket = stream.socket.socket
            stream.reset()
    status.wait_for("connections", 0)


def silent(node):
    """A client that takes nothing, and has sent a part of a record, keeps no server from its stop."""
    status.command("timeout stop 1")
    streams = [adopted(node) for _ in range(4)]
    for number, stream in enumerate(streams):
        stream.send(LARGE * number)
        # The header of a record, and nothing of its content.
        stream.socket.socket.sendall(b"\x17\x03\x03\x01\x00")
    status.command("stop")
    status.wait_for("connections", 0)
    status.command("start")
    for stream in streams:
        stream.close()


def stopped(node):
    """The server stops."""
    status.command("timeout stop 1")
    downloads = Downloads(node, 4)
    status.command("stop")
    downloads.join()
    status.wait_for("connections", 0)
    status.command("start")


def unloaded(node):
    """The module is unloaded."""
    downloads = Downloads(node, 4)
    os.close(node.file)
    node.file = os.open(os.devnull, os.O_RDONLY)
    subprocess.run(["rmmod", "khttpd"], check=True)
    downloads.join()
    subprocess.run(["insmod", "khttpd.ko"], check=True)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    with open(f"{FOLDER}/large", "wb") as file:
        file.write(bytes(1 << 20))
    for case in resets, silent, stopped, unloaded:
        status.command(f"root {FOLDER}")
        with Node() as node:
            case(node)
        print(case.__name__, flush=True)
    status.command("root built-in")
    with Node() as node, adopted(node) as stream:
        serves(stream)
    status.wait_for("connections", 0)
    status.wait_for_sockets(orphan=0)


main()
