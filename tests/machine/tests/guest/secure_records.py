# SPDX-License-Identifier: GPL-2.0-only
"""Records of TLS as clients send and get them: secure_records.py"""

import errno
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

import adoption
import process
import status
from access_log import Reader
from adoption import Node
from secure import CERTIFICATE, adopted, client_context, pair, server_context, shake_hands
from stream import ROBOTS, code, request, serves

# <linux/tcp.h>, <linux/tls.h>
TCP_ULP = 31
SOL_TLS, TLS_TX = 282, 1
SET_TYPE = 1
AES_128_GCM = struct.pack("=HH", 0x0304, 51) + bytes(8 + 16 + 4 + 8)
CLOSE = request("GET", "/robots.txt", "Connection: close")
# Types of records.
ALERT, DATA = 21, 23
# What an encrypted record begins with.
OPAQUE = b"\x17\x03\x03"


def alert_of(stream):
    """Returns what comes before an alert, and its name."""
    try:
        raise AssertionError(f"ended without an alert: {stream.rest()}")
    except ssl.SSLError as end:
        return stream.left, end.reason


def sizes(node):
    """Requests in records of one byte, of the most bytes, and several in one."""
    text = ROBOTS * 3 + CLOSE
    with adopted(node) as stream:
        stream.send(*(text[at : at + 1] for at in range(len(text))))
        assert stream.rest().count(b"HTTP/1.1 200 ") == 4
    with adopted(node) as stream:
        stream.send(request("POST", "/robots.txt", body=bytes(40_000)) + CLOSE)
        head, _ = stream.response()
        assert code(head) == 405, head
        assert code(stream.response()[0]) == 200
        assert stream.rest() == b""


def versions(node):
    """Both versions, and their lines in the log."""
    status.command("log json")
    with Reader() as reader:
        for version, word in (ssl.TLSVersion.TLSv1_2, "1.2"), (ssl.TLSVersion.TLSv1_3, "1.3"):
            with adopted(node, context=client_context(version)) as stream:
                assert stream.socket.tls.version() == f"TLSv{word}"
                serves(stream)
            line = reader.read()
            assert f'"tls":"{word}","cipher":"AES_256_GCM"'.encode() in line, line
        with adoption.adopted(node) as stream:
            serves(stream)
        line = reader.read()
        assert b'"tls"' not in line, line
    status.command("log off")


def schemes(node):
    """Targets in absolute form."""
    for adopt, right, wrong in (adopted, b"https", b"http"), (adoption.adopted, b"http", b"https"):
        for scheme, expected in (right, 200), (wrong, 421):
            with adopt(node) as stream:
                stream.send(b"GET " + scheme + b"://a/robots.txt HTTP/1.1\r\nHost: a\r\n\r\n")
                assert code(stream.response()[0]) == expected, (scheme, adopt)


def ends(node):
    """The ends of both sides."""
    # An alert without FIN, before, within and after a request.
    for text, served in (b"", 0), (ROBOTS[:10], 0), (ROBOTS, 1), (ROBOTS * 40, 40):
        with adopted(node) as stream:
            if text:
                stream.send(text)
            stream.socket.notify()
            assert stream.rest().count(b"HTTP/1.1 200 ") == served, text
    # FIN without an alert.
    for text, served in (b"", 0), (ROBOTS[:10], 0), (ROBOTS, 1):
        with adopted(node) as stream:
            if text:
                stream.send(text)
            stream.socket.socket.shutdown(socket.SHUT_WR)
            assert stream.rest().count(b"HTTP/1.1 200 ") == served, text
    # The time of an idle connection.
    status.command("timeout idle 1")
    with adopted(node) as stream:
        serves(stream)
        assert stream.rest() == b""
    status.command("timeout idle 75")


def broken(node):
    """A record that is not authentic, or malformed, ends the connection by an alert: behind all that
    khttpd has sent before, although khttpd leaves bytes unread."""
    for record, name in (
        (OPAQUE + struct.pack("!H", 64) + os.urandom(64), "SSLV3_ALERT_BAD_RECORD_MAC"),
        (OPAQUE + struct.pack("!H", 65535) + bytes(10), "TLSV1_ALERT_RECORD_OVERFLOW"),
        (OPAQUE + struct.pack("!H", 5) + b"hello", "SSLV3_ALERT_BAD_RECORD_MAC"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "TLSV1_ALERT_DECODE_ERROR"),
    ):
        for unread in b"", os.urandom(1000), ROBOTS * 1000:
            with adopted(node) as stream:
                stream.send(ROBOTS * 100)
                stream.socket.socket.sendall(record + unread)
                text, alert = alert_of(stream)
                assert alert == name and text.count(b"HTTP/1.1 200 ") == 100, (alert, text)
    # A record that is cut off is the end of the client.
    with adopted(node) as stream:
        stream.socket.socket.sendall(OPAQUE + struct.pack("!H", 64) + bytes(30))
        stream.socket.socket.shutdown(socket.SHUT_WR)
        assert stream.rest() == b""


def unexpected(node):
    """A record that belongs to the handshake, here one that changes keys, ends the connection by an
    alert."""
    connections = []
    server_context()
    with process.listener(adoption.LOOPBACK, 0) as listens:
        port = listens.getsockname()[1]
        thread = threading.Thread(target=shake_hands, args=(listens, connections))
        thread.start()
        with subprocess.Popen(
            ["openssl", "s_client", "-connect", f"{adoption.LOOPBACK}:{port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as client:
            thread.join()
            node.give(connections[0])
            # The word of openssl-s_client(1) for a change of keys.
            client.stdin.write(b"K\n")
            client.stdin.flush()
            text = client.stdout.read()
    assert b"alert unexpected message" in text, text


class RecordSocket:
    """A client whose records the kernel encrypts and decrypts, and that chooses their types."""

    def __init__(self, node):
        connections = []
        context = ssl.create_default_context(cafile=CERTIFICATE)
        context.options |= ssl.OP_ENABLE_KTLS
        with process.listener(adoption.LOOPBACK, 0) as listens:
            thread = threading.Thread(target=shake_hands, args=(listens, connections))
            thread.start()
            plain = socket.create_connection(listens.getsockname(), status.HANG)
            secure = context.wrap_socket(plain, server_hostname="a")
            thread.join()
        self.socket = socket.socket(fileno=secure.detach())
        self.socket.settimeout(status.HANG)
        node.give(connections[0])

    def send(self, kind, text):
        """Sends a record."""
        self.socket.sendmsg([text], [(SOL_TLS, SET_TYPE, bytes([kind]))])

    def receive(self):
        """Receives a record, or a part of it; returns its type and its text."""
        text, controls, *_ = self.socket.recvmsg(10_000, socket.CMSG_SPACE(1))
        return controls[0][2][0], text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def types(node):
    """A client may say that it has given up something, though not for ever. A type that must not come
    ends the connection by an alert, behind the responses."""
    user_canceled, most = b"\x01\x5a", 64
    refusal = ALERT, b"\x02\x0a"
    with RecordSocket(node) as client:
        for _ in range(most):
            client.send(ALERT, user_canceled)
        client.send(DATA, ROBOTS)
        kind, text = client.receive()
        assert kind == DATA and text.startswith(b"HTTP/1.1 200 "), (kind, text)
        client.send(ALERT, user_canceled)
        assert client.receive() == refusal
    for kind in 20, 22, 24, 99:
        with RecordSocket(node) as client:
            client.send(DATA, ROBOTS)
            client.send(kind, b"text")
            found, text = client.receive()
            assert found == DATA and text.startswith(b"HTTP/1.1 200 "), (found, text)
            assert client.receive() == refusal, kind
    # An alert that is fatal has no answer.
    with RecordSocket(node) as client:
        client.send(ALERT, b"\x02\x50")
        try:
            assert not client.socket.recv(100)
        except ConnectionResetError:
            pass


def one_way(node):
    """TLS in one direction alone is refused, and stays with the process."""
    stream, connection = adoption.pair()
    with stream, connection:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
        assert node.refusal(adoption.record(connection.fileno())) == errno.errorcode[errno.EINVAL]
        connection.setsockopt(SOL_TLS, TLS_TX, AES_128_GCM)
        assert node.refusal(adoption.record(connection.fileno())) == errno.errorcode[errno.EINVAL]


def shared(node):
    """A connection is served once the process has closed its descriptor."""
    stream, connection = pair()
    with stream:
        stream.send(ROBOTS)
        copy = connection.dup()
        node.give(connection)
        time.sleep(1)
        stream.socket.socket.setblocking(False)
        try:
            stream.socket.socket.recv(1, socket.MSG_PEEK)
            raise AssertionError("served while a process could use the connection")
        except BlockingIOError:
            pass
        stream.socket.socket.setblocking(True)
        copy.close()
        assert code(stream.response()[0]) == 200
    # A process that never closes it keeps it.
    status.command("timeout idle 1")
    stream, connection = pair()
    with stream, connection:
        node.lend(connection)
        status.wait_for("connections", 0)
        assert connection.send(b"still a connection") == 18
        assert stream.socket.recv(100) == b"still a connection"
    status.command("timeout idle 75")


def main():
    with Node() as node:
        for case in sizes, versions, schemes, ends, broken, unexpected, types, one_way, shared:
            case(node)
            status.wait_for("connections", 0)
            print(case.__name__, flush=True)
    status.wait_for_sockets(orphan=0)


main()
