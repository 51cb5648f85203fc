# SPDX-License-Identifier: GPL-2.0-only
"""Listeners of MPTCP get connections, and clients of MPTCP are served: mptcp.py

A connection of khttpd's is one of TCP, whatever the client asks for, and so is what the process
accepts."""

import contextlib
import os
import select
import socket
import subprocess
import threading
import time

import process
import status
from process import IPPROTO_MPTCP
from stream import KHTTPD, Stream, code, request, serves

PORT = 9000
# Where processes listen, and clients connect to.
ADDRESSES = [("127.0.0.1", KHTTPD), ("0.0.0.0", KHTTPD), ("::", KHTTPD), ("::", ("::1", 8080))]
COUNT = 40
# Duration of what happens at the same time.
SECONDS = 5


class MptcpStream(Stream):
    """A connection of a client with MPTCP."""

    def __init__(self, address=KHTTPD):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM, IPPROTO_MPTCP)
        self.socket.settimeout(status.HANG)
        self.socket.connect(address)
        self.left = b""


def listener(address, **options):
    """Returns a listener of MPTCP."""
    listens = process.listener(address, PORT, protocol=IPPROTO_MPTCP, **options)
    listens.settimeout(status.HANG)
    return listens


def hand_over(count, address=KHTTPD):
    """Returns that many connections, which were handed over, and their requests."""
    before = status.count("handed-over")
    streams = [(Stream(address), request("GET", f"/app/{number}")) for number in range(count)]
    for stream, text in streams:
        stream.send(text)
    status.wait_for("handed-over", before + count)
    return streams


def accept(listens):
    """Accepts a connection, which is one of TCP."""
    assert select.select([listens], [], [], status.HANG)[0]
    accepted = listens.accept()[0]
    assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL) == socket.IPPROTO_TCP
    return accepted


def queued():
    """A process that accepts later gets each connection."""
    for address, target in ADDRESSES:
        with listener(address) as listens:
            streams = hand_over(COUNT, target)
            texts = {stream.socket.getsockname()[1]: text for stream, text in streams}
            for _ in range(COUNT):
                with accept(listens) as accepted:
                    text = accepted.recv(4096)
                    assert text == texts.pop(accepted.getpeername()[1])
                    accepted.sendall(text)
            for stream, text in streams:
                assert stream.rest() == text
                stream.close()


def waiting():
    """A process that waits in accept(2) is woken."""
    with listener("127.0.0.1") as listens:
        listens.settimeout(None)
        accepted = []
        thread = threading.Thread(target=lambda: accepted.append(listens.accept()[0]))
        thread.start()
        [(stream, text)] = hand_over(1)
        thread.join()
        assert accepted[0].recv(4096) == text
        accepted[0].close()
        assert stream.rest() == b""
        stream.close()


def full():
    """The queue of the process is full."""
    with listener("127.0.0.1", backlog=0) as listens:
        streams = hand_over(1)
        while status.count("hand-over-queue-full") == 0:
            before = status.count("handed-over")
            stream, text = Stream(), request("GET", "/app/a")
            stream.send(text)
            status.wait_until(
                lambda before=before: status.count("handed-over") > before
                or status.count("hand-over-queue-full")
            )
            streams.append((stream, text))
        last, _ = streams.pop()
        assert code(last.response()[0]) == 503
        serves(last)
        last.close()
        for stream, _ in streams:
            with accept(listens) as accepted:
                assert accepted.recv(4096).startswith(b"GET /app/")
            stream.close()


def closed():
    """A listener that closes resets what it has not accepted."""
    for address, target in ADDRESSES:
        with listener(address):
            streams = hand_over(COUNT, target)
        for stream, _ in streams:
            with contextlib.suppress(ConnectionResetError):
                assert stream.rest() == b""
            stream.close()


def ask(enough, outcomes):
    """Asks until it is enough."""
    text = request("GET", "/app/a")
    while not enough.is_set():
        try:
            with Stream() as stream:
                stream.send(text)
                outcomes.append(code(stream.response()[0]))
        except (ConnectionError, EOFError):
            outcomes.append("end")


def closing():
    """Listeners come and go while clients ask."""
    enough, outcomes = threading.Event(), []
    tasks = [threading.Thread(target=ask, args=(enough, outcomes)) for _ in range(8)]
    for task in tasks:
        task.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or not {200, 503, "end"} <= set(outcomes):
        assert time.monotonic() < end + status.HANG, set(outcomes)
        with listener("127.0.0.1") as listens, accept(listens) as accepted:
            accepted.recv(4096)
            accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    enough.set()
    for task in tasks:
        task.join()
    print(len(outcomes), set(outcomes), flush=True)
    assert set(outcomes) == {200, 503, "end"}, set(outcomes)


def clients():
    """Clients with MPTCP are served, and handed over to each kind of listener."""
    for address, target in ADDRESSES:
        for protocol in 0, IPPROTO_MPTCP:
            with process.listener(address, PORT, protocol=protocol) as listens:
                with MptcpStream(target) as stream:
                    for _ in range(3):
                        serves(stream)
                    text = request("POST", "/app/a", body=b"x" * 30000)
                    stream.send(text)
                    with accept(listens) as accepted:
                        assert accepted.recv(len(text), socket.MSG_WAITALL) == text
                        accepted.sendall(text)
                    assert stream.rest() == text


def users():
    """A rule may name the user of the process."""
    os.seteuid(1000)
    listens = listener("127.0.0.1")
    os.seteuid(0)
    with listens, Stream() as stream:
        status.command(f"hand-over /app/* {PORT} uid 0")
        stream.send(request("GET", "/app/a"))
        assert code(stream.response()[0]) == 503
        assert status.count("hand-over-wrong-user") == 1
        status.command(f"hand-over /app/* {PORT} uid 1000")
        stream.send(request("GET", "/app/b"))
        with accept(listens) as accepted:
            assert accepted.recv(4096) == request("GET", "/app/b")
    status.command(f"hand-over /app/* {PORT}")


def unloaded():
    """Connections go on when the module is unloaded."""
    with listener("::") as listens:
        streams = hand_over(COUNT)
        early = [accept(listens) for _ in range(COUNT // 2)]
        subprocess.run(["rmmod", "khttpd"], check=True)
        for accepted in early + [accept(listens) for _ in range(COUNT // 2)]:
            text = accepted.recv(4096)
            accepted.sendall(text)
            accepted.close()
        for stream, text in streams:
            assert stream.rest() == text
            stream.close()
    subprocess.run(["insmod", "/root/khttpd.ko"], check=True)


def main():
    status.command(f"hand-over /app/* {PORT}")
    for case in queued, waiting, full, closed, closing, clients, users, unloaded:
        begin = time.monotonic()
        case()
        print(f"{case.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
    status.wait_for("connections", 0)
    status.wait_for_sockets(orphan=0)


main()
