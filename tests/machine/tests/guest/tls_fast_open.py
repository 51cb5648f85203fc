# SPDX-License-Identifier: GPL-2.0-only
"""Clients of a TLS listener send the beginning of the handshake in the SYN (TCP Fast Open): khttpd may
hand their connections to the agent before TCP's own handshake is complete. The module listens after
this program has begun."""

import socket
import ssl
import subprocess

import python_agent
import status
from fast_open import SETTINGS, accepted_early, run
from tls_listen import COMMANDS, LISTENER

COUNT = 50


class Client:
    """A client whose connection begins with a ClientHello in the SYN."""

    def __init__(self):
        self.received, self.written = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = python_agent.client().wrap_bio(self.received, self.written)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.socket = socket.socket()
        self.socket.settimeout(status.HANG)
        hello = self.written.read()
        assert self.socket.sendto(hello, socket.MSG_FASTOPEN, LISTENER) == len(hello)

    def until_done(self, function, *arguments):
        """Calls a function until it needs no more records; returns its result."""
        while True:
            try:
                result = function(*arguments)
                self.socket.sendall(self.written.read())
                return result
            except ssl.SSLWantReadError:
                self.socket.sendall(self.written.read())
                piece = self.socket.recv(1 << 16)
                assert piece, "the connection has ended"
                self.received.write(piece)

    def ask(self):
        """Shakes hands, sends a line, and receives the one that the agent sends."""
        self.until_done(self.tls.do_handshake)
        self.until_done(self.tls.write, b"who\n")
        return self.until_done(self.tls.read, 1000).decode()


def complete():
    """The agent shakes hands with all clients, without a delay of packets and with one."""
    for delay in "0ms", "20ms":
        run(f"tc qdisc replace dev lo root netem limit 10000 delay {delay}")
        for client in [Client() for _ in range(COUNT)]:
            line = f"{python_agent.shown(client.socket.getsockname())} {LISTENER[0]} {LISTENER[1]}\n"
            assert client.ask() == line, line
            client.socket.close()


def killed():
    """Connections end while TCP's handshake is under way."""
    clients = [Client() for _ in range(COUNT)]
    subprocess.run(f"ss --kill --tcp dport = :{LISTENER[1]}".split(), check=True, capture_output=True)
    for client in clients:
        client.socket.close()


def main():
    for name, value in SETTINGS.items():
        status.write(f"/proc/sys/net/ipv4/{name}", str(value))
    run("insmod /root/khttpd.ko")
    status.command(*COMMANDS)
    python_agent.certify()
    before = accepted_early()
    with python_agent.Agent():
        complete()
        assert accepted_early() - before >= 2 * COUNT, accepted_early() - before
        killed()
        complete()
    run("tc qdisc delete dev lo root")
    status.wait_for("connections", 0)
    assert not status.count("requests"), status.comments()
    run("rmmod khttpd")


main()
