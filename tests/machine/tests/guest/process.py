# SPDX-License-Identifier: GPL-2.0-only
"""A process to which khttpd hands connections over: process.py KIND ADDRESS PORT

KIND is `http` (Python's http.server), `mptcp` (the same with MPTCP), `websocket`, `gunicorn`,
`node` or `nginx`. A request is echoed: its method and target, then its content."""

import http.server
import os
import signal
import socket
import subprocess
import sys
import time

import status

IPPROTO_MPTCP = 262
NGINX = """\
user root;
daemon off;
worker_processes 2;
error_log /tmp/nginx.log;
pid /tmp/nginx-PORT.pid;
events { worker_connections 20000; }
http {
    access_log off;
    log_not_found off;
    keepalive_requests 1000000;
    keepalive_timeout 1d;
    client_header_timeout 1d;
    client_body_timeout 1d;
    client_max_body_size 2m;
    server {
        listen LISTEN backlog=65535;
        root /tmp/behind;
        location /app/echo/ { return 200 "$request_method $request_uri\\n"; }
        location /app/addresses {
            return 200 "$remote_addr $remote_port $server_addr $server_port\\n";
        }
    }
}
"""


def listener(address, port, only=False, share=False, backlog=4096, protocol=0):
    """Returns a socket that listens. `only`: an IPv6 one that takes no IPv4 clients. `share`: its
    port may have more of them."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listens = socket.socket(family, socket.SOCK_STREAM, protocol)
    listens.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listens.family == socket.AF_INET6:
        listens.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    if share:
        listens.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listens.bind((address, port))
    listens.listen(backlog)
    return listens


class Handler(http.server.BaseHTTPRequestHandler):
    """Echoes requests."""

    protocol_version = "HTTP/1.1"

    def chunks(self):
        """Yields the chunks of the content."""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def content(self):
        """Reads the content."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            return b"".join(self.chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def respond(self):
        """Sends the response."""
        body = f"{self.command} {self.path}\n".encode() + self.content()
        if self.path == "/app/addresses":
            peer, own = self.client_address, self.connection.getsockname()
            body = f"{peer[0]} {peer[1]} {own[0]} {own[1]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = respond

    def log_message(self, format, *arguments):
        """Logs nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Python's own server, with a thread for each connection."""

    def __init__(self, listens):
        super().__init__(listens.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listens

    def handle_error(self, request, client_address):
        """Reports nothing: clients may reset their connections."""


def application(environ, start_response):
    """The same for gunicorn."""
    body = environ["wsgi.input"].read()
    echoed = f"{environ['REQUEST_METHOD']} {environ['RAW_URI']}\n".encode() + body
    start_response("200 OK", [("Content-Length", str(len(echoed)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [echoed]


def serve_websocket(address, port):
    """Echoes each message, as a server of Debian's package python3-websockets."""
    from websockets.sync.server import serve

    def echo(connection):
        for message in connection:
            connection.send(message)

    serve(echo, sock=listener(address, port), compression=None).serve_forever()


def bound(address, port):
    """Returns address and port as nginx and gunicorn read them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def run(kind, address, port):
    """Serves until a signal."""
    if kind == "http":
        Server(listener(address, port)).serve_forever()
    elif kind == "mptcp":
        Server(listener(address, port, protocol=IPPROTO_MPTCP)).serve_forever()
    elif kind == "websocket":
        serve_websocket(address, port)
    elif kind == "gunicorn":
        words = "gunicorn --worker-class gthread --threads 8 --keep-alive 600 --chdir /tmp --bind"
        os.execvp("gunicorn", [*words.split(), bound(address, port), "process:application"])
    elif kind == "node":
        os.execvp("node", ["node", "/tmp/process.js", address, str(port)])
    else:
        os.makedirs("/tmp/behind/app", exist_ok=True)
        status.write("/tmp/behind/app/file", "of the process\n" * 1000)
        only = " ipv6only=off" if ":" in address else ""
        text = NGINX.replace("LISTEN", bound(address, port) + only).replace("PORT", str(port))
        status.write(f"/tmp/nginx-{port}.conf", text)
        os.execvp("nginx", ["nginx", "-c", f"/tmp/nginx-{port}.conf"])


def listens(address, port):
    """Tells whether a process listens. One that is being killed may still do so."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    try:
        socket.create_connection((target, port), status.HANG).close()
        return True
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        return True


class Process:
    """A process of a kind, which runs."""

    def __init__(self, kind, address="127.0.0.1", port=9000):
        self.arguments = kind, address, port
        self.start()

    def start(self):
        """Starts it; returns when it listens."""
        kind, address, port = self.arguments
        command = [sys.executable, "/tmp/process.py", kind, address, str(port)]
        self.child = subprocess.Popen(command, start_new_session=True)
        end = time.monotonic() + status.HANG
        while not listens(address, port):
            assert self.child.poll() is None and time.monotonic() < end, f"no {kind}"
            time.sleep(0.01)

    def kill(self):
        """Kills it and its children, at once; returns when none of them listens."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        status.wait_until(lambda: not listens(*self.arguments[1:]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
