# SPDX-License-Identifier: GPL-2.0-only
"""Cases of hostile.py: reordered, overlapping and random segments, and malformed handshakes."""

import random

import packet
import status
from packet import ACK, FIN, PSH, RST, SYN, URG
from peers import (
    CLOSE,
    LETTERS,
    PAGE,
    cable,
    expect,
    get,
    new_peer,
    requesting,
    responses,
    set_usual_timeouts,
)


def pieces_in_any_order():
    """A request in two or more pieces that arrive reversed, shuffled, overlapping or repeated is
    one request."""
    request = get("/small")
    end = len(request)
    page = get("/page")
    for cut in range(1, end):
        middle = random.randrange(cut, end)
        orders = [
            [(cut, end), (0, cut)],
            [(cut - 1, end), (0, min(cut + 5, end))],
            [(0, cut), (0, cut), (max(cut - 3, 0), end), (0, end)],
            random.sample([(0, cut), (cut, middle), (middle, end), (0, middle), (cut, end)], 5),
        ]
        for order in orders:
            peer = new_peer().connect()
            for first, last in order:
                peer.send(request[first:last], at=first)
            peer.sent = end
            expect(peer, b"small\n", what=f"the response to {order}")
            # The next request on the connection is understood.
            peer.send(page)
            expect(peer, b"small\n", PAGE, what=f"the response after {order}")
            peer.reset()


def pieces_that_differ():
    """Where overlapping segments differ, each byte is taken from one of them, and the source
    changes only once."""
    first, second = get("/" + "a" * LETTERS), get("/" + "b" * LETTERS)
    begin = first.index(b"a")
    end = len(first)
    for cut in range(begin, begin + LETTERS + 1):
        for overlap in range(1, LETTERS + 1):
            border = cut + overlap
            head, tail = (first[:border], 0), (second[cut:], cut)
            hole = (first[1:border], 1), (first[:1], 0)
            for order in (head, tail), (tail, head), (hole[0], tail, hole[1]), (tail, *hole):
                peer = new_peer().connect()
                for data, at in order:
                    peer.send(data, at=at)
                peer.sent = end
                peer.wait(lambda: responses(peer.stream)[0], "the response to segments that differ")
                [(code, name)], rest = responses(peer.stream)
                letters = len(name.rstrip(b"b"))
                assert (
                    code == 200
                    and rest == 0
                    and name == b"a" * letters + b"b" * (LETTERS - letters)
                ), (cut, overlap, peer)
                assert cut - begin <= letters <= border - begin or letters == LETTERS, (
                    cut,
                    overlap,
                    peer,
                )
                peer.reset()


def malformed_handshakes():
    """Handshakes with data, repeated SYNs, every set of flags, wrong checksums and wrong
    acknowledgements."""
    # Data in a SYN without a Fast Open cookie is ignored until it is retransmitted.
    peer = new_peer()
    peer.syn(get("/small"))
    peer.wait(lambda: peer.first is not None, "the SYN-ACK")
    peer.send(get("/small"))
    expect(peer, b"small\n", what="the response after data in the SYN")
    # The same SYN again, and another one, before and after the handshake.
    peer.syn()
    peer.emit(SYN, 500)
    peer.send(get("/page"))
    expect(peer, b"small\n", PAGE, what="the response after a second SYN")
    peer.reset()
    peer = new_peer()
    for _ in range(5):
        peer.syn()
    peer.wait(lambda: peer.first is not None, "the SYN-ACK")
    for _ in range(5):
        peer.send()
    peer.send(get("/small"))
    expect(peer, b"small\n", what="the response after SYNs and ACKs")
    peer.reset()
    # Every set of flags, without a handshake, within it, and on a connection.
    for flags in range(64):
        peer = new_peer()
        peer.emit(flags, -1)
        peer.syn()
        peer.emit(flags, 0, b"x")
        peer.emit(flags, -1)
        cable.drain()
        peer.reset()
        peer = new_peer().connect()
        peer.send(b"GET ")
        peer.emit(flags & ~(RST | FIN), 4, b"/")
        peer.emit(flags & ~(RST | FIN | SYN), 1 << 20, b"x")
        cable.drain()
        peer.reset()
    # Wrong checksums, and acknowledgements of data that was not sent.
    peer = new_peer().connect()
    for wrong in 1, 0xFFFF:
        peer.emit(ACK, 0, get("/page"), wrong_sum=wrong)
    for distance in 1, 1000, 1 << 20, 1 << 31:
        peer.cable.send(
            packet.packet(peer.source, peer.begin + 1, peer.first + distance, ACK, 65535)
        )
    peer.send(get("/small"), ACK | URG)
    expect(peer, b"small\n", what="the response after ignored segments")
    peer.reset()
    # Acknowledgements without a SYN, as for a SYN cookie.
    for _ in range(300):
        new_peer().send(get("/small"), ACK)
    cable.drain()


def reused_addresses():
    """A new connection from the address and port of one that has just ended, or has not ended
    yet."""
    peer = new_peer()
    for turn in range(50):
        peer.connect()
        peer.send(get("/small", CLOSE))
        peer.wait(lambda: peer.finished, "the end")
        expect(peer, b"small\n", what=f"response {turn} to one address")
        if turn % 2:
            peer.send(flags=ACK | FIN)
        else:
            peer.reset()
        peer.begin += peer.sent + 100000
        peer.sent = 0
        peer.forget()
    # A peer that has restarted sends a SYN while the server waits for an acknowledgement.
    for _ in range(50):
        peer = requesting("/large", window=2000)
        peer.wait(lambda: peer.segments > 1, "the first segments")
        begin = peer.begin
        peer.begin += 1 << 20
        peer.syn()
        peer.begin = begin
        peer.reset()


def noise():
    """Random segments, near the expected ones, in the middle of requests and responses."""
    request = get("/page")
    # Connections that are left behind are closed soon.
    status.command("timeout idle 3", "timeout head 3", "timeout send 3")
    for _ in range(150):
        peer = new_peer(
            mss=random.choice([48, 536, 1460]), window=random.choice([0, 1, 3000, 65535])
        )
        peer.syn()
        for _ in range(random.randrange(30)):
            at = random.choice([peer.sent, random.randrange(-5, 70), random.getrandbits(32)])
            data = random.choice(
                [
                    b"",
                    request,
                    request[max(at, 0) : random.randrange(40)],
                    random.randbytes(random.randrange(100)),
                ]
            )
            flags = random.choice([ACK, ACK, ACK | PSH, ACK | FIN, random.getrandbits(6)])
            peer.window = random.choice([peer.window, 0, random.getrandbits(16)])
            peer.acknowledges = random.random() < 0.7
            peer.emit(flags, at, data, wrong_sum=random.random() < 0.05)
            peer.sent += random.choice([0, 0, len(data)])
            cable.drain()
        # The server answers old data with the sequence number that it expects.
        peer.emit(ACK, -10, b"x")
        cable.drain()
        peer.reset()
    status.wait_for("connections", 0)
    set_usual_timeouts()
