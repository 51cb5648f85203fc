# SPDX-License-Identifier: GPL-2.0-only
"""Many connections go back and forth between khttpd and processes, which are killed meanwhile, while
commands change the server; at last the module is unloaded: rush.py SECONDS

Each response is right, or the connection ends."""

import collections
import multiprocessing
import random
import subprocess
import sys
import time

import process
import status
from stream import Stream, Torn
from trips import PORT, begin, check, either, exchanges

CLIENTS = 12
PROCESSES = 3
ADDRESS = "127.0.0.1", PORT
# Ends of a connection.
ENDED = ConnectionError, EOFError, Torn
RULE = "hand-over /app/* 9 always"
# Lines of one write, one write after the other.
COMMANDS = [
    [["stop"], ["start"]],
    [["stop", "start"]],
    [["reload"]],
    [["max-connections 4"], ["max-connections 65536"]],
    [["no-hand-over /app/*", RULE]],
    [["clear", "root /tmp/trips", RULE]],
]


def visit(generator, of_khttpd, outcomes):
    """Sends requests for both, several of which are under way."""
    with Stream(ADDRESS) as stream:
        begin(stream, generator)
        under_way = collections.deque()
        for left in reversed(range(generator.randrange(100))):
            under_way.append(either(generator, of_khttpd))
            stream.send(under_way[-1][0])
            while len(under_way) > (generator.randrange(8) if left else 0):
                refused = check(stream, *under_way.popleft(), refusable=True)
                outcomes["refused" if refused else "responses"] += 1


def visits(seed, of_khttpd, over, reports):
    """Visits until it is over."""
    generator, outcomes = random.Random(seed), collections.Counter()
    while not over.is_set():
        try:
            visit(generator, of_khttpd, outcomes)
        except ENDED as error:
            outcomes[type(error).__name__] += 1
            time.sleep(0.01)
    reports.put(outcomes)


class Crowd:
    """Clients and processes."""

    def __init__(self, of_khttpd):
        self.over, self.reports = multiprocessing.Event(), multiprocessing.Queue()
        self.processes = [self.start() for _ in range(PROCESSES)]
        status.wait_until(lambda: process.listens(*ADDRESS))
        self.clients = [
            multiprocessing.Process(
                target=visits, args=(seed, of_khttpd, self.over, self.reports), daemon=True
            )
            for seed in range(CLIENTS)
        ]
        for client in self.clients:
            client.start()

    def start(self):
        """Starts a process."""
        return subprocess.Popen([sys.executable, "/tmp/sharing.py", ADDRESS[0], str(PORT), "4000"])

    def kill(self, number):
        """Kills a process, which has not failed."""
        one = self.processes[number]
        assert one.poll() is None, "a process has failed"
        one.kill()
        one.wait()

    def check(self):
        """Asserts that no client has failed."""
        codes = [client.exitcode for client in self.clients]
        assert not any(codes), codes

    def outcomes(self):
        """Returns what the clients have met, when they have ended."""
        self.over.set()
        total = collections.Counter()
        for client in self.clients:
            while client.is_alive() and self.reports.empty():
                self.check()
                time.sleep(0.05)
            total += self.reports.get(timeout=status.HANG)
        for client in self.clients:
            client.join()
        self.check()
        return total


def connections():
    """Returns the kernel's list of the connections of the port."""
    command = ["ss", "-Htn", f"( sport = :{PORT} or dport = :{PORT} )"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    seconds = float(sys.argv[1])
    generator, of_khttpd = random.Random(1), exchanges()
    crowd = Crowd(of_khttpd)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for lines in generator.choice(COMMANDS):
            status.command(*lines)
            time.sleep(generator.random() / 2)
        if generator.randrange(3) == 0:
            number = generator.randrange(PROCESSES)
            crowd.kill(number)
            time.sleep(generator.random() / 2)
            crowd.processes[number] = crowd.start()
        crowd.check()
    print(status.comments(), flush=True)
    before = status.count("adopted")
    status.wait_until(lambda: status.count("adopted") > before + 10)
    # The module is in use while processes have the node open, and not because of connections.
    refused = subprocess.run(["rmmod", "khttpd"], check=False, capture_output=True)
    assert refused.returncode, "unloaded while a process has the node open"
    for number in range(PROCESSES):
        crowd.kill(number)
    subprocess.run(["rmmod", "khttpd"], check=True)
    outcomes = crowd.outcomes()
    print(*outcomes.items(), flush=True)
    assert outcomes["responses"] > 100, outcomes
    status.wait_for_sockets(orphan=0)
    assert not connections(), connections()
    subprocess.run(["insmod", "/root/khttpd.ko"], check=True)


main()
