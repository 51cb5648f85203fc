# SPDX-License-Identifier: GPL-2.0-only
"""Reloads a changing site again and again under load: reload.py COUNT

The content of each response must be of one version and match its entity tag. A slow reader
begins with the first version and must get all of it. Each round goes on until the clients have
had some responses. Prints counts: reloads of a round, responses, versions seen, responses lost,
KiB of memory lost in each round."""

import base64
import hashlib
import multiprocessing
import os
import socket
import sys
import time

import status

SITE = "/tmp/site"
CLIENTS = 2
LARGE = 32 << 20

# Rounds in each of which a leak loses memory. A cache that fills up may take as much in one or two
# of them.
ROUNDS = 4
# Least number of responses of each client in a round, however slow the machine is.
RESPONSES = 100
# KiB per reload above which memory is lost: half a page.
LEAK = 2


def body(version):
    """Returns the content of a version of the file, in which every line has the version."""
    line = f"version {version:09d}\n".encode()
    return line * (1 + version * 7919 % 1500)


def write(name, content):
    """Replaces a file atomically."""
    with open(f"{SITE}/.new", "wb") as file:
        file.write(content)
    os.rename(f"{SITE}/.new", f"{SITE}/{name}")


def command(text):
    node = os.open("/dev/khttpd", os.O_WRONLY)
    os.write(node, text)
    os.close(node)


class Connection:
    def __init__(self, **options):
        self.socket = socket.socket()
        for option, value in options.items():
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
        self.socket.connect(("127.0.0.1", 8080))
        # A bytearray grows in place: the large file arrives in hundreds of pieces.
        self.received = bytearray()

    def request(self, path):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    def fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError("closed within a response")
        self.received += piece

    def head(self):
        while b"\r\n\r\n" not in self.received:
            self.fill()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        assert lines[0] == "HTTP/1.1 200 OK", lines[0]
        return dict(line.split(": ", 1) for line in lines[1:])

    def body(self, length):
        while len(self.received) < length:
            self.fill()
        content = bytes(self.received[:length])
        del self.received[:length]
        return content


def check(fields, content):
    digest = hashlib.blake2s(content, digest_size=16).digest()
    tag = base64.urlsafe_b64encode(digest[:12]).decode()
    assert fields["ETag"] == f'"{tag}"', f'{fields["ETag"]} is not the tag of its body'


def slow_client(begun, stop, results):
    """Begins to read a large file, and reads slowly until the other clients have finished."""
    connection = Connection(SO_RCVBUF=65536)
    connection.request("/large.bin")
    fields = connection.head()
    begun.set()
    while not stop.wait(0.25) and len(connection.received) < LARGE // 2:
        connection.fill()
    content = connection.body(LARGE)
    check(fields, content)
    results.put(hashlib.sha256(content).digest())


def client(stop, enough, results):
    connection = Connection()
    responses, lost, versions = 0, 0, set()
    while not stop.is_set():
        try:
            connection.request("/page.txt")
            fields = connection.head()
            content = connection.body(int(fields["Content-Length"]))
        except (OSError, EOFError):
            # The server closes after 10,000 requests, and not earlier.
            lost += responses % 10000 != 0
            connection = Connection()
            continue
        check(fields, content)
        version = int(content[8:17])
        assert content == body(version), f"version {version} is torn"
        versions.add(version)
        responses += 1
        if responses == RESPONSES:
            enough.set()
        # The reloads need CPU time.
        time.sleep(0.001)
    results.put((responses, lost, len(versions)))


def available():
    """Empties caches; returns the available memory in KiB, including the free pages of each CPU."""
    time.sleep(3)
    status.empty_caches()
    with open("/proc/zoneinfo", encoding="ascii") as file:
        kept = sum(int(line.split()[1]) for line in file if line.split()[0] == "count:")
    with open("/proc/meminfo", encoding="ascii") as file:
        free = int(next(line.split()[1] for line in file if line.startswith("MemAvailable:")))
    return free + 4 * kept


def reload(version):
    write("page.txt", body(version))
    command(b"reload\n")


def run(count):
    """Does this number of reloads under load; returns the counts of the clients."""
    large = os.urandom(LARGE)
    expected = hashlib.sha256(large).digest()
    write("large.bin", large)
    del large
    command(b"reload\n")
    begun, stop = multiprocessing.Event(), multiprocessing.Event()
    enough = [multiprocessing.Event() for _ in range(CLIENTS)]
    slow, results = multiprocessing.Queue(), multiprocessing.Queue()
    processes = [multiprocessing.Process(target=slow_client, args=(begun, stop, slow), daemon=True)]
    for event in enough:
        processes.append(
            multiprocessing.Process(target=client, args=(stop, event, results), daemon=True)
        )
    processes[0].start()
    assert begun.wait(status.HANG), "the slow reader has not begun"
    write("large.bin", b"small")
    for process in processes[1:]:
        process.start()
    version, end = 0, time.monotonic() + status.HANG
    while version < count or not all(event.is_set() for event in enough):
        assert version < count or time.monotonic() < end, "the clients have hardly any responses"
        reload(version)
        version += 1
    stop.set()
    assert slow.get(timeout=status.HANG) == expected, "the slow reader got something else"
    told = [results.get(timeout=status.HANG) for _ in range(CLIENTS)]
    for process in processes:
        process.join(status.HANG)
        assert process.exitcode == 0, "a client has failed"
    return told


def main():
    count = int(sys.argv[1])
    os.makedirs(SITE, exist_ok=True)
    write("page.txt", body(0))
    for number in range(20):
        write(f"same-{number}.txt", b"always the same %d\n" % number)
    command(f"root {SITE}\n".encode())
    # The first reloads fill caches.
    run(300)
    told = []
    for _ in range(ROUNDS):
        before = available()
        told += run(count)
        leaked = before - available()
        if leaked < LEAK * count:
            break
    responses, lost, versions = (sum(numbers) for numbers in zip(*told))
    print(
        "reloads",
        count,
        "responses",
        responses,
        "versions",
        versions,
        "lost",
        lost,
        "leaked-kib",
        leaked,
    )


main()
