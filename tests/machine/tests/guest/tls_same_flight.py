# SPDX-License-Identifier: GPL-2.0-only
"""Requests that a client sends right behind its handshake, in the same segment or cut in two: none
is lost, and none is read twice."""

import ssl
import time

import status
from stream import ROBOTS, code, request
from khttpd_tls import NAMES, Agent, Secure, certify, context
from tls_flight import Flights

# Enough for several records, and more than the agent would read at once.
MANY = [request("GET", "/robots.txt", f"X: {'x' * 3000}") for _ in range(12)]


def answers(stream, count):
    """Receives that many responses, and makes sure that no more come."""
    for _ in range(count):
        head, body = stream.response()
        assert code(head) == 200 and body.startswith(b"User-agent"), head
    stream.send(stream.encrypted(request("GET", "/none", "Connection: close")))
    head, _ = stream.response()
    assert code(head) == 404, head
    assert stream.rest() == b""


def exchange(settings, session, requests, cut):
    """Sends the last flight and requests, cut at this offset from the end of the flight."""
    with Flights(settings, session) as stream:
        flight = stream.last_flight()
        assert stream.tls.session_reused == (session is not None)
        text = flight + stream.encrypted(*requests)
        at = len(flight) + cut if cut is not None else len(text)
        stream.send(text[:at])
        if at < len(text):
            # The agent may have gone on with the first part.
            time.sleep(0.05)
            stream.send(text[at:])
        answers(stream, len(requests))


def session_of(settings):
    """Returns a session that can be resumed."""
    with Secure(settings=settings) as stream:
        stream.send(ROBOTS)
        stream.response()
        return stream.socket.session


def early_end(settings):
    """The client ends its direction behind the request, before the agent has the rest."""
    with Flights(settings) as stream:
        text = stream.last_flight() + stream.encrypted(ROBOTS)
        stream.send(text)
        stream.socket.shutdown(1)
        head, _ = stream.response()
        assert code(head) == 200, head


def main():
    certify("host", NAMES)
    with Agent():
        for version in ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2:
            settings = context(version)
            for session in None, session_of(settings):
                for cut in None, -20, -1, 0, 1, 4, 5, 6, 30:
                    exchange(settings, session, [ROBOTS], cut)
                for cut in None, 0, 3, 20000:
                    exchange(settings, session, MANY, cut)
            early_end(settings)
    status.wait_for("connections", 0)


main()
