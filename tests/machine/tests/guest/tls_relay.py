# SPDX-License-Identifier: GPL-2.0-only
"""Requests over TLS that are for a process:  tls_relay.py CASE...

The agent relays them."""

import contextlib
import signal
import socket
import threading
import time
from pathlib import Path

import exchanges
import process
import status
from process import Process
from stream import Stream, code, request, serves
from khttpd_tls import ADDRESS, Agent, Secure, run_cases
from tls_flight import Flights

CLOSE = "Connection: close"
PROCESS = "127.0.0.1", 9000
SEND_BUFFERS = Path("/proc/sys/net/ipv4/tcp_wmem")
RECEIVE_BUFFERS = Path("/proc/sys/net/ipv4/tcp_rmem")


def compare(kind, *cases):
    """A client gets the same bytes over TLS as from the process itself."""
    exchanges.Stream = lambda address: Secure() if address == ADDRESS else Stream(address)
    # khttpd reads a request over TLS as any other; hand_over.rs cuts it at each point.
    exchanges.STEP = 9
    with Agent(), Process(kind):
        for exchange in cases:
            print(exchange.__name__, exchanges.compare(exchange, ADDRESS), flush=True)


def nginx():
    """Requests to nginx."""
    compare("nginx", *exchanges.SINGLE, *exchanges.PIPELINED)


def websocket():
    """Messages of WebSocket."""
    compare("websocket", exchanges.websocket)


def mixed():
    """The first requests of a connection are khttpd's, the others are the process's."""
    with Agent(), Process("http"):
        for count in range(3):
            with Secure() as stream:
                for _ in range(count):
                    serves(stream)
                for number in range(3):
                    stream.send(request("POST", "/app/a", body=b"%d" % number))
                    assert stream.response()[1] == b"POST /app/a\n%d" % number


def absent():
    """No process listens: 503, and the connection closes."""
    with Agent() as agent:
        for body in b"", b"x" * 100000:
            with Secure() as stream:
                stream.send(request("POST", "/app/a", body=body))
                head, _ = stream.response()
                assert code(head) == 503 and b"\r\nRetry-After: " in head, head
                assert stream.rest() == b""
        agent.logs("relay to 127.0.0.1:9000: Connection refused")


def header():
    """With the PROXY protocol, the process knows the client."""
    with process.listener(*PROCESS) as listens, Agent("relay-proxy-protocol yes"):
        with Secure() as stream:
            serves(stream)
            stream.send(request("GET", "/app/a"))
            connection = listens.accept()[0]
            received = b""
            while not received.endswith(b"\r\n\r\n"):
                received += connection.recv(65536)
            own = stream.socket.getsockname()
            line = f"PROXY TCP4 127.0.0.1 127.0.0.1 {own[1]} {ADDRESS[1]}\r\n".encode()
            assert received == line + request("GET", "/app/a"), received
            connection.close()


def accepted(listens, stream, text):
    """Sends a request; returns the connection of the process that has it."""
    stream.send(text)
    connection = listens.accept()[0]
    received = b""
    while len(received) < len(text):
        received += connection.recv(65536)
    assert received == text
    return connection


def received_all(connection):
    """Receives until the peer ends its direction."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def ends():
    """Each side ends its direction; the other one goes on."""
    ask = request("GET", "/app/a")
    with process.listener(*PROCESS) as listens, Agent():
        # The client ends by close_notify, or by FIN only.
        for with_alert in True, False:
            with Flights() as stream:
                stream.send(stream.last_flight())
                text = stream.encrypted(ask)
                stream.send(text)
                connection = listens.accept()[0]
                if with_alert:
                    try:
                        stream.tls.unwrap()
                    except OSError:
                        pass
                    stream.send(stream.outgoing.read())
                else:
                    stream.socket.shutdown(socket.SHUT_WR)
                assert received_all(connection) == ask
                connection.sendall(b"late")
                connection.close()
                if not with_alert:
                    assert stream.rest() == b"late"
                else:
                    while True:
                        try:
                            stream.hear()
                        except EOFError:
                            break
        # The process ends first, and hears the client until it ends, too.
        with Secure() as stream:
            connection = accepted(listens, stream, ask)
            connection.sendall(b"last")
            connection.shutdown(socket.SHUT_WR)
            # The end without close_notify would be an error.
            assert stream.rest() == b"last"
            stream.send(b"more")
            assert connection.recv(4) == b"more"
            stream.close()
            assert received_all(connection) == b""
            connection.close()
        # The process resets: the client sees that its response is not complete.
        with Secure() as stream:
            connection = accepted(listens, stream, ask)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
            try:
                raise AssertionError(stream.rest())
            except OSError:
                pass


def large():
    """16 MiB in both directions at once, to sides that are slow in turn."""
    size = 16 << 20
    block = exchanges.MEBIBYTE

    def echo(listens):
        connection = listens.accept()[0]
        with connection:
            while piece := connection.recv(65536):
                connection.sendall(piece)

    with process.listener(*PROCESS) as listens, Agent():
        task = threading.Thread(target=echo, args=(listens,))
        task.start()
        with Flights() as stream:
            stream.send(stream.last_flight())
            head = request("POST", "/app/a", f"Content-Length: {size}")
            # An object of OpenSSL cannot read and write at the same time.
            text = stream.encrypted(head, *[block] * (size // len(block)))
            sender = threading.Thread(target=stream.send, args=(text,))
            sender.start()
            assert stream.exactly(len(head)) == head
            for _ in range(size // len(block)):
                assert stream.exactly(len(block)) == block
            sender.join()
        task.join()


@contextlib.contextmanager
def small(path):
    """Makes one kind of buffers small for the sockets of TCP that are made meanwhile."""
    before = path.read_text(encoding="ascii")
    path.write_text("4096 16384 16384\n", encoding="ascii")
    yield
    path.write_text(before, encoding="ascii")


def slow():
    """The end of a response reaches a client that reads late, though kTLS had records for which TCP
    had no room."""
    ask = request("GET", "/app/a")
    with small(SEND_BUFFERS), process.listener(*PROCESS) as listens, Agent():
        for number in range(12):
            # The last record is a large one, so that TCP has no room for all of it.
            size = 16384 * (2 + number % 4) - 700 * (number // 4)
            with small(RECEIVE_BUFFERS):
                stream = Secure()
            with stream:
                connection = accepted(listens, stream, ask)
                task = threading.Thread(target=answer, args=(connection, b"x" * size))
                task.start()
                # Nothing tells that the agent has all; without the wait the test proves less.
                time.sleep(0.1)
                # The end without close_notify would be an error.
                assert len(stream.rest()) == size
                task.join()


def answer(connection, text):
    """Sends a response, and closes."""
    with connection:
        connection.sendall(text)


def idle():
    """A relay on which nothing moves ends, and so do all of them with the agent."""
    ask = request("GET", "/app/a")
    with process.listener(*PROCESS) as listens:
        for lines in ["timeout relay 1"], ["timeout stop 1"]:
            with Agent(*lines) as agent, Secure() as stream:
                connection = accepted(listens, stream, ask)
                if "stop" in lines[0]:
                    agent.send(signal.SIGTERM)
                assert stream.rest() == b""
                assert received_all(connection) == b""
                connection.close()


def bound():
    """Relays above the bound wait; those that khttpd serves do not."""
    ask = request("GET", "/app/a")
    # The time that a connection may wait for the agent.
    status.command("timeout head 86400")
    with process.listener(*PROCESS) as listens, Agent("threads 1", "max-relays 2"):
        streams = [Secure() for _ in range(3)]
        connections = [accepted(listens, stream, ask) for stream in streams[:2]]
        streams[2].send(ask)
        with Secure() as stream:
            serves(stream)
        listens.settimeout(1)
        try:
            raise AssertionError(listens.accept())
        except TimeoutError:
            listens.settimeout(status.HANG)
        connections[0].close()
        streams[0].close()
        connection = listens.accept()[0]
        assert connection.recv(len(ask)) == ask
        for one in *connections, connection, *streams:
            one.close()


status.command("hand-over /app/* 9000")
run_cases(globals())
