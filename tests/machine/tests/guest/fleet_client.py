# SPDX-License-Identifier: GPL-2.0-only
"""Clients of a fleet, in a network namespace of their own: each request is recorded with its times,
its machine and its failure."""

import collections
import os
import socket
import threading
import time

PORT = 80
# Limit in seconds that ends a test which hangs.
HANG = 600
# Pause in seconds between the requests of a client, so that the directors' checks get a CPU.
PAUSE = 0.05
REQUEST = "GET {} HTTP/1.1\r\nHost: www\r\n{}\r\n"
CLOSE = "Connection: close\r\n"

Record = collections.namedtuple("Record", "begin end fresh repeated machine version error")


class Ended(Exception):
    """A connection has ended before the first byte of a response."""


def enter(namespace):
    """Moves this thread into a network namespace."""
    with open(f"/run/netns/{namespace}", "rb") as file:
        os.setns(file, os.CLONE_NEWNET)


def connect(address):
    """Returns a connection to a server."""
    return socket.create_connection((address, PORT), HANG)


def head_of(connection):
    """Receives the head of a response; returns its status, its fields and the bytes behind it."""
    received = b""
    while b"\r\n\r\n" not in received:
        try:
            piece = connection.recv(65536)
        except ConnectionError as error:
            raise (error if received else Ended(repr(error))) from error
        if not piece:
            raise ConnectionError("half a head") if received else Ended("end of the stream")
        received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), fields, rest


def exchange(connection, path, end=""):
    """Sends a request; returns the fields and the body of its response."""
    try:
        connection.sendall(REQUEST.format(path, end).encode())
    except ConnectionError as error:
        raise Ended(repr(error)) from error
    status, fields, body = head_of(connection)
    while len(body) < int(fields["content-length"]):
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("half a body")
        body += piece
    assert status == 200, status
    return fields, body


class Client:
    """A client with one connection at a time, each for a number of requests."""

    def __init__(self, address, requests):
        self.address = address
        self.requests = requests
        self.connection = None
        self.left = 0

    def attempt(self):
        """Requests a page; returns whether the connection is new, and the fields."""
        fresh = self.connection is None
        if fresh:
            self.connection, self.left = connect(self.address), self.requests
        self.left -= 1
        fields, _ = exchange(self.connection, "/", "" if self.left else CLOSE)
        if fields.get("connection") == "close":
            self.close()
        return fresh, fields

    def close(self):
        """Closes the connection."""
        if self.connection:
            self.connection.close()
        self.connection = None

    def request(self):
        """Requests a page as RFC 9110, 9.2.2 says: again, on a new connection, if one that was used
        before has ended without a byte of the response. Returns the record."""
        begin, repeated, fresh = time.monotonic(), False, False
        fields, error = {}, None
        try:
            try:
                fresh, fields = self.attempt()
            except Ended:
                is_used = self.left + 1 < self.requests
                self.close()
                if not is_used:
                    raise
                repeated = True
                fresh, fields = self.attempt()
        except (OSError, AssertionError, Ended) as found:
            error = repr(found)
            self.close()
        machine, version = fields.get("x-machine"), fields.get("x-version")
        return Record(begin, time.monotonic(), fresh, repeated, machine, version, error)


class Load:
    """Constant load by several clients, half of which close each connection after one request."""

    def __init__(self, namespace, address, clients):
        self.records = []
        self.over = threading.Event()
        kinds = [1, 20] * (clients // 2)
        self.threads = [
            threading.Thread(target=self.run, args=(namespace, Client(address, requests)))
            for requests in kinds
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self, namespace, client):
        """Sends requests until the load is over."""
        enter(namespace)
        while not self.over.wait(PAUSE):
            self.records.append(client.request())
        client.close()

    def since(self, begin):
        """Returns the records of requests that have begun since then and are over."""
        return [record for record in list(self.records) if record.begin >= begin]

    def wait(self, condition):
        """Waits until the records of requests from now on meet a condition; returns them."""
        begin = time.monotonic()
        while True:
            records = self.since(begin)
            if condition(records):
                return records
            assert time.monotonic() < begin + HANG, records[-10:]
            time.sleep(0.1)


class Download(threading.Thread):
    """A client that takes a file slowly until it may hurry."""

    def __init__(self, namespace, address, path):
        super().__init__()
        self.namespace, self.address, self.path = namespace, address, path
        self.begun, self.hurry = threading.Event(), threading.Event()
        self.machine, self.missing, self.error = None, None, None

    def run(self):
        enter(self.namespace)
        try:
            with connect(self.address) as connection:
                self.take(connection)
        except (OSError, Ended) as error:
            self.error = repr(error)
        self.begun.set()

    def take(self, connection):
        """Receives the file."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        connection.sendall(REQUEST.format(self.path, CLOSE).encode())
        _, fields, rest = head_of(connection)
        self.machine = fields["x-machine"]
        self.missing = int(fields["content-length"]) - len(rest)
        self.begun.set()
        # Faster than `min-rate`.
        while self.missing and not self.hurry.wait(0.05):
            self.receive(connection, 1024)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while self.missing:
            self.receive(connection, 1 << 20)

    def receive(self, connection, size):
        """Receives some of the file."""
        piece = connection.recv(size)
        if not piece:
            raise Ended("end of the stream")
        self.missing -= len(piece)
