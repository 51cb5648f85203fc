# SPDX-License-Identifier: GPL-2.0-only
"""What a process may do with a descriptor of a connection that khttpd has."""

import ctypes
import functools
import select
import socket

import process
from bpf import Sockmap
from stream import Stream

IPV6_ADDRFORM = 1
TCP_ULP = 31
SOL_TLS = 282
# TLS 1.2 with AES-GCM-128: struct tls12_crypto_info_aes_gcm_128, whose key is zero.
KEY = bytes.fromhex("0303 3300") + bytes(36)
# Sets of epoll(7), and a descriptor that is in them.
SETS = []


def receive(copy):
    """Reads what khttpd should read."""
    copy.recv(1000, socket.MSG_DONTWAIT)


def send(copy):
    """Sends something in between."""
    copy.send(b"in between", socket.MSG_DONTWAIT)


def shut_for_reading(copy):
    """Shuts it down in one direction."""
    copy.shutdown(socket.SHUT_RD)


def shut_for_writing(copy):
    """Shuts it down in the other direction."""
    copy.shutdown(socket.SHUT_WR)


def shut(copy):
    """Shuts it down."""
    copy.shutdown(socket.SHUT_RDWR)


def disconnect(copy):
    """Disconnects it: connect(2) with AF_UNSPEC."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(copy.fileno(), bytes(16), 16):
        raise OSError(ctypes.get_errno(), "connect")


def listen(copy):
    """Makes a listener of it, which works."""
    disconnect(copy)
    copy.listen()
    # The kernel does not serve IPv6 by a socket that was connected over IPv4.
    with Stream(("127.0.0.1", copy.getsockname()[1])) as stream:
        with copy.accept()[0] as accepted:
            accepted.sendall(b"text")
        assert stream.rest() == b"text"


def reconnect(copy):
    """Connects it to a server."""
    disconnect(copy)
    with process.listener("::", 0) as listens:
        # Another thread may disconnect it.
        listens.settimeout(10)
        address = "127.0.0.1" if copy.family == socket.AF_INET else "::ffff:127.0.0.1"
        copy.connect((address, listens.getsockname()[1]))
        with listens.accept()[0] as accepted:
            accepted.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n")


def convert(copy):
    """Makes an IPv4 socket of an IPv6 one."""
    copy.setsockopt(socket.IPPROTO_IPV6, IPV6_ADDRFORM, socket.AF_INET)


def layer(copy):
    """Puts TLS between."""
    copy.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")


def encrypt(copy):
    """Lets TLS change what is sent and received."""
    layer(copy)
    for direction in 1, 2:
        copy.setsockopt(SOL_TLS, direction, KEY)


@functools.cache
def sockmap(diverts):
    """Returns a map of sockets."""
    return Sockmap(1000, diverts)


def join(copy):
    """Puts it into a map of BPF."""
    sockmap(False).put(copy)


def divert(copy):
    """Puts it into a map with a program that decides about what arrives."""
    sockmap(True).put(copy)


def delay(copy):
    """Sets options that delay data and events."""
    for level, name, value in (
        (socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1 << 30),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, 1),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, 1),
        (socket.IPPROTO_TCP, socket.TCP_CORK, 1),
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1 << 30),
    ):
        copy.setsockopt(level, name, value)


def watch(copy):
    """Puts it into a set of epoll(7)."""
    events, other = select.epoll(), copy.dup()
    events.register(copy, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP)
    events.register(other, select.EPOLLIN | select.EPOLLET)
    events.poll(0)
    SETS.append((events, other))
    del SETS[:-100]


def close(copy):
    """Closes it."""
    copy.close()


ACTS = [
    receive,
    send,
    shut_for_reading,
    shut_for_writing,
    shut,
    disconnect,
    listen,
    reconnect,
    convert,
    layer,
    encrypt,
    join,
    divert,
    delay,
    watch,
    close,
]


def attempt(act, copy):
    """Does it, and tells whether the state of the connection allows it."""
    try:
        act(copy)
        return True
    except OSError:
        return False
