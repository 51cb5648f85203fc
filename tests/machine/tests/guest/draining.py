# SPDX-License-Identifier: GPL-2.0-only
"""`stop` ends adopted connections as it ends those of khttpd: draining.py plain|secure"""

import os
import select
import sys

import status
from adoption import Node, record
from secure import KINDS
from stream import Stream, masked, request, serves

pair, adopted = KINDS[sys.argv[1]]

FOLDER = "/tmp/draining"
SMALL = request("GET", "/robots.txt")
LARGE = request("GET", "/large")


def begun(node):
    """Returns clients whose connections wait for a request, for the end of one, and for the process,
    and one to which a response is being sent."""
    idle, unused, unfinished, waiting, sending = [adopted(node) for _ in range(5)]
    serves(idle)
    for stream, end in (unfinished, SMALL[:-1]), (waiting, request("GET", "/app/a")):
        serves(stream)
        stream.send(end)
    sending.buffer(4096)
    sending.send(LARGE)
    sending.left = sending.socket.recv(5000)
    return [idle, unused, unfinished, waiting], sending


def finished(node, expected):
    """A response is finished, and the others end at once."""
    status.command("timeout stop 86400")
    others, sending = begun(node)
    status.command("stop")
    for stream in others[:2]:
        assert stream.rest() == b""
    stream, connection = pair()
    assert node.refusal(record(connection.fileno())) == "ESHUTDOWN"
    sending.buffer(1 << 20)
    assert masked(sending.rest()) == expected
    for end in [*others, sending, stream, connection]:
        end.close()
    node.discard()
    status.command("start")


def late(node):
    """What is not finished in time is reset."""
    status.command("timeout stop 1")
    others, sending = begun(node)
    status.command("stop")
    status.wait_for("connections", 0)
    assert not select.select([node.file], [], [], 0)[0]
    for stream in others:
        stream.close()
    try:
        raise AssertionError(len(sending.rest()))
    except ConnectionResetError:
        pass
    sending.close()
    status.command("start")


def main():
    os.makedirs(FOLDER, exist_ok=True)
    status.write(f"{FOLDER}/robots.txt", "User-agent: *\n")
    with open(f"{FOLDER}/large", "wb") as file:
        file.write(os.urandom(8 << 20))
    limits = [f"timeout {name} 86400" for name in ("idle", "head", "send")]
    status.command(f"root {FOLDER}", "hand-over /app/* 9 always", *limits)
    with Stream() as stream:
        stream.send(LARGE)
        expected = masked(b"".join(stream.response()))
    with Node() as node:
        for _ in range(3):
            finished(node, expected)
            late(node)
        with adopted(node) as stream:
            serves(stream)


main()
