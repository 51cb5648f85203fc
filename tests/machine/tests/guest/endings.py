# SPDX-License-Identifier: GPL-2.0-only
"""Cases of hostile.py: RST and FIN at every point of a request and of a response."""

import itertools

import status
from packet import ACK, FIN, RST
from peers import LARGE, PAGE, expect, get, new_peer, requesting, responses, wait_for_end


def resets_in_responses():
    """An RST within a response ends the connection if its sequence number is exact, and has no
    effect otherwise."""
    for path, mss, points in (
        ("/page", 536, range(42)),
        ("/page", 100, range(0, 200, 13)),
        ("/large", 1460, range(0, 600, 23)),
    ):
        for point, flags in zip(points, itertools.cycle((RST, RST | ACK))):
            peer = requesting(path, mss=mss)
            peer.wait(lambda: peer.segments >= point, f"segment {point} of {path}")
            peer.send(flags=flags)
    status.wait_for("connections", 0)
    for distance in 1, 536, 20000, -1, -30, 1 << 17, 1 << 31:
        for point in range(0, 40, 5):
            peer = requesting("/page")
            peer.wait(lambda: peer.segments >= point, f"segment {point}")
            peer.send(flags=RST, at=peer.sent + distance)
            expect(
                peer, PAGE, what=f"the response after RST {distance} bytes off at segment {point}"
            )
            assert not peer.is_reset, (distance, point)
            peer.reset()


def resets_in_requests():
    """An RST at any byte of a request, right after a complete request, or right after the SYN
    ends the connection."""
    request = get("/page")
    for cut in range(len(request)):
        peer = new_peer().connect()
        peer.send(request[:cut])
        peer.reset()
    for _ in range(6):
        group = [new_peer() for _ in range(50)]
        for peer in group:
            peer.syn()
        group[-1].wait(lambda: all(peer.first is not None for peer in group), "all SYN-ACKs")
        for peer in group:
            peer.send(request)
            peer.reset()
        status.wait_for("connections", 0)
    for _ in range(100):
        peer = new_peer()
        peer.syn()
        peer.reset()


def fins_in_requests():
    """After a FIN at any byte of a request the server responds only to a complete request, and
    closes."""
    request = get("/small")
    for cut in range(len(request) + 1):
        for at_once in True, False:
            peer = new_peer().connect()
            if at_once:
                peer.send(request[:cut], ACK | FIN)
            else:
                peer.send(request[:cut])
                peer.send(flags=ACK | FIN)
            wait_for_end(peer, f"the end after FIN at byte {cut}")
            expected = [(200, b"small\n")] * (cut == len(request))
            assert peer.finished and responses(peer.stream) == (
                expected,
                0,
            ), f"FIN at byte {cut}: {peer}"
            # The FIN arrives before the data.
            if at_once:
                continue
            peer = new_peer().connect()
            peer.send(flags=ACK | FIN, at=cut)
            peer.send(request[:cut], at=0)
            peer.sent = cut + 1
            wait_for_end(peer, f"the end after FIN before {cut} bytes")
            assert peer.finished and responses(peer.stream) == (
                expected,
                0,
            ), f"FIN before {cut} bytes: {peer}"


def fins_in_responses():
    """After a FIN within a response the response is completed, and a request that follows the
    FIN is ignored."""
    for path, content, mss, points in ("/page", PAGE, 536, range(40)), (
        "/large",
        LARGE,
        1460,
        range(0, 500, 71),
    ):
        for point in points:
            peer = requesting(path, mss=mss)
            peer.wait(lambda: peer.segments >= point, f"segment {point} of {path}")
            peer.send(flags=ACK | FIN)
            peer.send(get("/small"))
            wait_for_end(peer, f"the end of {path} after FIN at segment {point}")
            assert responses(peer.stream) == (
                [(200, content)],
                0,
            ), f"FIN at segment {point} of {path}: {peer}"
            assert peer.finished, peer
