# SPDX-License-Identifier: GPL-2.0-only
"""Roots by scheme, beside a TLS agent: the recipe "From HTTP to HTTPS", and which root applies."""

import os
import urllib.request

import status
from khttpd_tls import LISTENER, Secure, context
from stream import Stream

PLAIN = "127.0.0.1", 80
HSTS = "max-age=31536000"
CHALLENGE = "/.well-known/acme-challenge/token"
FILES = {
    "/srv/www/index.html": "www\n",
    "/srv/www/docs/index.html": "docs\n",
    f"/srv/www{CHALLENGE}": "token of https\n",
    "/srv/www/.khttpd": f"field * always Strict-Transport-Security: {HSTS}\n",
    f"/srv/to-https{CHALLENGE}": "token of http\n",
    "/srv/to-https/.khttpd": "redirect 301 /* https://$host$path"
    f" except {os.path.dirname(CHALLENGE)}/*\n",
    "/srv/b/index.html": "b\n",
    "/srv/open/index.html": "open\n",
}
ROOTS = (
    "root /srv/www",
    "root /srv/to-https for http://*",
    "root /srv/b for b.example.org",
)


def put():
    """Writes the files."""
    for path, text in FILES.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        status.write(path, text)


def ask(stream, target, host="127.0.0.1"):
    """Sends a request; returns the status, the fields and the content."""
    stream.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head, content = stream.response()
    line, *fields = head.decode().split("\r\n")
    pairs = (field.split(": ", 1) for field in fields if field)
    return int(line.split()[1]), {name.lower(): value for name, value in pairs}, content.decode()


def is_redirected(plain):
    """Without TLS, each path but the challenges leads to the same path with TLS."""
    for target, host, location in (
        ("/", "127.0.0.1", "https://127.0.0.1/"),
        ("/docs/?a=b", "127.0.0.1:80", "https://127.0.0.1/docs/?a=b"),
        ("/docs", "Any.example", "https://Any.example/docs"),
        ("/none", "b.example.org", "https://b.example.org/none"),
        ("http://other.example/x%20y", "a", "https://other.example/x%20y"),
    ):
        code, fields, _ = ask(plain, target, host)
        assert (code, fields["location"]) == (301, location), (target, code, fields)
        # RFC 6797 section 7.2.
        assert "strict-transport-security" not in fields, fields


def is_served(secure):
    """With TLS, the files are served, and the clients told to come back this way."""
    for target, expected in (
        ("/", (200, "www\n")),
        ("/docs/", (200, "docs\n")),
        (CHALLENGE, (200, "token of https\n")),
        ("https://a/docs/", (200, "docs\n")),
    ):
        code, fields, content = ask(secure, target)
        assert (code, content) == expected, (target, code, content)
        assert fields["strict-transport-security"] == HSTS, fields
    code, fields, _ = ask(secure, "/docs")
    assert (code, fields["location"]) == (301, "/docs/")
    code, fields, _ = ask(secure, "/none")
    assert (code, fields["strict-transport-security"]) == (404, HSTS)


def ends():
    """A client that follows redirects comes to the file."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context())
    )
    for path in "/docs/?a=b", "/docs?a=b":
        with opener.open(f"http://127.0.0.1{path}", timeout=status.HANG) as response:
            assert response.url == "https://127.0.0.1/docs/?a=b", response.url
            assert (response.status, response.read()) == (200, b"docs\n")
            assert response.headers["Strict-Transport-Security"] == HSTS


def precedence(plain, secure):
    """A pattern with the scheme of the connection precedes each without, then the host counts."""
    assert ask(secure, "/", "B.example.org.")[2] == "b\n"
    assert ask(plain, "/", "b.example.org")[0] == 301
    status.command("root /srv/open for http://b.example.org", "root /srv/open for HTTPS://*.c")
    for host, without, with_tls in (
        ("b.example.org", "open\n", "b\n"),
        ("x.b.example.org", None, "www\n"),
        ("a.c", None, "open\n"),
        ("c", None, "www\n"),
    ):
        code, _, content = ask(plain, "/", host)
        assert (code, content) == (200, without) if without else code == 301, (host, content)
        assert ask(secure, "/", host)[2] == with_tls, host
    # A root replaces that of the same scheme and host alone.
    status.command("root /srv/b for http://B.example.org.")
    assert ask(plain, "/", "b.example.org")[2] == "b\n"
    with open("/dev/khttpd", encoding="ascii") as node:
        shown = [line.strip() for line in node if line.startswith("root ")]
    replaced = "root /srv/b for http://B.example.org.", "root /srv/open for https://*.c"
    assert shown == [*ROOTS, *replaced], shown


def counted(secure):
    """The responses of each root are counted."""
    status.command("metrics /metrics")
    _, _, page = ask(secure, "/metrics")
    lines = [line for line in page.splitlines() if line.startswith("khttpd_host_responses_total")]
    for origins in "*", "http://*", "https://*.c", "http://B.example.org.":
        assert any(f'host="{origins}"' in line and not line.endswith(" 0") for line in lines), lines


def removed(plain):
    """Without a root for its scheme, a connection without TLS is served like one with TLS."""
    status.command("clear", "root /srv/www for https://*")
    assert ask(plain, "/")[0] == 404
    status.command("root /srv/www")
    assert ask(plain, "/")[2] == "www\n"


def main():
    """Runs all of it on one connection of each kind."""
    put()
    status.command(f"listen {PLAIN[1]}", *ROOTS)
    with Stream(PLAIN) as plain, Secure(LISTENER) as secure:
        is_redirected(plain)
        assert ask(plain, CHALLENGE)[2] == "token of http\n"
        is_served(secure)
        ends()
        precedence(plain, secure)
        counted(secure)
        removed(plain)


main()
