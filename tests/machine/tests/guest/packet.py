# SPDX-License-Identifier: GPL-2.0-only
"""A small TCP of the tests' own. It is at the far end of a cable, in a network namespace where no kernel has the addresses that it
uses, so that nobody but the test answers, or does not. The server is at the near end."""

import itertools
import os
import select
import socket
import struct
import subprocess
import time

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
SERVER = socket.inet_aton("10.9.0.1"), 8080
NEAR, FAR = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
# Segments are what they seem: nothing is cut or summed up later.
COMMANDS = """\
ip netns add far
ip link add near address 02:00:00:00:00:01 type veth peer name far address 02:00:00:00:00:02 netns far
ip address add 10.9.0.1/24 dev near
ip link set near up
ip -n far link set far up
ip neighbour add 10.9.0.2 lladdr 02:00:00:00:00:02 dev near nud permanent
ip route add 10.10.0.0/16 via 10.9.0.2
ethtool -K near tso off gso off tx off
"""
# Seconds after which what is waited for is taken never to come. It ends a test that hangs: a busy host may be slow.
LIMIT = 600


def checksum(data):
    """The Internet's (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(source, seq, ack, flags, window, data=b"", options=b"", wrong_sum=0):
    """A frame to the server; `source` is an address and a port."""
    begin = struct.pack("!HHIIBBH", source[1], SERVER[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (20 + len(options)) // 4 << 4, flags, window)
    pseudo = source[0] + SERVER[0] + struct.pack("!HH", 6, 20 + len(options) + len(data))
    total = checksum(pseudo + begin + bytes(4) + options + data) ^ wrong_sum
    tcp = begin + struct.pack("!HH", total, 0) + options + data
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0, source[0], SERVER[0])
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return NEAR + FAR + b"\x08\x00" + ip + tcp


class Cable:
    """The cable, and all peers at its far end."""

    def __init__(self):
        for command in COMMANDS.splitlines():
            subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/far", os.O_RDONLY)
        os.setns(there, os.CLONE_NEWNET)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        os.setns(here, os.CLONE_NEWNET)
        os.close(there)
        os.close(here)
        # SO_RCVBUFFORCE: what a thousand peers are sent at once must not be lost here.
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        self.socket.bind(("far", 0x0800))
        self.socket.setblocking(False)
        self.peers = {}

    def send(self, frame):
        """Sends now, or as soon as there is space."""
        while True:
            try:
                self.socket.send(frame)
                return
            except BlockingIOError:
                select.select([], [self.socket], [], 1)

    def listen(self, seconds):
        """Gives the next frame to the peer it is for; `False` if none has come in this time."""
        while True:
            try:
                frame = self.socket.recv(65536)
                break
            except BlockingIOError:
                if not select.select([self.socket], [], [], seconds)[0]:
                    return False
        begin = 14 + (frame[14] & 15) * 4
        length = struct.unpack_from("!H", frame, 16)[0]
        port, seq, ack, size, flags, window = struct.unpack_from("!2xHIIBBH", frame, begin)
        peer = self.peers.get((frame[30:34], port))
        if frame[23] == 6 and peer:
            peer.take(seq, ack, flags, window, frame[begin + (size >> 4) * 4 : 14 + length])
        return True

    def drain(self):
        """Gives away all frames that there are."""
        while self.listen(0):
            pass


class Peer:
    """One end of a connection. It acknowledges what comes while `acknowledges`, and remembers it."""

    numbers = itertools.count(1)

    def __init__(self, cable, mss=536, window=65535):
        number = next(self.numbers)
        self.cable, self.mss, self.window = cable, mss, window
        self.source = bytes((10, 10, number >> 8 & 255, number & 255)), 1024 + (number >> 16)
        # Sequence numbers of all sizes, some of them about to wrap.
        self.begin = number * 0x9E3779B1 & 0xFFFFFFFF if number % 4 else 0xFFFFFFF0
        self.sent = 0
        self.forget()

    def forget(self):
        """Begins anew from the same address."""
        self.first = None
        self.stream = bytearray()
        self.segments = 0
        self.taken = 0
        self.finished = self.is_reset = False
        self.acknowledges = True
        self.cable.peers[self.source] = self

    def emit(self, flags, at, data=b"", options=b"", **wrong):
        """A segment whose first byte is number `at` of our stream."""
        ack = 0
        if flags & ACK and self.first is not None:
            ack = self.first + len(self.stream) + self.finished
        self.cable.send(packet(self.source, self.begin + 1 + at, ack, flags, self.window, data, options, **wrong))

    def send(self, data=b"", flags=ACK, at=None):
        """A segment at a place of our stream or, without `at`, the next one."""
        if at is not None:
            self.emit(flags, at, data)
            return
        self.emit(flags, self.sent, data)
        self.sent += len(data) + (flags & FIN)

    def syn(self, data=b""):
        """The first segment."""
        self.emit(SYN, -1, data, options=struct.pack("!BBH", 2, 4, self.mss))

    def connect(self):
        """The whole handshake. The first SYN is lost if who had the address before is just being ended."""
        for _ in range(LIMIT):
            self.syn()
            if self.comes(lambda: self.first is not None, 1):
                self.send()
                return self
        raise AssertionError(f"the SYN-ACK has not come in {LIMIT} s: {self}")

    def reset(self):
        """Ends it for good."""
        for at in {self.sent, self.taken}:
            self.emit(RST, at)
        self.cable.peers.pop(self.source, None)

    def take(self, seq, ack, flags, window, data):
        """A segment has come."""
        if flags & RST:
            self.is_reset = True
            return
        if flags & SYN:
            self.first = seq + 1 & 0xFFFFFFFF
            return
        if self.first is None:
            return
        self.taken = ack - self.begin - 1 & 0xFFFFFFFF
        at = seq - self.first & 0xFFFFFFFF
        expected = len(self.stream) + self.finished
        if at <= len(self.stream) and data:
            known = self.stream[at : at + len(data)]
            assert data.startswith(known), f"byte {at} and those behind it are not what they were"
            self.stream += data[len(known) :]
            self.segments += len(known) < len(data)
        if flags & FIN and at + len(data) == len(self.stream):
            self.finished = True
        # A pure acknowledgement in its place gets no answer, or there would be no end of it.
        if self.acknowledges and (data or flags & FIN or at != expected):
            self.send()

    def comes(self, condition, limit):
        """Listens until something is so; `False` if it is not in this time."""
        end = time.monotonic() + limit
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.cable.listen(left)
        return True

    def wait(self, condition, what, limit=LIMIT):
        """As above, of what must come."""
        assert self.comes(condition, limit), f"{what} has not come in {limit} s: {self}"

    def __str__(self):
        return (
            f"received {len(self.stream)} bytes in {self.segments} segments{', FIN' * self.finished}{', RST' * self.is_reset}, "
            f"sent {self.sent}, of which {self.taken} are acknowledged: {bytes(self.stream[:300])}"
        )
