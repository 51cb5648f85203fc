# SPDX-License-Identifier: GPL-2.0-only
"""What happens around a change while it is made:  change.py moves|killed|starts COUNT"""

import os
import signal
import socket
import sys
import time

import status

SITE = "/tmp/site"
CLIENTS = 1000
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
HERE = "127.0.0.1", 8080


def ask(peer):
    """The head of the reply to a request, or nothing if there is none."""
    peer.sendall(REQUEST)
    reply = peer.recv(65536)
    return reply.split(b"\r\n\r\n")[0]


def moves(rounds):
    """From all addresses to one of them, while so many wait to be accepted that the acceptor has one turn after the other."""
    for _ in range(rounds):
        status.command("max-connections 1")
        clients = [socket.create_connection(HERE) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(REQUEST)
        status.command("max-connections 65536")
        status.command("unlisten [::]:8080", "listen 127.0.0.1:8080")
        with socket.create_connection(HERE) as peer:
            assert ask(peer).startswith(b"HTTP/1.1 200 ")
        for client in clients:
            client.close()
        status.command("unlisten 127.0.0.1:8080", "listen [::]:8080")
        status.wait_for("connections", 0)


def child(cpu, action):
    """Does it in another process, on one processor."""
    number = os.fork()
    if number == 0:
        os.sched_setaffinity(0, {cpu})
        action()
        os._exit(0)
    return number


def hog():
    """Takes all of its processor."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    while True:
        pass


def ended(number):
    """How a child has ended, which it does sooner or later."""
    end = time.monotonic() + status.HANG
    while time.monotonic() < end:
        found, how = os.waitpid(number, os.WNOHANG)
        if found:
            return how
        time.sleep(0.001)
    raise AssertionError(f"process {number} waits for ever: {open(f'/proc/{number}/wchan').read()}")


def waits(writer, holder):
    """Waits until the writer sleeps in write(); `False` if the holder has come to its end before that."""
    end = time.monotonic() + status.HANG
    while goes_on(holder):
        if open(f"/proc/{writer}/syscall").read().startswith("1 "):
            return True
        assert time.monotonic() < end, f"process {writer} does not wait"
        time.sleep(0.001)
    return False


def goes_on(number):
    """Whether a child has not ended yet; that it has is still to be asked for."""
    return os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def is_loading(holder):
    """Waits until the node shows that a site is being loaded; `False` if it was loaded before that was seen."""
    while goes_on(holder):
        if any(line.startswith("loading") for line in status.comments()):
            return True
    return False


def killed(files):
    """Of those who wait for another's change to be made, the first is killed in the moment in which it would be its turn."""
    os.sched_setaffinity(0, {0})
    os.makedirs(SITE)
    for number in range(files):
        with open(f"{SITE}/{number}", "wb") as file:
            file.write(b"a small file\n")
    hows, end = [], time.monotonic() + status.HANG
    while hows.count(signal.SIGKILL) < 2:
        assert time.monotonic() < end, f"hardly anybody was killed while it waited: {hows}"
        children = [child(0, lambda: status.command(f"root {SITE}", "reload"))]
        holder, busy = children[0], None
        # Each in its turn, unless the site is loaded before that: then once more.
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
        hows.append(ended(first))
        assert ended(second) == 0


def starts(rounds):
    """Who comes while it starts is not told to go, as those are who are there when it stops. The writer gives way to everybody."""
    others = [f"127.0.0.1:{port}" for port in range(9001, 9061)]
    status.command("listen " + " ".join(others))
    for number in range(rounds):
        status.command("stop")
        peers = child(1, lambda: comes(50))
        time.sleep(0.002)
        writer = child(0, lambda: idly("start"))
        assert ended(writer) == 0
        assert ended(peers) == 0, f"in round {number} somebody was told to go"
        status.wait_for("connections", 0)


def idly(command):
    """Writes it when nobody else has anything to do."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    status.command(command)


def comes(count):
    """Some come as soon as they can, and have two requests each."""
    peers = []
    while len(peers) < count:
        try:
            peers.append(socket.create_connection(HERE))
            peers[-1].sendall(REQUEST)
        except ConnectionRefusedError:
            pass
    for peer in peers:
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert ask(peer).startswith(b"HTTP/1.1 200 ")


{"moves": moves, "killed": killed, "starts": starts}[sys.argv[1]](int(sys.argv[2]))
