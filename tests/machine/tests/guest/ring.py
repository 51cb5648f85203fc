# SPDX-License-Identifier: GPL-2.0-only
"""Requests in a ring of AF_PACKET, whose sender changes them while they are parsed:
ring.py RESPONSES

The kernel sends the bytes in such a ring without a copy, and copies them when they are received on
the same machine. The host in each request changes to and fro between one that has a site of its own and one that is
not valid. No response may come from the site of all other hosts."""

import collections
import mmap
import multiprocessing
import os
import socket
import struct
import sys
import time

import packet
import status
from packet import ACK, PSH

# <linux/if_packet.h>: SOL_PACKET, PACKET_TX_RING, TP_STATUS_SEND_REQUEST, and the offset of a
# frame's bytes, behind the struct tpacket_hdr.
SOL_PACKET, TX_RING, SEND_REQUEST, OFFSET = 263, 13, 1, 32
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nX-Filling: " + b"x" * 50 + b"\r\n\r\n"
FRAME = 2048


class Ring:
    """A ring with one frame, at the far end of the cable."""

    def __init__(self):
        here, there = (os.open(path, os.O_RDONLY) for path in ("/proc/self/ns/net", "/run/netns/far"))
        os.setns(there, os.CLONE_NEWNET)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        os.setns(here, os.CLONE_NEWNET)
        request = struct.pack("IIII", 2 * FRAME, 1, FRAME, 2)
        self.socket.setsockopt(SOL_PACKET, TX_RING, request)
        self.socket.bind(("far", 0x0800))
        self.memory = mmap.mmap(self.socket.fileno(), 2 * FRAME)
        self.next = 0

    def send(self, frame):
        """Sends a frame from the next place in the ring."""
        at = self.next * FRAME
        self.next = 1 - self.next
        while struct.unpack_from("L", self.memory, at)[0]:
            time.sleep(0)
        self.memory[at + OFFSET : at + OFFSET + len(frame)] = frame
        struct.pack_into("LI", self.memory, at, SEND_REQUEST, len(frame))
        self.socket.send(b"")

    def change(self, offset):
        """Changes the byte at this offset of each frame, without end."""
        places = [place * FRAME + OFFSET + offset for place in (0, 1)]
        while True:
            for byte in 1, ord("a"):
                for place in places:
                    self.memory[place] = byte


def main():
    for name, text in ("a", "a\n"), ("other", "other\n"):
        os.makedirs(f"/tmp/{name}")
        with open(f"/tmp/{name}/index.html", "w", encoding="ascii") as file:
            file.write(text)
    status.command("root /tmp/a for a", "root /tmp/other")
    cable = packet.Cable()
    ring = Ring()
    # Behind the heads of Ethernet, IPv4 and TCP.
    offset = 14 + 20 + 20 + REQUEST.index(b" a\r\n") + 1
    task = multiprocessing.Process(target=ring.change, args=(offset,), daemon=True)
    task.start()
    found, begin, lost = collections.Counter(), time.monotonic(), 0
    while sum(found.values()) < int(sys.argv[1]) or not lost:
        assert time.monotonic() - begin < packet.LIMIT, found
        peer = packet.Peer(cable).connect()
        frame = packet.packet(
            peer.source, peer.begin + 1, peer.first, ACK | PSH, peer.window, REQUEST
        )
        ring.send(frame)
        while not peer.comes(lambda: peer.stream.endswith(b"\n"), 0.1):
            assert time.monotonic() - begin < packet.LIMIT, found
            # The segment was dropped if its bytes did not fit its checksum when it arrived.
            lost += 1
            ring.send(frame)
        head, _, body = bytes(peer.stream).partition(b"\r\n\r\n")
        found[head.split()[1], body if b" 200 " in head else b""] += 1
        peer.reset()
    task.kill()
    print(found, lost, "segments lost")
    assert not set(found) - {(b"200", b"a\n"), (b"400", b"")}, found


main()
