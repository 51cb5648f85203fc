# SPDX-License-Identifier: GPL-2.0-only
"""Cases of load.py with more clients than `max-connections` and the backlog admit."""

import errno
import os
import select
import socket
import struct
import time

import status
from workload import ADDRESS, connect, everything, get, request


def connection_limit(count, _seed):
    """Clients beyond `max-connections` wait in the backlog or retry, accepted ones are served
    meanwhile, and the others later."""
    small = everything()[0]
    status.wait_for("connections", 0)
    status.command("max-connections 100", "timeout idle 86400")
    # Neither side of a handshake gives up while a busy host delays the other.
    for name in "tcp_syn_retries", "tcp_synack_retries":
        status.write(f"/proc/sys/net/ipv4/{name}", "12")
    accepted = [connect() for _ in range(100)]
    request(accepted, small)
    assert status.count("connections") == 100, status.count("connections")
    waiting = [begin_to_connect() for _ in range(count)]
    poll = select.epoll()
    for connection in waiting:
        poll.register(connection, select.EPOLLOUT | select.EPOLLONESHOT)
    sent = set()
    begin, full = time.monotonic(), status.count("full")
    # At least three seconds, and until the acceptor has found no free slot.
    while time.monotonic() - begin < 3 or status.count("full") == full:
        assert time.monotonic() - begin < status.HANG, "the limit was never reached"
        send_requests(poll, sent)
        request(accepted[:10], small)
    assert status.count("connections") == 100, status.count("connections")
    print(f"{len(sent)} of {count} wait for one of 100 slots", flush=True)
    for connection in accepted:
        connection.close()
    # The backlog is accepted as slots become free, and clients that the kernel has refused retry
    # later.
    served = 0
    by_number = {connection.fileno(): connection for connection in waiting}
    received = {number: b"" for number in by_number}
    end = time.monotonic() + status.HANG
    while served < count:
        assert time.monotonic() < end, f"{served} of {count} clients were served"
        for number, events in poll.poll(1):
            if number not in sent and events & select.EPOLLOUT:
                send_request(poll, sent, number)
                continue
            piece = by_number[number].recv(65536)
            received[number] += piece
            if not piece:
                assert received[number].endswith(b"\r\n\r\nsmall\n"), received[number]
                by_number[number].close()
                served += 1
    status.command("max-connections 65536", "timeout idle 60")
    print(f"{served} clients were served when slots became free", flush=True)


def begin_to_connect():
    """Starts a connection, which is established when the backlog has space."""
    connection = socket.socket()
    connection.setblocking(False)
    error = connection.connect_ex(ADDRESS)
    assert error in (0, errno.EINPROGRESS), os.strerror(error)
    return connection


def send_request(poll, sent, number):
    """Sends a request on an established connection."""
    sent.add(number)
    os.write(number, get("/small", "Connection: close"))
    poll.modify(number, select.EPOLLIN)


def send_requests(poll, sent):
    """Sends a request on each connection that has been established, and asserts that none has a
    response."""
    for number, events in poll.poll(0.1):
        assert number not in sent, "a client was served beyond the limit"
        assert events == select.EPOLLOUT, f"refused: {events}"
        send_request(poll, sent, number)


def abandoned(count, _seed):
    """Silent clients, more than the backlog admits, close; new clients are served at once."""
    # On one CPU all segments are processed in order. Otherwise an RST could arrive before the end
    # of the handshake that it resets, and the server would wait for a request until the timeout.
    os.sched_setaffinity(0, {0})
    status.command("max-connections 50", "timeout idle 1")
    full = status.count("full")
    for _ in range(3):
        clients = [begin_to_connect() for _ in range(count)]
        time.sleep(1)
        for connection in clients[::2]:
            # Closes with an RST.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for connection in clients:
            connection.close()
    begin = time.monotonic()
    everything()
    print(f"served {time.monotonic() - begin:.1f} s after {3 * count} had closed")
    assert status.count("full") > full, "the limit was never reached"
    status.wait_for("connections", 0)
    status.command("max-connections 65536", "timeout idle 60")
