# SPDX-License-Identifier: GPL-2.0-only
"""Many clients whose requests are handed over, each response checked: storm.py CASE COUNT

Cases: `calm`; `killed`: the process is killed and restarted meanwhile; `commanded`: the server is
stopped, started and reloaded; `unloaded`: the module is unloaded and loaded again.
`forever`: until a signal."""

import collections
import multiprocessing
import random
import subprocess
import sys
import time

import status
from process import Process
from stream import ROBOTS, Stream, code, request, serves

CLIENTS = 16
RULE = "hand-over /app/* 9000"
CONTENT = random.Random(1).randbytes(20000)
# Ends of a connection that its server has closed or reset.
ENDED = ConnectionError, EOFError


class Refused(Exception):
    """The response was 503."""


def expect(stream, line):
    """Receives a response, which is that of the process."""
    head, body = stream.response()
    if code(head) == 503:
        assert b"\r\nRetry-After: 1\r\n" in head and b"\r\nServer: khttpd" in head, head
        raise Refused
    assert code(head) == 200 and body == line, (head, body, line)


def echoed(method, target):
    """Returns the content of the process's response."""
    return f"{method} {target}\n".encode()


def visit(stream, generator):
    """Sends requests, of which the process gets one and all after it."""
    target = f"/app/echo/{generator.getrandbits(60)}"
    way = generator.randrange(5)
    if way == 0:
        # Requests of khttpd's, on their own.
        for _ in range(generator.randrange(1, 3)):
            serves(stream)
    if way == 1:
        # Together with requests of khttpd's.
        stream.send(ROBOTS * 2 + request("GET", target) + ROBOTS)
        for _ in range(2):
            assert code(stream.response()[0]) == 200
        expect(stream, echoed("GET", target))
        head, _ = stream.response()
        # The file is not among those of the process.
        assert code(head) == 404 and b"nginx" in head, head
    elif way == 2:
        stream.send(request("POST", target, body=CONTENT[: generator.randrange(1, 20000)]))
        expect(stream, echoed("POST", target))
    else:
        text = request("GET", target)
        cut = generator.randrange(len(text))
        stream.send(text[:cut], text[cut:])
        expect(stream, echoed("GET", target))
    for number in range(generator.randrange(4)):
        stream.send(request("GET", f"{target}/{number}"))
        expect(stream, echoed("GET", f"{target}/{number}"))


def visits(seed, count, may_end, counted, reports):
    """Visits that often. `may_end`: connections may be refused or end between responses."""
    generator = random.Random(seed)
    outcomes = collections.Counter()
    while outcomes["handed over"] < count:
        try:
            with Stream() as stream:
                visit(stream, generator)
            outcomes["handed over"] += 1
            with counted.get_lock():
                counted.value += 1
        except Refused:
            assert may_end, "refused"
            outcomes["refused"] += 1
            # Otherwise the process would have no time to start.
            time.sleep(0.1)
        except ENDED as error:
            assert may_end, error
            outcomes[type(error).__name__] += 1
            time.sleep(0.01)
    reports.put(outcomes)


class Clients:
    """Processes that visit."""

    def __init__(self, count, may_end):
        self.counted, reports = multiprocessing.Value("Q"), multiprocessing.Queue()
        self.reports = reports
        self.tasks = [
            multiprocessing.Process(
                target=visits,
                args=(seed, -(-count // CLIENTS), may_end, self.counted, reports),
                daemon=True,
            )
            for seed in range(CLIENTS)
        ]
        for task in self.tasks:
            task.start()

    def run(self):
        """Tells whether some run, and asserts that none has failed."""
        codes = [task.exitcode for task in self.tasks]
        assert not any(codes), f"a client has failed: {codes}"
        return None in codes

    def some(self, more=50):
        """Waits until some more visits have succeeded, or all."""
        goal = self.counted.value + more
        status.wait_until(lambda: self.counted.value >= goal or not self.run())

    def outcomes(self):
        """Waits for all; returns what they have met."""
        total = sum((self.reports.get() for _ in self.tasks), collections.Counter())
        for task in self.tasks:
            task.join()
        self.run()
        return total


def calm(count, _process):
    """All requests are handed over, and none is refused."""
    before = status.count("handed-over")
    outcomes = Clients(count, False).outcomes()
    status.wait_for("handed-over", before + outcomes["handed over"])
    return outcomes


def killed(count, process):
    """The process is killed, with the connections that it has, and started again: a hundred times
    at most, because a start takes seconds beside so many clients."""
    clients = Clients(count, True)
    while clients.run():
        clients.some(max(50, count // 100))
        process.kill()
        before = status.count("hand-over-no-listener")
        status.wait_until(
            lambda before=before: status.count("hand-over-no-listener") > before
            or not clients.run()
        )
        process.start()
    return clients.outcomes()


def commanded(count, _process):
    """The server is stopped, started and given sites."""
    clients = Clients(count, True)
    while clients.run():
        for lines in (
            ["stop"],
            ["start"],
            ["reload"],
            ["no-hand-over /app/*", RULE],
            ["clear", "root built-in", RULE],
            ["unlisten", "listen 8080"],
            ["stop", "start"],
        ):
            status.command(*lines)
            if lines != ["stop"]:
                clients.some(20)
    outcomes = clients.outcomes()
    assert not outcomes["refused"], outcomes
    return outcomes


def unloaded(count, _process):
    """The module is unloaded and loaded; connections that were handed over before go on."""
    clients = Clients(count, True)
    kept = []
    while clients.run():
        clients.some()
        for number in range(3):
            stream = Stream()
            stream.send(request("GET", f"/app/echo/kept{number}"))
            expect(stream, echoed("GET", f"/app/echo/kept{number}"))
            kept.append(stream)
        subprocess.run(["rmmod", "khttpd"], check=True)
        for stream in kept:
            target = f"/app/echo/{random.getrandbits(60)}"
            stream.send(request("GET", target))
            expect(stream, echoed("GET", target))
        subprocess.run(["insmod", "/root/khttpd.ko", f"commands={RULE}"], check=True)
    outcomes = clients.outcomes()
    assert kept and not outcomes["refused"], outcomes
    return outcomes


def forever(_count, _process):
    """Tells each ten visits, until a signal."""
    clients = Clients(1 << 60, True)
    while clients.run():
        clients.some(10)
        print("visited", flush=True)


def main():
    case, count = globals()[sys.argv[1]], int(sys.argv[2])
    status.command(RULE)
    with Process("nginx") as process:
        outcomes = case(count, process)
    print(case.__name__, *outcomes.items(), flush=True)
    status.wait_for("connections", 0)
    with Stream() as stream:
        serves(stream)
    # No socket is left without an owner.
    status.wait_for_sockets(orphan=0)


main()
