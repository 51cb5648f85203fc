# SPDX-License-Identifier: GPL-2.0-only
"""Processes of chaos.py that send requests."""

import base64
import hashlib
import socket
import struct
import time

from shared_state import ENDED, PATIENCE, PORT, STOP_KEPT, bodies, counts, over, unloads


class Cut(Exception):
    """The connection has ended within a response."""


class Connection:
    def __init__(self, address, buffer=0):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(5)
        self.received = b''
        try:
            self.socket.connect(address)
        except BaseException:
            self.socket.close()
            raise

    def send(self, request):
        self.socket.sendall(request.encode())

    def fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError
        self.received += piece

    def response(self):
        """Receives a response; returns status, fields and content. Raises one of `ENDED` before
        its first byte, `Cut` after it."""
        try:
            while b'\r\n\r\n' not in self.received:
                self.fill()
            head, self.received = self.received.split(b'\r\n\r\n', 1)
            line, *lines = head.decode().split('\r\n')
            version, status, _ = line.split(' ', 2)
            assert version == 'HTTP/1.1', line
            fields = dict(line.split(': ', 1) for line in lines)
            length = int(fields['Content-Length'])
        except ENDED as e:
            if self.received:
                raise Cut from e
            raise
        try:
            while len(self.received) < length:
                self.fill()
        except ENDED as e:
            raise Cut from e
        body, self.received = self.received[:length], self.received[length:]
        self.socket.settimeout(PATIENCE)
        return int(status), fields, body


PATHS = ['/', '/page.txt', '/large.bin', '/robots.txt', '/missing', '/old', '/metrics', '/style.css']
RANGE = (5, 4000)


def request(rng, path, close):
    lines = [f'GET {path} HTTP/1.1', 'Host: ' + rng.choice(['127.0.0.1', 'a.example', 'khttpd'])]
    if part := rng.random() < 0.2:
        lines.append(f'Range: bytes={RANGE[0]}-{RANGE[1] - 1}')
    if close:
        lines.append('Connection: close')
    return '\r\n'.join(lines) + '\r\n\r\n', part


def check_response(path, part, status, fields, body):
    known = bodies[path]
    if status == 206:
        parts = [whole[RANGE[0] : RANGE[1]] for whole in known]
        assert part and (path == '/metrics' or body in parts), f'{path}: a wrong part'
    elif status == 200 and path != '/metrics':
        assert body in known, f'{path}: a wrong body of {len(body)} bytes'
        tag = base64.urlsafe_b64encode(hashlib.blake2s(body, digest_size=16).digest()[:12]).decode()
        assert fields['ETag'] == f'"{tag}"', f'{path}: {fields["ETag"]} is not the tag of its body'
    elif status == 301:
        assert path == '/old' and fields['Location'] == '/page.txt', (path, fields)
    elif status == 416:
        assert part, path
    elif status == 408:
        assert fields['Connection'] == 'close', fields
    else:
        assert status == 404 or status == 200 and path == '/metrics', (path, status, body[:200])
    counts[f'responses-{status}'] += 1


def client(rng, closing, address=('127.0.0.1', PORT), may_be_cut=False):
    while not over.value:
        try:
            connection = Connection(address)
        except (OSError, TimeoutError):
            counts['unconnected'] += 1
            time.sleep(0.02)
            continue
        try:
            send_requests(rng, connection, closing, may_be_cut)
        finally:
            connection.socket.close()


def send_requests(rng, connection, closing, may_be_cut):
    """Sends requests on one connection until it ends, which it may only do between responses."""
    for number in range(rng.randint(1, 200)):
        path = rng.choice(PATHS)
        text, part = request(rng, path, closing)
        epoch, begin = unloads.value, time.monotonic()
        try:
            connection.send(text)
            check_response(path, part, *connection.response())
            if closing:
                assert not connection.received and not connection.socket.recv(
                    1
                ), 'more than a response'
                return
        except ENDED:
            counts['ended'] += 1
            return
        except TimeoutError:
            # A client that is not accepted yet may have to wait for a slot.
            assert number == 0, f'{path}: no response'
            counts['waited'] += 1
            return
        except Cut:
            counts['cut'] += 1
            unloaded = epoch % 2 or unloads.value != epoch
            stopped = time.monotonic() - begin > STOP_KEPT
            assert may_be_cut or unloaded or stopped, f'{path}: truncated response'
            return


def slow_client(rng):
    """Sends or reads slowly, or closes in the middle."""
    while not over.value:
        try:
            connection = Connection(('127.0.0.1', PORT), buffer=4096)
            dawdle(rng, connection)
            connection.socket.close()
        except (OSError, EOFError):
            counts['slow-ended'] += 1
            time.sleep(0.02)


def dawdle(rng, connection):
    text, _ = request(rng, '/large.bin', False)
    if rng.random() < 0.3:
        for byte in text[: rng.randrange(len(text))]:
            connection.send(byte)
            time.sleep(0.02 * rng.random())
    else:
        connection.send(text)
        for _ in range(rng.randint(0, 100)):
            connection.received += connection.socket.recv(2000)
            time.sleep(0.02 * rng.random())
        head, _, body = connection.received.partition(b'\r\n\r\n')
        if head.startswith(b'HTTP/1.1 200'):
            assert any(
                whole.startswith(body) for whole in bodies['/large.bin']
            ), 'a wrong beginning'
            counts['slow-responses'] += 1
    if rng.random() < 0.3:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
