# SPDX-License-Identifier: GPL-2.0-only
"""Cases of hostile.py: peers that take little or nothing of a response, and handshakes that are
not finished."""

import multiprocessing
import os
import random
import time

import packet
import status
from packet import SYN
from peers import (
    CLOSE,
    PAGE,
    cable,
    check_service,
    count_connection,
    expect,
    get,
    new_peer,
    requesting,
    responses,
    set_usual_timeouts,
)

# Handshakes that are begun and not finished.
HANDSHAKES = 10000


def tiny_segments():
    """Responses in the smallest segments, and in windows of a few bytes, are complete."""
    for mss in 0, 1, 8, 48, 88:
        peer = requesting("/page", mss=mss)
        expect(peer, PAGE, what=f"the response in segments of {mss} bytes")
        peer.reset()
    peers = [requesting("/small", window=window) for window in (10, 100, 535)]
    for peer in peers:
        expect(peer, b"small\n", what=f"the response in windows of {peer.window} bytes")
        peer.reset()
    # A window that grows and shrinks, now and then to zero.
    peer = requesting("/page", window=1)
    while not responses(peer.stream)[0]:
        peer.window = random.choice([0, 0, 1, 100, 536, 4000])
        peer.send()
        cable.drain()
        time.sleep(0.02)
    expect(peer, PAGE, what="the response in windows that change")
    peer.reset()


def zero_windows():
    """A peer with a closed window is reset after `timeout send`, whether or not the connection
    is to persist, and its memory is freed."""
    status.command("timeout send 3", "timeout idle 3")
    # Some read no more than the beginning, the others nothing.
    peers, most = [], 0
    for number in range(240):
        path = ["/large", "/page"][number % 2]
        peer = requesting(
            path, fields=CLOSE if number % 4 < 2 else "", window=[2000, 0][number % 3 == 0]
        )
        peer.window = 0
        peers.append(peer)
        most = max(most, status.sockets()["mem"])
    # The window stays closed and each probe is answered. The connections end nevertheless, and so
    # do their orphaned sockets.
    begin = time.monotonic()
    while (
        status.count("connections")
        or status.sockets()["orphan"]
        or status.sockets()["mem"] >= most // 2
    ):
        assert (
            time.monotonic() - begin < status.HANG
        ), f"still {status.count('connections')} connections, {status.sockets()}, most {most}"
        cable.drain()
        time.sleep(0.05)
    print(
        f"zero windows: {time.monotonic() - begin:.1f} s, {most} pages at most, then {status.sockets()}",
        flush=True,
    )
    for peer in peers:
        peer.send()
    peers[0].wait(
        lambda: all(peer.is_reset for peer in peers), "RST to all peers with a closed window"
    )
    set_usual_timeouts()


def unread_responses():
    """The server stops reading from a peer that sends requests and acknowledges no response, and
    resets it after `timeout send`."""
    status.command("timeout send 3")
    burst = get("/page") * 40
    peers = [new_peer(mss=1460).connect() for _ in range(40)]
    for peer in peers:
        peer.acknowledges = False
    for _ in range(100):
        for peer in peers:
            if peer.sent - peer.taken < 20000:
                peer.send(burst[:1460], at=peer.taken)
                peer.sent = peer.taken + 1460
        cable.drain()
    print("requests from peers that read nothing:", status.sockets(), flush=True)
    peers[0].wait(
        lambda: all(peer.is_reset for peer in peers), "RST to all peers that read nothing"
    )
    set_usual_timeouts()


def unfinished_handshakes():
    """Thousands of handshakes are begun and not finished, and other clients are served
    meanwhile."""
    # No socket stays for long, not even those of the clients that are served meanwhile.
    for name, number in (
        ("tcp_synack_retries", "1"),
        ("tcp_orphan_retries", "1"),
        ("tcp_max_tw_buckets", "0"),
    ):
        status.write(f"/proc/sys/net/ipv4/{name}", number)
    served = multiprocessing.Value("i")
    client = multiprocessing.Process(target=request_repeatedly, args=(served,), daemon=True)
    client.start()
    while served.value < 3:
        time.sleep(0.01)
    at_first, number, begin = served.value, 0, time.monotonic()
    # The flood goes on until some requests have been served meanwhile, however slow the machine is.
    while number < HANDSHAKES or served.value < at_first + 3:
        assert (
            time.monotonic() - begin < status.HANG
        ), f"{served.value - at_first} requests served during {number} handshakes"
        address, port = number % HANDSHAKES, 2000 + number // HANDSHAKES
        source = bytes((10, 10, 128 + address % 100, address // 100)), port
        cable.send(packet.packet(source, number * 65537, 0, SYN, 65535))
        count_connection()
        number += 1
        if number % 500 == 0:
            status.count("connections")
    count = served.value - at_first
    client.terminate()
    client.join()
    print("requests served during the flood:", count, flush=True)
    cable.drain()
    end = time.monotonic() + status.HANG
    while os.popen("ss -Htn state syn-recv").read():
        assert time.monotonic() < end, "unfinished handshakes are left"
        time.sleep(0.1)


def request_repeatedly(served):
    """Sends requests without end, on any CPU, and counts the responses."""
    os.sched_setaffinity(0, range(os.cpu_count()))
    while True:
        check_service()
        served.value += 1
