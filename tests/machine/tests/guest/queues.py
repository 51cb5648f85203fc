# SPDX-License-Identifier: GPL-2.0-only
"""Accept queues of processes that get connections from khttpd: queues.py CASE"""

import random
import socket
import sys

import process
import status
from stream import Stream, code, request

COUNT = 60
CONTENT = random.Random(1).randbytes(200000)


def hand_over(count):
    """Returns that many connections, which were handed over, and their requests."""
    before = status.count("handed-over")
    streams = [(Stream(), request("GET", f"/app/{number}")) for number in range(count)]
    for stream, text in streams:
        stream.send(text)
    status.wait_for("handed-over", before + count)
    return streams


def waiting(listens):
    """Returns the length of an accept queue: tcpi_unacked of a listener."""
    facts = listens.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int.from_bytes(facts[24:28], "little")


def serve(listens):
    """Accepts a connection and responds to its request, which it returns."""
    with listens.accept()[0] as accepted:
        text = accepted.recv(65536)
        accepted.sendall(text)
    return text


def shared():
    """Processes whose listeners share a port both get connections. If one closes its listener, the
    other one gets those that it had not accepted."""
    status.write("/proc/sys/net/ipv4/tcp_migrate_req", "1")
    for address in "127.0.0.1", "0.0.0.0", "::":
        listeners = [process.listener(address, 9000, share=True) for _ in range(2)]
        for listens in listeners:
            listens.settimeout(status.HANG)
        streams = hand_over(COUNT)
        queues = [waiting(listens) for listens in listeners]
        assert all(queues) and sum(queues) == COUNT, queues
        served = {serve(listeners[0])}
        listeners[0].close()
        assert waiting(listeners[1]) == COUNT - 1, waiting(listeners[1])
        served |= {serve(listeners[1]) for _ in range(COUNT - 1)}
        assert served == {text for _, text in streams}
        for stream, text in streams:
            assert stream.rest() == text
            stream.close()
        listeners[1].close()
        print(address, queues, flush=True)


def closed():
    """A listener that closes resets what it has not accepted, and nothing stays."""
    for address in "127.0.0.1", "0.0.0.0", "::":
        with process.listener(address, 9000):
            streams = hand_over(COUNT)
        for stream, _ in streams:
            try:
                assert stream.rest() == b""
            except ConnectionResetError:
                pass
            stream.close()


def reset():
    """Clients that reset their connections before, during and after the hand-over."""
    text = request("POST", "/app/a", body=CONTENT)
    head = len(text) - len(CONTENT)
    generator = random.Random(1)
    with process.Process("http"):
        for turn in range(300):
            anywhere = generator.randrange(len(text))
            cut = generator.choice([1, 10, head - 1, head, head + 1, anywhere])
            stream = Stream()
            stream.send(*[text[:cut]] * bool(cut))
            if turn % 3 == 0:
                before = generator.randrange(head)
                stream.send(text[cut : cut + before])
            stream.reset()
        with Stream() as stream:
            stream.send(text)
            received, body = stream.response()
            assert code(received) == 200 and body == b"POST /app/a\n" + CONTENT
    # And in the queue of a process that does not accept.
    with process.listener("127.0.0.1", 9000) as listens:
        streams = hand_over(COUNT)
        for stream, _ in streams[::2]:
            stream.reset()
        assert waiting(listens) == COUNT
        served = set()
        for _ in range(COUNT):
            with listens.accept()[0] as accepted:
                try:
                    served.add(accepted.recv(65536))
                    accepted.sendall(b"response")
                except ConnectionError:
                    pass
        assert {text for _, text in streams[1::2]} <= served
        for stream, _ in streams[1::2]:
            assert stream.rest() == b"response"
            stream.close()


status.command("hand-over /app/* 9000")
globals()[sys.argv[1]]()
status.wait_for("connections", 0)
status.wait_for_sockets(orphan=0)
