# SPDX-License-Identifier: GPL-2.0-only
"""The phases of a connection that khttpd has, and a site for them."""

import os

import status
from stream import request

FOLDER = "/tmp/phases"
# The commands that make a server of the site, where no timeout ends a connection.
SITE = (
    f"root {FOLDER}",
    "hand-over /app/* 9 always",
    *(f"timeout {name} 86400" for name in ("idle", "head", "send", "adopted")),
)
SMALL = request("HEAD", "/robots.txt")
LARGE = request("GET", "/large")
APP = request("GET", "/app/a")


def write():
    """Writes the files of the site."""
    os.makedirs(FOLDER, exist_ok=True)
    status.write(f"{FOLDER}/robots.txt", "User-agent: *\n")
    with open(f"{FOLDER}/large", "wb") as file:
        file.write(bytes(8 << 20))


def idle(stream):
    """The connection waits for a request."""
    stream.send(SMALL)
    stream.response(True)


def unfinished(stream):
    """It waits for the end of a request."""
    stream.send(SMALL + SMALL[:-1])
    stream.response(True)


def sending(stream):
    """A response is under way."""
    stream.buffer(4096)
    stream.send(LARGE)
    stream.socket.recv(5000)


def returning(stream):
    """It waits for a reader of the node."""
    stream.send(SMALL + APP)
    stream.response(True)


PHASES = idle, unfinished, sending, returning
