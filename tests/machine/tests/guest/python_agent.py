# SPDX-License-Identifier: GPL-2.0-only
"""A TLS agent that serves its clients itself: python_agent.py ADDRESS PORT

It shakes hands with each client, and responds to each line with the addresses that it sees: those of
the client and its own."""

import os
import signal
import ssl
import subprocess
import sys
import threading

import process
import status

CERTIFICATE, KEY = "/tmp/agent.crt", "/tmp/agent.key"
SUBJECT = "/CN=khttpd.example"


def certify():
    """Makes a certificate."""
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 \
        -subj {SUBJECT} -keyout {KEY} -out {CERTIFICATE}"
    subprocess.run(command.split(), check=True, capture_output=True)


def server():
    """Returns the settings of the agent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(["http/1.1"])
    return context


def client():
    """Returns the settings of a client that trusts the agent alone."""
    context = ssl.create_default_context(cafile=CERTIFICATE)
    context.check_hostname = False
    return context


def shown(address):
    """Returns the line for an address."""
    return f"{address[0]} {address[1]}"


def serve(context, connection):
    """Serves a client until it closes."""
    try:
        with connection, context.wrap_socket(connection, server_side=True) as secured:
            peer, own = secured.getpeername(), secured.getsockname()
            for _ in secured.makefile("rb"):
                secured.sendall(f"{shown(peer)} {shown(own)}\n".encode())
    except OSError:
        # Clients end their connections as they like.
        pass


def run(address, port):
    """Serves until a signal."""
    context = server()
    with process.listener(address, port, only=True) as listens:
        while True:
            arguments = context, listens.accept()[0]
            threading.Thread(target=serve, args=arguments, daemon=True).start()


class Agent:
    """An agent that runs as a process of its own."""

    def __init__(self, address="127.0.0.1", port=8443):
        self.arguments = address, port
        self.start()

    def start(self):
        """Starts it; returns when it listens."""
        address, port = self.arguments
        command = [sys.executable, "/tmp/python_agent.py", address, str(port)]
        self.child = subprocess.Popen(command)
        status.wait_until(lambda: process.listens(address, port))

    def kill(self):
        """Kills it."""
        os.kill(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]))
