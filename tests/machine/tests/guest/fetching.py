# SPDX-License-Identifier: GPL-2.0-only
"""Requests whose responses may be cut off for want of memory."""

import re
import socket

# Seconds after which a connection counts as lost: TCP may lack the memory for its FIN or reset.
LOST = 30
# Requests, more than one poll serves.
PIPELINED = 64


def fetch(path, host='localhost', limit=600, fields=''):
    """Returns the head of a response, without its date, and the content."""
    with socket.create_connection(('127.0.0.1', 8080), limit) as peer:
        lines = f'Host: {host}\r\nConnection: close\r\n{fields}'
        peer.sendall(f'GET {path} HTTP/1.1\r\n{lines}\r\n'.encode())
        pieces = []
        while piece := peer.recv(1 << 16):
            pieces.append(piece)
    head, _, body = b''.join(pieces).partition(b'\r\n\r\n')
    return re.sub('Date: .*', '', head.decode(errors='replace')), body


def fetch_pipelined():
    """Returns what comes for requests that are sent at once, of which a worker answers the last."""
    request = b'GET / HTTP/1.1\r\nHost: localhost\r\n'
    with socket.create_connection(('127.0.0.1', 8080), LOST) as peer:
        peer.sendall((request + b'\r\n') * (PIPELINED - 1) + request + b'Connection: close\r\n\r\n')
        pieces = []
        while piece := peer.recv(1 << 16):
            pieces.append(piece)
    return b''.join(pieces)


def count_whole(received, expected):
    """Returns the number of complete responses in a row; all of them are as expected."""
    whole = 0
    while received.startswith(b'HTTP/1.1 200 '):
        _, _, received = received.partition(b'\r\n\r\n')
        body, received = received[: len(expected)], received[len(expected) :]
        assert expected.startswith(body), body
        whole += body == expected
    # A 503 also reports a lack of memory. The beginning of a head may be all that comes.
    assert any(
        line.startswith(received[: len(line)]) for line in (b'HTTP/1.1 200 ', b'HTTP/1.1 503 ')
    ), received
    return whole
