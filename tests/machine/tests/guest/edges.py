# SPDX-License-Identifier: GPL-2.0-only
"""Asserts that a read does not write beyond its result, and that the relay sends nothing but
what was written."""

import ctypes
import os
import random
import socket

libc = ctypes.CDLL(None, use_errno=True)
ROOM = 200000
FILL = 0x11


def read(node, size):
    """Reads up to `size` bytes, and asserts that the buffer after the result is unchanged."""
    length = size + 64
    room = ctypes.create_string_buffer(bytes([FILL]) * length, length)
    count = libc.read(node, room, ctypes.c_size_t(size))
    assert 0 <= count <= size, os.strerror(ctypes.get_errno())
    found = room.raw
    assert found[count:] == bytes([FILL]) * (len(found) - count), 'bytes after the result'
    return found[:count]


def control():
    for size in (1, 7, 500, 4096, ROOM):
        node = os.open('/dev/khttpd', os.O_RDWR)
        text = read(node, size)
        os.write(node, b'help\n')
        text += read(node, size)
        try:
            os.write(node, b'wrong\x80 \xff\n')
        except OSError:
            text += read(node, size)
        os.close(node)
        assert all(32 <= byte < 127 or byte in b'\n\t' for byte in text), text


def relay():
    with socket.create_server(('127.0.0.1', 2001)) as server:
        node = os.open('/dev/khttpd-relay', os.O_RDWR)
        peer = server.accept()[0]
    for length in (1, 15, 100, 4095, 4096, 4097, 70000):
        said = random.randbytes(length)
        assert os.write(node, said) == length
        heard = b''
        while len(heard) < length:
            heard += peer.recv(ROOM)
        assert heard == said, length
        peer.sendall(said)
        heard = b''
        while len(heard) < length:
            heard += read(node, ROOM)
        assert heard == said, length
    os.close(node)
    assert peer.recv(ROOM) == b''


control()
relay()
