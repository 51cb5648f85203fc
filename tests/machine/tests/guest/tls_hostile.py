# SPDX-License-Identifier: GPL-2.0-only
"""Clients that the TLS agent must not suffer from:  tls_hostile.py CASE..."""

import subprocess
import time

import status
from stream import ROBOTS, Stream, code, request, serves
from khttpd_tls import ADDRESS, PORT, Agent, Secure, run_cases
from tls_flight import Flights

GARBAGE = [
    b"\0" * 100,
    b"\x16\x03\x01\xff\xff",
    b"\x16\x03\x01\x00\x05hello",
    b"\x16\x03\x01\x00\x00" * 1000,
    b"\x14\x03\x03\x00\x01\x01" * 1000,
    b"\x15\x03\x01\x00\x02\x02\x28",
    b"\x17\x03\x03\x00\x10" + b"x" * 16,
    b"\x80\x2e\x01\x03\x01",
]


def plain():
    """HTTP without TLS is answered in words."""
    with Agent() as agent:
        for text in ROBOTS, request("POST", "/", "Content-Length: 9"), b"G" * 99999:
            with Stream(ADDRESS) as stream:
                stream.send(text)
                head, body = stream.response()
                assert code(head) == 400 and b"use https://" in body, (head, body)
                assert stream.rest() == b""
        agent.logs("handshake: HTTP without TLS")


def garbage():
    """What is no handshake ends the connection, and nothing else."""
    with Agent("log-lines 1000") as agent:
        for text in GARBAGE:
            with Stream(ADDRESS) as stream:
                try:
                    stream.send(text)
                    stream.socket.shutdown(1)
                    stream.rest()
                except ConnectionError:
                    pass
            with Secure() as stream:
                serves(stream)
        assert "TLS alert" in agent.log() or "handshake: " in agent.log(), agent.log()


def slow():
    """A client that stops in its handshake is given up; others are served meanwhile."""
    with Agent("timeout handshake 1", "threads 1") as agent:
        halves = []
        for part in 0, 1, 4, 5, 50:
            stream = Flights()
            stream.send(stream.flight()[0][:part])
            halves.append(stream)
        with Secure() as stream:
            serves(stream)
        for stream in halves:
            try:
                assert stream.socket.recv(1) == b""
            except ConnectionResetError:
                pass
            stream.close()
        agent.logs("handshake: timed out")


def waiting():
    """Returns the number of connections in the accept queue."""
    command = ["ss", "-Hltn", f"src 127.0.0.1 and sport = :{PORT}"]
    return int(subprocess.run(command, capture_output=True, check=True).stdout.split()[1])


def bound():
    """Handshakes above the bound wait in the accept queue."""
    with Agent("threads 1", "max-handshakes 4", "timeout handshake 86400"):
        silent = [Stream(ADDRESS) for _ in range(4)]
        status.wait_until(lambda: waiting() == 0)
        flights = Flights()
        flights.send(flights.flight()[0])
        # More than a tick of the worker.
        time.sleep(1)
        assert waiting() == 1
        flights.socket.setblocking(False)
        try:
            raise AssertionError(flights.socket.recv(1))
        except BlockingIOError:
            pass
        flights.socket.settimeout(status.HANG)
        silent.pop().close()
        flights.hear()
        flights.send(flights.last_flight())
        flights.send(flights.encrypted(ROBOTS))
        assert code(flights.response()[0]) == 200
        flights.close()
        for stream in silent:
            stream.close()


def flood():
    """Failures beyond the bound of lines are counted, not logged."""
    count = 300
    with Agent("log-lines 2") as agent:
        for _ in range(count):
            with Stream(ADDRESS) as stream:
                stream.send(b"\x16\x03\x01\xff\xff")
                stream.rest()

        def told():
            lines = agent.log().splitlines()
            more = [int(line.split()[0]) for line in lines if "more lines like these" in line]
            return sum(more) + sum("handshake: record too long" in line for line in lines)

        status.wait_until(lambda: told() == count)
        assert len(agent.log().splitlines()) < count, agent.log()


def full():
    """While khttpd is full, a client whose handshake is complete waits."""
    with Agent("timeout handshake 3600") as agent:
        status.command("max-connections 1")
        with Stream() as first:
            serves(first)
            stream = Secure()
            stream.send(ROBOTS)
            stream.socket.settimeout(1)
            try:
                raise AssertionError(stream.socket.recv(1))
            except TimeoutError:
                stream.socket.settimeout(status.HANG)
        assert code(stream.response()[0]) == 200
        stream.close()
        status.command("max-connections 65536")
        assert "adopt node" not in agent.log(), agent.log()


run_cases(globals())
