# SPDX-License-Identifier: GPL-2.0-only
"""The page of metrics as clients request it: scrapes.py CASE [NUMBER]"""

import contextlib
import re
import subprocess
import sys
import threading

import status
from adoption import Node, adopted
from stream import ROBOTS, Stream, Torn, code, request

GET = request("GET", "/metrics")
SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)+)\})? (\d+(?:\.\d+)?)')
# Pages of hundreds of kilobytes that are more than a send buffer.
SLOW = 50
TYPE = b"\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"


def samples(text):
    """Returns the samples of a page, which must be well-formed, by name and labels."""
    found, described = {}, set()
    assert text.endswith(b"\n"), text[-80:]
    for line in text.decode("ascii").splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in described and (kind == "counter") == name.endswith("_total"), line
            described.add(name)
        elif not line.startswith("# HELP "):
            match = SAMPLE.fullmatch(line)
            assert match and match[1] in described, line
            assert (match[1], match[2]) not in found, line
            found[match[1], match[2]] = float(match[3])
    return found


def page(stream):
    """Returns the samples of the page."""
    stream.send(GET)
    head, body = stream.response()
    assert code(head) == 200 and TYPE in head, head
    assert b"\r\nCache-Control: no-store\r\n" in head, head
    return samples(body)


@contextlib.contextmanager
def own():
    """Returns a client of a listener."""
    with Stream() as stream:
        yield stream


@contextlib.contextmanager
def given():
    """Returns a client whose connection a process gave to khttpd."""
    with Node() as node:
        stream = adopted(node)
    with stream:
        yield stream


def exchanges(stream):
    """Requests the page in all ways that HTTP has."""

    def ask(*arguments, **keywords):
        stream.send(request(*arguments, **keywords))
        return stream.response(bodiless=arguments[0] == "HEAD")

    page(stream)
    head, _ = ask("HEAD", "/metrics")
    assert code(head) == 200 and not stream.left and b"Content-Length: 0\r" not in head, head
    head, body = ask("GET", "/metrics", "Range: bytes=0-5")
    assert code(head) == 206 and body == b"# HELP", (head, body)
    head, body = ask("GET", "/metrics", "Range: bytes=0-1,4-5")
    assert code(head) == 206 and body.count(b"Content-Range: bytes ") == 2, (head, body)
    head, body = ask("GET", "/metrics", 'If-Range: "x"', "Range: bytes=0-5")
    assert code(head) == 200 and len(samples(body)) > 50, head
    for fields, expected in (
        (("If-None-Match: *",), 304),
        (('If-Match: "x"',), 412),
        (("Range: bytes=99999999-",), 416),
        (("Accept-Encoding: identity;q=0",), 406),
    ):
        head, _ = ask("GET", "/metrics", *fields)
        assert code(head) == expected, (fields, head)
    for method, target, expected in (
        ("OPTIONS", "/metrics", 200),
        ("GET", "/metrics?a=b", 200),
        ("GET", "/%6detrics", 200),
        ("GET", "/metrics/", 404),
    ):
        head, _ = ask(method, target)
        assert code(head) == expected, (method, target, head)
    head, _ = ask("POST", "/metrics", body=b"hello")
    assert code(head) == 405, head
    head, body = ask("GET", "/metrics", body=b"a body that is discarded")
    assert code(head) == 200 and samples(body), head
    # In the middle of others, and byte by byte.
    stream.send((ROBOTS + GET) * 3 + ROBOTS)
    codes = [code(stream.response()[0]) for _ in range(7)]
    assert codes == [200] * 7, codes
    stream.send(*[bytes([byte]) for byte in ROBOTS + GET + ROBOTS])
    codes = [code(stream.response()[0]) for _ in range(3)]
    assert codes == [200] * 3, codes


def http():
    """The page is a resource like another, on a connection of a listener and on an adopted one."""
    for connect in (own, given):
        with connect() as stream:
            exchanges(stream)
        for version, fields in (("1.0", ()), ("1.1", ("Connection: close",))):
            with connect() as stream:
                stream.send(request("GET", "/metrics", *fields, version=version))
                head, body = stream.response()
                assert code(head) == 200 and samples(body) and stream.rest() == b"", head


def many():
    """Thousands of requests in a row on one connection, then as many as fit into a buffer at once."""
    number = int(sys.argv[2])
    for connect in (own, given):
        with connect() as stream:
            before = page(stream)["khttpd_responses_total", 'code="200"']
            for _ in range(number):
                stream.send(GET)
                assert code(stream.response()[0]) == 200
            after = page(stream)["khttpd_responses_total", 'code="200"']
            assert after == before + number + 1, (before, after)
            threading.Thread(target=stream.send, args=(GET * (number // 4),)).start()
            for _ in range(number // 4):
                assert code(stream.response()[0]) == 200


def counts():
    """The numbers are those of the node, and of the requests."""
    with Stream() as stream:
        before = page(stream)
        for target, times in (("/robots.txt", 7), ("/none", 3), ("/%", 1)):
            for _ in range(times):
                with Stream() as other:
                    other.send(request("GET", target))
                    other.response()
        after = page(stream)
        grown = {name: after[name] - number for name, number in before.items()}
        assert grown["khttpd_responses_total", 'code="200"'] == 8, grown
        assert grown["khttpd_responses_total", 'code="404"'] == 3, grown
        assert grown["khttpd_responses_total", 'code="400"'] == 1, grown
        assert grown["khttpd_accepted_connections_total", None] == 11, grown
        # This connection is being polled for its page.
        assert after["khttpd_connections", 'state="rendering"'] == 1, after
        for name, key in (
            ("khttpd_listeners", "listeners"),
            ("khttpd_site_entries", "entries"),
            ("khttpd_site_memory_bytes", "memory"),
            ("khttpd_connections_max", None),
        ):
            assert after[name, None] == (status.count(key) if key else 65536), (name, after)
        total = sum(number for (name, _), number in after.items() if name == "khttpd_responses_total")
        # The page does not have itself.
        assert total + 1 == status.count("requests"), (total, status.comments())
        assert not any(name == "khttpd_host_responses_total" for name, _ in after), after
        status.command("reset counters")
        assert page(stream)["khttpd_responses_total", 'code="404"'] == 0


def hosts():
    """Responses are counted by host while there are several roots, and across reloads."""
    status.command("root built-in for *.b.example")
    with Stream() as stream:

        def ask(host, target):
            stream.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            return code(stream.response()[0])

        def shown(host, kind):
            found = page(stream)
            return found["khttpd_host_responses_total", f'host="{host}",class="{kind}"']

        for _ in range(5):
            assert ask("x.b.example", "/robots.txt") == 200
        assert ask("X.B.example.", "/none") == 404
        assert ask("other", "/none") == 404
        assert (shown("*.b.example", "2xx"), shown("*.b.example", "4xx")) == (5, 1)
        assert (shown("*", "4xx"), shown("*", "5xx")) == (1, 0)
        assert ask("b.example", "/none") == 404
        # The pages belong to a host, too; each has those before it.
        assert shown("*", "2xx") == 4
        status.command("reload")
        status.command("root built-in for a.example")
        assert ask("x.b.example", "/robots.txt") == 200
        assert (shown("*.b.example", "2xx"), shown("*.b.example", "4xx")) == (6, 1)
        assert (shown("a.example", "2xx"), shown("*", "4xx")) == (0, 2)
        status.command("reset counters")
        assert shown("*.b.example", "4xx") == 0
        status.command("clear", "root built-in", "metrics /metrics")
        assert not any(name == "khttpd_host_responses_total" for name, _ in page(stream))


def slow():
    """A client that reads slowly gets the page of its request, though the site is replaced."""
    status.command("timeout send 86400", *[f"root built-in for {n}.example" for n in range(900)])
    with Stream() as stream:
        stream.buffer(4096)
        stream.send(GET * SLOW + ROBOTS)
        status.wait_for("connections-sending", 1)
        for _ in range(5):
            status.command("clear", "root built-in", "metrics /metrics", "reload")
        sizes = []
        for _ in range(SLOW):
            head, body = stream.response()
            assert code(head) == 200, head
            sizes.append(len(samples(body)))
        assert sizes[0] > 3000 > sizes[-1], sizes
        head, _ = stream.response()
        assert code(head) == 200, head


def storm():
    """Clients request the page all the time while the module is unloaded, with the connections as
    they are then."""

    def scrape(connect):
        while not over.is_set():
            try:
                with connect() as stream:
                    while not over.is_set():
                        stream.send(GET * 3)
                        for _ in range(3):
                            stream.response()
            except (OSError, EOFError, Torn):
                pass

    over = threading.Event()
    clients = [threading.Thread(target=scrape, args=(c,)) for c in (own, own, own, given, given)]
    for client in clients:
        client.start()
    for _ in range(int(sys.argv[2])):
        status.wait_until(lambda: status.count("responses-2xx") > 50)
        status.command("root built-in for a.example", "reload")
        # The adopt node may be open.
        while subprocess.run(["rmmod", "khttpd"], stderr=subprocess.DEVNULL, check=False).returncode:
            pass
        subprocess.run(["insmod", "khttpd.ko", "commands=metrics /metrics"], check=True)
    over.set()
    for client in clients:
        client.join()


cases = {f.__name__: f for f in (http, many, counts, hosts, slow, storm)}
status.command("metrics /metrics")
cases[sys.argv[1]]()
