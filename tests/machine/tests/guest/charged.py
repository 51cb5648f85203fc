# SPDX-License-Identifier: GPL-2.0-only
"""Checks that a control group is charged for what its task makes khttpd allocate:
charged.py servers COUNT: a server in each of the network namespaces n1, n2, ..., and their rules
charged.py watched COUNT: COUNT MiB that a watch has loaded
charged.py connections COUNT: connections of clients outside the group
charged.py accepted COUNT: connections that a process of the group gets by hand-over
charged.py little COUNT: the same, one after the other, with more content than the group's memory
charged.py crowded COUNT: the same in a group that has no memory for the buffers of all"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time

ROOT = "/sys/fs/cgroup"
GROUP = f"{ROOT}/writer"
# Limit in seconds that ends a test which hangs.
HANG = 600
# Bytes that every kernel needs at least, for a server, for the rules that it is given here, and for
# a connection with its socket.
SERVER = 1024
RULES = 48 * 1024
CONNECTION = 2048
# Bytes that a client sends or gets at once.
CONTENT = 20000
# Bytes of a group with little memory, and that each of its connections gets.
LITTLE, MUCH = (6 << 20, 500000) if sys.argv[1] == "crowded" else (16 << 20, 4 << 20)


def charged(what="kernel"):
    """Returns the bytes of kernel memory that the group is charged for, or of something else."""
    with open(f"{GROUP}/memory.stat", encoding="ascii") as stat:
        return next(int(line.split()[1]) for line in stat if line.startswith(f"{what} "))


def wait_until(condition):
    """Waits until a condition holds."""
    end = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < end, f"{charged('sock')} bytes of sockets"
        time.sleep(0.05)


def enter(group):
    """Moves this process to a group."""
    with open(f"{group}/cgroup.procs", "w", encoding="ascii") as procs:
        procs.write(str(os.getpid()))


def write(text):
    """Writes to the node."""
    node = os.open("/dev/khttpd", os.O_WRONLY)
    os.write(node, text)
    os.close(node)


def write_to_each(count, text):
    """Writes to the node of each namespace; returns the bytes charged meanwhile."""
    before = charged()
    for number in range(1, count + 1):
        with open(f"/run/netns/n{number}", "rb") as namespace:
            os.setns(namespace.fileno(), os.CLONE_NEWNET)
        write(text)
    return charged() - before


def servers(count):
    """Makes servers and gives them rules."""
    enter(GROUP)
    made = write_to_each(count, b"reset counters\n")
    print(f"{count} servers: {made} bytes")
    value = "x" * 1000
    rules = "".join(f"field *.{n} A: {value}\n" for n in range(RULES // len(value)))
    ruled = write_to_each(count, f"clear\n{rules}".encode())
    print(f"their rules: {ruled} bytes")
    assert made >= count * SERVER, made
    assert ruled >= count * RULES, ruled


def watched(count):
    """Changes a file that a task of the group has begun to watch."""
    os.mkdir("/tmp/watched")
    enter(GROUP)
    write(b"root /tmp/watched\nwatch yes\n")
    enter(ROOT)
    before = charged()
    with open("/tmp/watched/file", "wb") as file:
        file.write(os.urandom(count << 20))
    wait_until(lambda: charged() - before >= count << 20)
    print(f"{count} MiB: {charged() - before} bytes")


def connections(count):
    """Connects to a listener that a task of the group has started."""
    enter(GROUP)
    write(b"listen 127.0.0.1:9000\ntimeout idle 86400\n")
    enter(ROOT)
    before = charged()
    peers = []
    for _ in range(count):
        peers.append(socket.create_connection(("127.0.0.1", 9000)))
        peers[-1].sendall(b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        assert peers[-1].recv(65536).startswith(b"HTTP/1.1 200 ")
    accepted = charged() - before
    print(f"{count} connections: {accepted} bytes")
    assert accepted >= count * CONNECTION, accepted


def accepted(count):
    """Has connections handed over to a process of the group, with content that it does not read."""
    write(b"hand-over /app/* 9001\n")
    text = b"POST /app/a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n" + bytes(CONTENT)
    enter(GROUP)
    listener = socket.create_server(("127.0.0.1", 9001), backlog=count)
    enter(ROOT)
    peers = []
    for _ in range(count):
        peers.append(socket.create_connection(("127.0.0.1", 8080)))
        # A response of khttpd's on the same connection.
        peers[-1].sendall(b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n" + text)
        assert peers[-1].recv(65536).startswith(b"HTTP/1.1 200 ")
    enter(GROUP)
    held = [listener.accept()[0] for _ in range(count)]
    sockets = charged("sock")
    print(f"{count} connections: {sockets} bytes of sockets")
    assert sockets >= count * CONTENT, sockets
    # The process reads and responds.
    for process, peer in zip(held, peers):
        assert process.recv(len(text), socket.MSG_WAITALL) == text
        process.sendall(bytes(CONTENT))
        process.close()
        assert len(peer.recv(CONTENT, socket.MSG_WAITALL)) == CONTENT
        peer.close()
    listener.close()
    wait_until(lambda: charged("sock") == 0)


def post(count):
    """Posts much content, on many connections at once, and checks the responses; tells how many
    arrive."""
    head = b"POST /app/a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % MUCH
    peers = [socket.create_connection(("127.0.0.1", 8080)) for _ in range(count)]
    for peer in peers:
        peer.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")
    senders = []
    for peer in peers:
        senders.append(threading.Thread(target=send, args=(peer, head + bytes(MUCH))))
        senders[-1].start()
    served = sum(receive(peer) == head for peer in peers)
    for sender, peer in zip(senders, peers):
        sender.join()
        peer.close()
    return served


def send(peer, text):
    """Sends a text, unless the process is killed."""
    with contextlib.suppress(ConnectionError):
        peer.sendall(text)


def receive(peer):
    """Receives until the process ends the connection."""
    with contextlib.suppress(ConnectionError):
        return peer.makefile("rb").read()
    return b""


def serve(listener, count):
    """Accepts connections, and then reads what each sends; the response is the head."""
    text = bytearray(1 << 16)
    held = [listener.accept()[0] for _ in range(count)]
    for connection in held:
        head = connection.recv(4096, socket.MSG_PEEK).partition(b"\r\n\r\n")
        head = b"".join(head[:2])
        left = len(head) + MUCH
        while left:
            left -= connection.recv_into(text, min(left, len(text)))
        connection.sendall(head)
        connection.close()


def little(count):
    """A process whose group has less memory than clients send. It gets all, or the kernel kills it;
    nothing stays charged, and khttpd serves others."""
    write(b"hand-over /app/* 9001\n")
    listener = socket.create_server(("127.0.0.1", 9001), backlog=count)
    child = os.fork()
    if not child:
        enter(GROUP)
        serve(listener, count)
        os._exit(0)
    listener.close()
    with open(f"{GROUP}/memory.max", "w", encoding="ascii") as limit:
        limit.write(str(LITTLE))
    served = post(count)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(f"{served} of {count} connections", "killed" if code == -signal.SIGKILL else code)
    assert code == -signal.SIGKILL or (served, code) == (count, 0), (served, code)
    with socket.create_connection(("127.0.0.1", 8080)) as other:
        other.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: charged("sock") == 0)


CASES = {
    "servers": servers,
    "watched": watched,
    "connections": connections,
    "accepted": accepted,
    "little": little,
    "crowded": little,
}
CASES[sys.argv[1]](int(sys.argv[2]))
