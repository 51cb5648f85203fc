# SPDX-License-Identifier: GPL-2.0-only
"""Connections that end in every way, and the events that tell why: tracing.py

The server is at 127.0.0.1:8080. Its site is /tmp/site, with a file `large`."""

import os
import socket
import struct

import status
from adoption import Node
from events import await_event, enable, recorded, turn
from process import listener

GET = b"GET / HTTP/1.1\r\nHost: khttpd\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: khttpd\r\n\r\n"
# Limit in seconds that ends a test which hangs.
HANG = 600
NEVER = 86400


def connect(request=b""):
    """Returns a connection that has sent a request, and its port as the events have it."""
    connection = socket.create_connection(("127.0.0.1", 8080), timeout=HANG)
    connection.sendall(request)
    return connection, str(connection.getsockname()[1])


def rest(connection):
    """Receives until the server closes; returns what was received."""
    received = b""
    try:
        while piece := connection.recv(1 << 20):
            received += piece
    except ConnectionResetError:
        pass
    return received


def set_timeouts(**seconds):
    """Sets timeouts, the others to a value that no test reaches."""
    names = ("idle", "head", "send", "stop")
    status.command(*(f"timeout {name} {seconds.get(name, NEVER)}" for name in names))


def closed(port, reason, reset=False, requests=1):
    """Asserts how a connection has ended, and that it has begun and ended once."""
    event = await_event("close", client_port=port)
    told = (event["reason"], event["reset"], event["requests"])
    assert told == (reason, str(int(reset)), str(requests)), event
    assert event["client"] == "::ffff:127.0.0.1", event
    accepted = recorded("accept", client_port=port)
    assert len(accepted) == 1 and accepted[0]["port"] == "8080", accepted
    assert len(recorded("close", client_port=port)) == 1
    print(port, reason, dict(event), flush=True)
    return event


def client_closes():
    """FIN of the client, after two responses."""
    connection, port = connect(GET + GET)
    received = b""
    while received.count(b"HTTP/1.1 200") < 2 or received.count(b"</html>") < 2:
        received += connection.recv(65536)
    connection.close()
    event = closed(port, "client-closed", requests=2)
    assert int(event["bytes"]) == len(received), (event, len(received))


def client_resets():
    """RST of the client."""
    connection, port = connect(GET)
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    closed(port, "client-reset")


def requests():
    """Requests with their status and the length of the response; of a long target the beginning, and
    no bytes that control a terminal."""
    long = "/" + 300 * "a"
    for method, target, code, shown in (
        ("GET", "/", 200, ("GET", "/")),
        ("HEAD", "/", 200, ("HEAD", "/")),
        ("GET", "/missing?a=b", 404, ("GET", "/missing?a=b")),
        ("DELETE", "/", 405, ("DELETE", "/")),
        ("GET", long, 404, ("GET", long[:256])),
        ("G\x1b[2J", "/\xff", 400, ("G?[2J", "/?")),
    ):
        head = f"{method} {target} HTTP/1.1\r\nHost: khttpd\r\nConnection: close\r\n\r\n"
        connection, port = connect(head.encode("latin-1"))
        received = rest(connection)
        connection.close()
        event = await_event("request", client_port=port)
        told = (event["status"], (event["method"], event["target"]))
        assert told == (str(code), shown), event
        assert int(event["bytes"]) == len(received), (event, received)


def last_response():
    """A response that ends the connection, as the client wishes."""
    connection, port = connect(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    received = rest(connection)
    connection.close()
    event = closed(port, "last-response")
    assert int(event["bytes"]) == len(received), (event, len(received))


def rejected():
    """A malformed head: the response is the last. A head that was not understood is no request."""
    connection, port = connect(b"\0\r\n\r\n")
    assert rest(connection).startswith(b"HTTP/1.1 400 ")
    connection.close()
    closed(port, "last-response", requests=0)


def broken_body():
    """A malformed chunk after the response."""
    head = b"POST / HTTP/1.1\r\nHost: khttpd\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection, port = connect(head)
    assert connection.recv(65536).startswith(b"HTTP/1.1 405 ")
    connection.sendall(b"no number\r\n")
    assert rest(connection) == b""
    connection.close()
    closed(port, "broken-body")


def idle_timeout():
    """No request in time."""
    set_timeouts(idle=1)
    connection, port = connect(GET)
    rest(connection)
    closed(port, "idle-timeout")


def head_timeout():
    """Half a head, which gets a 408."""
    set_timeouts(head=1)
    connection, port = connect(b"GET / HT")
    assert rest(connection).startswith(b"HTTP/1.1 408 ")
    connection.close()
    closed(port, "head-timeout", requests=0)


def body_timeout():
    """Half a body."""
    set_timeouts(head=1)
    connection, port = connect(b"POST / HTTP/1.1\r\nHost: khttpd\r\nContent-Length: 9\r\n\r\nhalf")
    rest(connection)
    closed(port, "body-timeout")


def send_timeout():
    """A client that takes nothing of a large response."""
    set_timeouts(send=1)
    connection, port = connect(LARGE)
    event = closed(port, "send-timeout", reset=True)
    assert 0 < int(event["bytes"]) < os.path.getsize("/tmp/site/large"), event
    connection.close()


def old_site():
    """A response of a site that is not served any more, nor kept."""
    status.command("max-old-sites 0")
    connection, port = connect(LARGE)
    connection.recv(1)
    status.wait_for("connections-sending", 1)
    status.command("reload")
    closed(port, "old-site", reset=True)
    connection.close()


def draining():
    """An idle connection when the server stops."""
    connection, port = connect(GET)
    connection.recv(65536)
    status.wait_for("connections-idle", 1)
    status.command("stop")
    closed(port, "draining")
    connection.close()
    status.command("start")


def stopped():
    """A response that is not finished when the time of `stop` is over."""
    set_timeouts(stop=1)
    connection, port = connect(LARGE)
    connection.recv(1)
    status.wait_for("connections-sending", 1)
    status.command("stop")
    closed(port, "stopped", reset=True)
    connection.close()
    status.command("start")


def handed_over():
    """A request that a process takes, and before that one that none takes."""
    status.command("hand-over /app/* 9000")
    request = b"GET /app/a HTTP/1.1\r\nHost: khttpd\r\n\r\n"
    connection, port = connect(request)
    assert connection.recv(65536).startswith(b"HTTP/1.1 503 ")
    assert await_event("hand_over", client_port=port)["result"] == "no-listener"
    with listener("127.0.0.1", 9000) as listens:
        connection.sendall(request)
        with listens.accept()[0] as taken:
            assert taken.recv(65536) == request
    result = recorded("hand_over", client_port=port)
    assert [(event["port"], event["result"]) for event in result] == [
        ("9000", "no-listener"),
        ("9000", "ok"),
    ], result
    closed(port, "handed-over")
    connection.close()


def adopted():
    """A connection of a process, which no accept has begun."""
    node = Node()
    with listener("127.0.0.1", 0) as listens:
        connection = socket.create_connection(listens.getsockname(), timeout=HANG)
        node.give(listens.accept()[0])
    port = str(connection.getsockname()[1])
    connection.sendall(GET)
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    connection.close()
    event = await_event("close", client_port=port)
    assert (event["reason"], event["requests"]) == ("client-closed", "1"), event
    assert not recorded("accept", client_port=port)


def deferred():
    """More requests at once than a poll serves."""
    connection, port = connect(GET * 100)
    assert await_event("defer", client_port=port)["reason"] == "budget"
    connection.close()


def loads():
    """A load of the site, and one that fails."""
    before = len(recorded("load"))
    status.command("reload")
    # Without a buffer, which would write again when it is closed.
    with open("/dev/khttpd", "wb", buffering=0) as node:
        try:
            node.write(b"root /tmp/missing\n")
            raise AssertionError("a missing root was loaded")
        except FileNotFoundError:
            pass
    good, bad = recorded("load")[before:]
    assert good["error"] == "0" and int(good["files"]) == status.count("entries"), good
    assert int(good["bytes"]) >= os.path.getsize("/tmp/site/large"), good
    assert (bad["error"], bad["files"], bad["bytes"]) == ("-2", "0", "0"), bad


def nothing_is_recorded_when_off():
    """A tracepoint that is off records nothing, one beside it does."""
    turn("khttpd_accept", False)
    connection, port = connect(GET)
    connection.recv(1)
    connection.close()
    await_event("close", client_port=port)
    assert not recorded("accept", client_port=port)
    turn("khttpd_accept", True)


CASES = (
    client_closes,
    client_resets,
    requests,
    last_response,
    rejected,
    broken_body,
    idle_timeout,
    head_timeout,
    body_timeout,
    send_timeout,
    old_site,
    draining,
    stopped,
    handed_over,
    adopted,
    deferred,
    loads,
    nothing_is_recorded_when_off,
)


def main():
    """Runs all cases."""
    enable()
    for case in CASES:
        set_timeouts()
        print(case.__doc__, flush=True)
        case()


if __name__ == "__main__":
    main()
