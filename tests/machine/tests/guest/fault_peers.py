# SPDX-License-Identifier: GPL-2.0-only
"""Clients and peers of faults.py."""

import socket
import threading
import time


def all_accept(*addresses):
    """Connections are accepted at once, and not by the sweep, which runs once a second. The best
    of several times counts, because other processes use the host."""
    for address in addresses:
        assert any(
            time_to_accept(address) < 4 for _ in range(5)
        ), f'{address}: only the sweep accepts'


def time_to_accept(address):
    """Returns the seconds in which eight connections are served, one after the other."""
    begin = time.monotonic()
    for _ in range(8):
        with socket.create_connection((address, 7004), 600) as peer:
            peer.sendall(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
            assert peer.recv(9) == b'HTTP/1.1 '
    return time.monotonic() - begin


def swallow(listener):
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=drain, args=(peer,), daemon=True).start()


def drain(peer):
    with peer:
        while peer.recv(1 << 16):
            pass
