# SPDX-License-Identifier: GPL-2.0-only
"""Connections with TLS, whose handshake a process makes and whose records the kernel decrypts."""

import functools
import socket
import ssl
import subprocess
import threading

import adoption
import process
from adoption import LOOPBACK
from stream import Stream

KEY = "/tmp/tls.key"
CERTIFICATE = "/tmp/tls.pem"
# The ciphers of TLS 1.2 that the kernel has; TLS 1.3 has no others.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@functools.cache
def identity():
    """Makes a key and a certificate."""
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
        f" -subj /CN=khttpd -addext subjectAltName=DNS:a -keyout {KEY} -out {CERTIFICATE}",
        shell=True,
        check=True,
        capture_output=True,
    )


@functools.cache
def server_context():
    """Returns the context of servers."""
    identity()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(["http/1.1"])
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_ENABLE_KTLS
    context.num_tickets = 0
    return context


@functools.cache
def client_context(version=ssl.TLSVersion.TLSv1_3):
    """Returns the context of clients of one version of TLS."""
    identity()
    context = ssl.create_default_context(cafile=CERTIFICATE)
    context.set_alpn_protocols(["http/1.1"])
    context.minimum_version = context.maximum_version = version
    return context


class SecureSocket:
    """A client's socket, with its records under control."""

    def __init__(self, connection, context):
        self.socket = connection
        self.received = ssl.MemoryBIO()
        self.written = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.received, self.written, server_hostname="a")

    def flush(self):
        """Sends the records that were written."""
        if self.written.pending:
            self.socket.sendall(self.written.read())

    def until_done(self, function, *arguments):
        """Calls a function until it needs no more records; returns its result."""
        while True:
            try:
                result = function(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                piece = self.socket.recv(1 << 16)
                if piece:
                    self.received.write(piece)
                else:
                    self.received.write_eof()

    def handshake(self):
        """Shakes hands."""
        self.until_done(self.tls.do_handshake)

    def sendall(self, text):
        """Sends bytes in records of their own."""
        while text:
            count = self.tls.write(text)
            text = text[count:]
            self.flush()

    def recv(self, count):
        """Receives bytes; none if the server has told of the end."""
        try:
            return self.until_done(self.tls.read, count)
        except ssl.SSLZeroReturnError:
            return b""

    def notify(self):
        """Tells the server of the end by an alert."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def shutdown(self, how):
        """Tells the server of the end by an alert and by FIN."""
        assert how == socket.SHUT_WR
        self.notify()
        self.socket.shutdown(how)

    def fileno(self):
        """Returns the descriptor, for select(2)."""
        return self.socket.fileno()

    def setsockopt(self, *arguments):
        """Sets an option of TCP."""
        self.socket.setsockopt(*arguments)

    def close(self):
        """Closes the connection without an alert."""
        self.socket.close()


class SecureStream(Stream):
    """A connection to a server with TLS."""

    def __init__(self, address, context=None):
        super().__init__(address)
        self.socket = SecureSocket(self.socket, context or client_context())
        self.socket.handshake()


def shake_hands(listens, connections):
    """Accepts a connection, makes the handshake, and appends the socket, whose records the kernel
    decrypts."""
    with server_context().wrap_socket(
        listens.accept()[0], server_side=True, do_handshake_on_connect=False
    ) as secure:
        secure.do_handshake()
        assert not secure.pending()
        connections.append(socket.socket(fileno=secure.detach()))


def pair(address=LOOPBACK, context=None):
    """Returns a client, and its connection in this process, after the handshake."""
    connections = []
    # Here, and not by both sides at once.
    server_context()
    with process.listener(address, 0) as listens:
        thread = threading.Thread(target=shake_hands, args=(listens, connections))
        thread.start()
        stream = SecureStream(listens.getsockname()[:2], context)
        thread.join()
    return stream, connections[0]


def adopted(node, early=b"", address=LOOPBACK, context=None):
    """Returns a client whose connection was given to khttpd."""
    stream, connection = pair(address, context)
    node.give(connection, early)
    return stream


# How a test makes connections, by the word on its command line.
KINDS = {"plain": (adoption.pair, adoption.adopted), "secure": (pair, adopted)}
