# SPDX-License-Identifier: GPL-2.0-only
"""What the cases of hostile.py share: the served files, peers on the cable of packet.py, and
checks of their streams."""

import http.client
import os

import packet
import status
from packet import ACK, PSH, Peer

SITE = "/tmp/site"
CLOSE = "Connection: close\r\n"
PAGE = b"".join(b"line %06d of the page\n" % number for number in range(900))
LARGE = b"".join(b"line %08d of a large file\n" % number for number in range(100000))
# Length of the names that consist of one run of a and one of b, in either order.
LETTERS = 8

cable = packet.Cable()
# Connections that the peers have begun.
connections = 0


def make_site():
    """Writes the files and has them served. Each contains its name or the offset of each line."""
    os.makedirs(SITE, exist_ok=True)
    files = {"page": PAGE, "large": LARGE, "small": b"small\n"}
    for count in range(LETTERS + 1):
        for first, second in ("ab", "ba"):
            name = first * count + second * (LETTERS - count)
            files[name] = name.encode()
    for name, content in files.items():
        with open(f"{SITE}/{name}", "wb") as file:
            file.write(content)
    status.command(f"root {SITE}")


def set_usual_timeouts():
    """Sets timeouts that no busy host reaches within a case, and that end a connection which a
    case leaves behind."""
    status.command("timeout idle 60", "timeout head 60", "timeout send 60")


def get(path, fields=""):
    """Returns the bytes of a request."""
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode()


def new_peer(**options):
    """Returns a peer with an address that has not been used before."""
    count_connection()
    return Peer(cable, **options)


def count_connection():
    """Counts a connection that a peer begins."""
    global connections
    connections += 1


def requesting(path, fields="", **options):
    """Returns a peer that has connected and sent a request."""
    peer = new_peer(**options).connect()
    peer.send(get(path, fields), ACK | PSH)
    return peer


def responses(stream):
    """Returns status and body of each complete response, and the number of bytes after the last
    one."""
    found, rest = [], bytes(stream)
    while b"\r\n\r\n" in rest:
        head, after = rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        length = next(
            int(line.split()[1]) for line in lines if line.lower().startswith("content-length:")
        )
        if len(after) < length:
            break
        found.append((int(lines[0].split()[1]), after[:length]))
        rest = after[length:]
    return found, len(rest)


def expect(peer, *content, what, code=200):
    """Waits for responses with these bodies, and asserts that nothing follows them."""
    expected = [(code, body) for body in content]
    # Parsing the stream after each segment would take quadratic time.
    least = sum(map(len, content)) + 50 * len(content)
    peer.wait(
        lambda: len(peer.stream) >= least and len(responses(peer.stream)[0]) >= len(content), what
    )
    assert responses(peer.stream) == (expected, 0), f"{what}: {peer}"


def wait_for_end(peer, what):
    """Waits until the server has closed or reset the connection."""
    peer.wait(lambda: peer.finished or peer.is_reset, what)


def check_service():
    """Asserts that a well-behaved client is served."""
    client = http.client.HTTPConnection("127.0.0.1", 8080, timeout=status.HANG)
    client.request("GET", "/page")
    assert client.getresponse().read() == PAGE
    client.close()
