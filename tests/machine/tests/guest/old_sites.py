# SPDX-License-Identifier: GPL-2.0-only
"""Replaces a site again and again while peers take nothing of their responses: old_sites.py
DIRECTORY"""

import os
import socket
import sys

import status

# More than the buffers of a connection hold.
SIZE = 16 << 20
# Limit in seconds that ends a test which hangs.
HANG = 600


def publish(directory, letter):
    """Publishes a site that consists of a large file of one letter."""
    with open(f"{directory}/new", "wb") as file:
        file.write(letter * SIZE)
    os.rename(f"{directory}/new", f"{directory}/f")
    status.command(f"root {directory}", "reload")


def slow_peer():
    """Requests the file and takes nothing of it but the first byte."""
    peer = socket.create_connection(("127.0.0.1", 8080), timeout=HANG)
    peer.sendall(b"GET /f HTTP/1.1\r\nHost: khttpd\r\nConnection: close\r\n\r\n")
    assert peer.recv(1) == b"H"
    return peer


def rest(peer):
    """Returns the content that the peer takes until its connection ends, and whether that is by a
    reset."""
    received = bytearray()
    try:
        while piece := peer.recv(1 << 20):
            received += piece
    except ConnectionResetError:
        return received.partition(b"\r\n\r\n")[2], True
    return received.partition(b"\r\n\r\n")[2], False


def assert_whole(peer, letter):
    """Asserts that the peer receives the rest of a file of this letter."""
    content, is_reset = rest(peer)
    assert not is_reset and content == letter * SIZE, (letter, is_reset, len(content))


def assert_reset(peer, letter):
    """Asserts that the peer does not receive all of the file."""
    content, is_reset = rest(peer)
    assert is_reset and len(content) < SIZE, (letter, is_reset, len(content))


def wait_until_old(number):
    """Waits until so many old sites are in use; returns their memory."""
    status.wait_for("old-sites", number)
    return status.count("old-memory")


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    status.command("timeout send 86400")
    peers = {}
    # Each of the letters is the site that its peer uses; the last one is the current site.
    for letter in (b"a", b"b", b"c"):
        publish(directory, letter)
        peers[letter] = slow_peer()
    assert wait_until_old(2) >= 2 * SIZE
    publish(directory, b"d")
    assert_reset(peers[b"a"], b"a")
    assert 2 * SIZE <= wait_until_old(2) < 3 * SIZE
    peers[b"d"] = slow_peer()
    # A site that no response uses does not count.
    assert_whole(peers[b"b"], b"b")
    assert SIZE <= wait_until_old(1) < 2 * SIZE
    publish(directory, b"e")
    assert wait_until_old(2) >= 2 * SIZE
    assert_whole(peers[b"c"], b"c")
    status.command("max-old-sites 0")
    assert_reset(peers[b"d"], b"d")
    assert wait_until_old(0) == 0
    peers[b"e"] = slow_peer()
    publish(directory, b"f")
    assert_reset(peers[b"e"], b"e")
    assert_whole(slow_peer(), b"f")


main()
