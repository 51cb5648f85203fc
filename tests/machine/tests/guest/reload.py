# SPDX-License-Identifier: GPL-2.0-only
"""Reloads a site whose content changes, again and again, while clients ask for it:  reload.py COUNT

Each body must be wholly of one version and be what its entity tag is the hash of. A slow reader begins on the first version and
must get all of it. Goes on until the clients have seen some versions. Prints counts: reloads of a round at least, replies, versions seen, replies lost,
KiB of memory that are gone."""

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

# A leak goes on in every round; a cache that fills up does not, but may take as much as a few hundred reloads would lose.
ROUNDS = 4
# So many replies each client has in a round at least, however slow the machine is.
REPLIES = 100
# KiB for each reload: a page would be twice as much.
LEAK = 2


def body(version):
    """What version number `version` of a file is: all of it tells the version."""
    line = f"version {version:09d}\n".encode()
    return line * (1 + version * 7919 % 1500)


def write(name, content):
    """Replaces a file in one step."""
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
        # Grows in place: the long file comes in hundreds of pieces.
        self.received = bytearray()

    def ask(self, path):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    def fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError("closed in the middle of a reply")
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
    """Begins to read a long file, and takes its time until the others are done."""
    connection = Connection(SO_RCVBUF=65536)
    connection.ask("/large.bin")
    fields = connection.head()
    begun.set()
    while not stop.wait(0.25) and len(connection.received) < LARGE // 2:
        connection.fill()
    content = connection.body(LARGE)
    check(fields, content)
    results.put(hashlib.sha256(content).digest())


def client(stop, enough, results):
    connection = Connection()
    replies, lost, versions = 0, 0, set()
    while not stop.is_set():
        try:
            connection.ask("/page.txt")
            fields = connection.head()
            content = connection.body(int(fields["Content-Length"]))
        except (OSError, EOFError):
            # The server may close after 10,000 requests, but not in between.
            lost += replies % 10000 != 0
            connection = Connection()
            continue
        check(fields, content)
        version = int(content[8:17])
        assert content == body(version), f"version {version} is torn"
        versions.add(version)
        replies += 1
        if replies == REPLIES:
            enough.set()
        # Somebody must have time to reload.
        time.sleep(0.001)
    results.put((replies, lost, len(versions)))


def available():
    """Memory that is not in use, in KiB, when what is only cached is let go; with the free pages that each processor keeps."""
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
    """So many reloads while clients ask; what these have counted."""
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
        processes.append(multiprocessing.Process(target=client, args=(stop, event, results), daemon=True))
    processes[0].start()
    assert begun.wait(status.HANG), "the slow reader has not begun"
    write("large.bin", b"small")
    for process in processes[1:]:
        process.start()
    version, end = 0, time.monotonic() + status.HANG
    while version < count or not all(event.is_set() for event in enough):
        assert version < count or time.monotonic() < end, "the clients have hardly any replies"
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
    # What is taken once and for all is taken before the measure.
    run(300)
    told = []
    for _ in range(ROUNDS):
        before = available()
        told += run(count)
        leaked = before - available()
        if leaked < LEAK * count:
            break
    replies, lost, versions = (sum(numbers) for numbers in zip(*told))
    print("reloads", count, "replies", replies, "versions", versions, "lost", lost, "leaked-kib", leaked)


main()
