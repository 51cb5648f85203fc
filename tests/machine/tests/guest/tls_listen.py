# SPDX-License-Identifier: GPL-2.0-only
"""Connections of a TLS listener, which move unread to the TLS agent: tls_listen.py CASE [COUNT]"""

import collections
import errno
import random
import socket
import subprocess
import sys
import threading
import time

import process
import status
import python_agent
from stream import ROBOTS, Stream, code, serves

PORT = 8444
LISTENER = "127.0.0.1", PORT
AGENT = "127.0.0.1", 8443
COMMANDS = f"tls-agent {AGENT[1]}", f"listen {PORT} tls"
HELLO = random.Random(1).randbytes(1500)
# Names of the counters of all that can become of a connection.
REFUSED = "tls-refused"


def refusal(*lines):
    """Returns the name of the error of commands, which change nothing, and the reason."""
    before = settings()
    with open("/dev/khttpd", "r+b", buffering=0) as node:
        try:
            node.write("".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            assert settings() == before
            return errno.errorcode[error.errno], node.read(10000).decode()
    raise AssertionError(f"accepted: {lines}")


def settings():
    """Returns the commands that the node shows."""
    with open("/dev/khttpd", encoding="ascii") as node:
        return [line.strip() for line in node if not line.startswith("#")]


def reports():
    """Returns the lines of the kernel's log about connections that the agent could not have."""
    log = subprocess.run(["dmesg"], check=True, capture_output=True, text=True).stdout
    return [line for line in log.splitlines() if "tls-agent: " in line]


def addresses():
    """The agent sees the addresses that the client uses, whatever the family of its listener, and
    shakes hands."""
    status.command(*COMMANDS, "max-connections 1000")
    for agent, port, peers in (
        ("127.0.0.1", AGENT[1], [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.2")]),
        ("::1", AGENT[1], [("::1", "::1")]),
        ("0.0.0.0", 8445, [("127.0.0.1", "127.0.0.3")]),
        ("127.0.0.9", 8446, [("127.0.0.2", "127.0.0.1")]),
    ):
        by_name = f"[{agent}]" if ":" in agent else agent
        if port != AGENT[1]:
            status.command(f"tls-agent {by_name}:{port} uid 0")
        with python_agent.Agent(agent, port):
            for own, source in peers:
                secured = connect((own, PORT), (source, 0))
                line = f"{python_agent.shown(secured.getsockname())} {own} {PORT}\n"
                assert ask(secured) == line, line
                secured.close()
        print(agent, port, flush=True)
    status.wait_for("connections", 0)
    assert not status.count(REFUSED), status.comments()


def connect(address=LISTENER, source=None):
    """Returns a TLS client that has shaken hands."""
    plain = socket.create_connection(address, status.HANG, source)
    return python_agent.client().wrap_socket(plain)


def ask(secured):
    """Sends a line; returns the one that the agent sends."""
    secured.sendall(b"who\n")
    with secured.makefile("rb") as file:
        return file.readline().decode()


def unread():
    """The agent gets each byte that the client sends, from the first one, and so does the client."""
    status.command(*COMMANDS)
    generator = random.Random(2)
    with process.listener(*AGENT) as listens:
        for length in [0, 1, 2, 5, 517, 1460, 9000, 200000] + [generator.randrange(3000)] * 20:
            text = generator.randbytes(length)
            cuts = sorted(generator.randrange(length + 1) for _ in range(3))
            with Stream(LISTENER) as stream:
                pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, length]) if a < b]
                sender = threading.Thread(target=stream.send, args=pieces)
                sender.start()
                with listens.accept()[0] as accepted, accepted.makefile("rb") as file:
                    assert file.read(length) == text
                    assert accepted.getpeername() == stream.socket.getsockname()
                    accepted.sendall(text)
                sender.join()
                assert stream.rest() == text
    status.wait_for("connections", 0)
    assert not status.count("requests") and not status.count(REFUSED), status.comments()


def refuse(reason, address=LISTENER):
    """Connects when the agent can't have the connection for this reason."""
    names = REFUSED, f"hand-over-{reason}"
    before = [status.count(name) for name in names]
    for number in range(1, 4):
        with Stream(address) as stream:
            stream.send(HELLO)
            # A reset would be an error.
            assert stream.rest() == b""
        for name, count in zip(names, before):
            status.wait_for(name, count + number)
    with Stream() as stream:
        serves(stream)
    print(reason, flush=True)


def refused():
    """What the agent can't have is closed and counted, and a line in the kernel's log says so, once
    a minute at most."""
    begin = time.monotonic()
    status.command(*COMMANDS)
    refuse("no-listener")
    status.wait_until(reports)
    assert "connections closed, the last one because no process listens there" in reports()[0]
    with process.listener("0.0.0.0", AGENT[1]):
        refuse("no-listener", ("::1", PORT))
        status.command(f"tls-agent 127.0.0.1:{AGENT[1]}")
        refuse("wrong-family", ("::1", PORT))
        status.command(f"tls-agent {AGENT[1]} uid 1000")
        refuse("wrong-user")
    for target in 8080, PORT:
        status.command(f"tls-agent {target}")
        refuse("kernel-socket")
    status.command(*COMMANDS)
    queue_full()
    most = 1 + (time.monotonic() - begin) / 60
    assert 1 <= len(reports()) <= most, reports()
    # It works again.
    with python_agent.Agent():
        assert ask(connect())


def queue_full():
    """The queue of the agent is full; it gets what is in it."""
    with process.listener(*AGENT, backlog=0) as listens:
        handed, queued = status.count("handed-over"), []
        while not status.count("hand-over-queue-full"):
            stream = Stream(LISTENER)
            stream.send(HELLO)
            queued.append(stream)
            status.wait_until(
                lambda: status.count("handed-over") + status.count("hand-over-queue-full")
                == handed + len(queued)
            )
        assert queued.pop().rest() == b"" and queued
        refuse("queue-full")
        for stream in queued:
            with listens.accept()[0] as accepted:
                assert accepted.recv(len(HELLO), socket.MSG_WAITALL) == HELLO
            stream.close()


def commands():
    """What a TLS listener needs, and what is shown and changes together."""
    unsupported = ("EDESTADDRREQ", "a listener with tls needs tls-agent\n")
    name, said = refusal(f"listen {PORT} tls")
    assert (name, said) == (unsupported[0], f'line 1: "{PORT}": {unsupported[1]}'), said
    name, said = refusal("listen 8081", f"listen 8082 {PORT} tls", "tls-agent 1", "tls-agent off")
    assert name == unsupported[0] and said.startswith('line 4: "tls-agent off": listen '), said
    assert refusal("tls-agent 0")[0] == refusal("listen tls")[0] == "EINVAL"
    assert "tls-agent off" in settings()
    # In any order.
    status.command(*reversed(COMMANDS))
    shown = settings()
    assert f"listen [::]:{PORT} tls" in shown and "tls-agent 8443" in shown, shown
    name, said = refusal("tls-agent off")
    assert name == unsupported[0] and said.endswith(unsupported[1]), said
    # The text can be written back, also by a server that is stopped.
    for line in "stop", "start":
        status.command(line)
        shown = settings()
        status.command(f"unlisten {PORT}", "tls-agent off")
        assert "tls-agent off" in settings()
        status.command(*shown)
        assert settings() == shown
    status.command("tls-agent [::1]:8443 uid 993", f"listen {PORT} 127.0.0.1:8081 tls")
    assert "tls-agent [::1]:8443 uid 993" in settings()
    assert "listen 127.0.0.1:8081 tls" in settings()
    status.command("unlisten", "listen 8080", "tls-agent off")


def changes():
    """A listener serves itself or leaves its connections to the agent, as the last transaction that
    has succeeded says."""
    status.command(*COMMANDS)
    with process.Process("http", *AGENT):
        for _ in range(3):
            assert server_of() == "process"
            refusal(f"listen {PORT}", "listen 192.0.2.99:80")
            assert server_of() == "process"
            status.command(f"listen {PORT}", "tls-agent off")
            assert server_of() == "khttpd"
            refusal(f"listen {PORT} tls")
            refusal(f"tls-agent {AGENT[1]}", f"listen {PORT} tls", "listen 192.0.2.99:80")
            assert server_of() == "khttpd"
            status.command(*COMMANDS)


def server_of():
    """Sends a request as plain text; returns whose response it gets."""
    with Stream(LISTENER) as stream:
        stream.send(ROBOTS)
        head, body = stream.response()
        assert code(head) == 200, head
        return "khttpd" if b"\r\nServer: khttpd" in head else "process"


def changed(count):
    """Transactions change a listener while clients come: each gets a response, of one or the other."""
    status.command(*COMMANDS)
    # Threads may append to a list at the same time, and not add to one number.
    found, failures = [], []

    def visit():
        try:
            for _ in range(count // 8):
                found.append(server_of())
        except Exception as error:
            failures.append(error)
            raise

    with process.Process("http", *AGENT):
        clients = [threading.Thread(target=visit) for _ in range(8)]
        for thread in clients:
            thread.start()
        while any(thread.is_alive() for thread in clients):
            status.command(f"listen {PORT}", "tls-agent off")
            time.sleep(random.random() / 10)
            status.command(*COMMANDS)
            time.sleep(random.random() / 10)
    assert not failures and len(found) == count // 8 * 8, (failures, found)
    print(collections.Counter(found), flush=True)


def killed(count):
    """The agent is killed and started again while clients come; each time they can connect again."""
    status.command(*COMMANDS)
    found, is_over = [], threading.Event()

    def visit():
        while not is_over.is_set():
            try:
                with connect() as secured:
                    found.append("served" if ask(secured) else "ended")
            except OSError as error:
                found.append(type(error).__name__)

    with python_agent.Agent() as agent:
        clients = [threading.Thread(target=visit) for _ in range(8)]
        for thread in clients:
            thread.start()
        for _ in range(count):
            time.sleep(random.random() / 2)
            agent.kill()
            time.sleep(random.random() / 5)
            agent.start()
            before = found.count("served")
            status.wait_until(lambda before=before: found.count("served") > before + 20)
        is_over.set()
        for thread in clients:
            thread.join()
    print(collections.Counter(found), status.count(REFUSED), flush=True)


def forever():
    """Clients come until a signal."""
    status.command(*COMMANDS)

    def visit():
        while True:
            try:
                with connect() as secured:
                    ask(secured)
            except OSError:
                pass

    with python_agent.Agent():
        clients = [threading.Thread(target=visit) for _ in range(8)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()


def waiting():
    """Connections that wait in the queue of the agent are its own: the server is stopped and the
    module unloaded."""
    for line in "echo stop > /dev/khttpd", "rmmod khttpd":
        status.command(*COMMANDS)
        with process.listener(*AGENT) as listens:
            handed = status.count("handed-over")
            streams = [Stream(LISTENER) for _ in range(50)]
            for stream in streams:
                stream.send(HELLO)
            status.wait_for("handed-over", handed + len(streams))
            subprocess.run(line, shell=True, check=True)
            for _ in streams:
                with listens.accept()[0] as accepted:
                    assert accepted.recv(len(HELLO), socket.MSG_WAITALL) == HELLO
                    accepted.sendall(b"response")
            for stream in streams:
                assert stream.rest() == b"response"
                stream.close()
        start = "echo start > /dev/khttpd" if "stop" in line else "insmod /root/khttpd.ko"
        subprocess.run(start, shell=True, check=True)


def slots():
    """A connection has a slot until it is the agent's; without one it waits in the backlog."""
    status.command(*COMMANDS, "max-connections 1", "timeout idle 86400")
    with process.listener(*AGENT) as listens, Stream() as first:
        serves(first)
        stream = Stream(LISTENER)
        stream.send(HELLO)
        status.wait_until(lambda: status.count("full"))
        assert not status.count("handed-over")
        first.close()
        for _ in range(10):
            with listens.accept()[0] as accepted:
                assert accepted.recv(len(HELLO), socket.MSG_WAITALL) == HELLO
            stream = Stream(LISTENER)
            stream.send(HELLO)
        listens.accept()[0].close()
    # Those that wait end with the server.
    with Stream() as first:
        serves(first)
        before = status.count("full")
        streams = [Stream(LISTENER) for _ in range(5)]
        for stream in streams:
            stream.send(HELLO)
        status.wait_until(lambda: status.count("full") > before)
        status.command("stop")
        for stream in streams:
            try:
                assert stream.rest() == b""
            except ConnectionResetError:
                pass
    status.command("start", "max-connections 65536")


if __name__ == "__main__":
    python_agent.certify()
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
    status.wait_for("connections", 0)
    status.wait_for_sockets(orphan=0)
