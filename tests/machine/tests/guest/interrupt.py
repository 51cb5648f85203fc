# SPDX-License-Identifier: GPL-2.0-only
"""Signals to a writer that loads a site, or waits for another one that does: interrupt.py
files|rules|compression|waits FILES

The writer ends in a small part of the time for which the load would have gone on. The machine's
clock counts instructions, so that a busy host does not change measured times."""

import errno
import http.client
import os
import random
import signal
import sys
import time

import status
from system_calls import is_writing

OLD, SITE = "/tmp/old", "/tmp/site"
# Divisor of the rest of a load: a writer may take this part of it to end after a signal.
PART = 10
# Number of rules, which make a load of a thousand files take seconds.
RULES = 700
# Number of different fields among them: a redirect may have 64.
NAMES = 60


def make_sites(files, rules):
    """Makes a small site, and one of many files and rules."""
    for folder in OLD, SITE:
        os.makedirs(folder)
    with open(f"{OLD}/index.html", "w", encoding="ascii") as file:
        file.write("old\n")
    for number in range(files):
        os.close(os.open(f"{SITE}/{number}", os.O_CREAT | os.O_WRONLY, 0o644))
    with open(f"{SITE}/.khttpd", "w", encoding="ascii") as file:
        file.writelines(f"field * A{number % NAMES}: b\n" for number in range(rules))


def writer(*lines):
    """Starts a process that writes commands."""
    number = os.fork()
    if number == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        status.command(*lines)
        os._exit(0)
    return number


def is_running(number):
    """Returns whether a child is still running, without reaping it."""
    return os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def loaded(key):
    """Returns a count of a load in progress."""
    words = dict(line.split()[:2] for line in status.comments())
    return int(words.get(key, 0))


def begin_to_load(count, key="loading-files"):
    """Starts a load and waits until it shows this count, of files that it has read by default."""
    loader = writer(f"root {SITE}")
    while loaded(key) < count:
        assert is_running(loader), f"the site was loaded before {key} {count} was seen"
    return loader


def end(number):
    """Waits for a child; returns its wait status and the duration."""
    begin = time.monotonic()
    wait_status = os.waitpid(number, 0)[1]
    return wait_status, time.monotonic() - begin


def rest_of_load(*count):
    """Returns how long a load goes on after this count without a signal."""
    wait_status, took = end(begin_to_load(*count))
    assert wait_status == 0, wait_status
    status.command(f"root {OLD}")
    return took


def assert_interrupted(number, by, rest):
    """Sends a signal, and asserts that the child ends soon and that the old site stays."""
    os.kill(number, by)
    wait_status, took = end(number)
    print(f"{took * 1000:.1f} ms instead of {rest * 1000:.1f}")
    assert wait_status == by, wait_status
    assert took < rest / PART, (took, rest)
    client = http.client.HTTPConnection("127.0.0.1", 8080)
    client.request("GET", "/")
    assert client.getresponse().read() == b"old\n"


def load(files, seen, by):
    """Interrupts a load after so many files."""
    make_sites(files, RULES)
    status.command(f"root {OLD}")
    rest = rest_of_load(seen)
    assert_interrupted(begin_to_load(seen), by, rest)
    assert not any(line.startswith("loading") for line in status.comments()), status.comments()


def compression():
    """Interrupts a load that compresses one large file."""
    make_sites(1, 0)
    with open(f"{SITE}/0", "wb") as file:
        file.write(random.Random(7).randbytes(300_000).hex().encode() * 8)
    try:
        status.command(f"root {OLD}", "compress *")
    except OSError as error:
        assert error.errno == errno.EOPNOTSUPP, error
        print("skipped: this kernel cannot compress")
        return
    count = 200_000, "loading-compressed"
    rest = rest_of_load(*count)
    assert_interrupted(begin_to_load(*count), signal.SIGKILL, rest)


def waits(files):
    """Interrupts a writer that waits for another one, which goes on."""
    make_sites(files, RULES)
    status.command(f"root {OLD}")
    rest = rest_of_load(1)
    loader = begin_to_load(1)
    waiting = writer("timeout idle 66")
    while not is_writing(waiting):
        assert is_running(waiting) and is_running(loader)
    assert_interrupted(waiting, signal.SIGINT, rest)
    assert is_running(loader), "the writer was not interrupted while it waited"
    os.kill(loader, signal.SIGKILL)
    assert end(loader)[0] == signal.SIGKILL
    with open("/dev/khttpd", encoding="ascii") as node:
        assert "timeout idle 75\n" in node


def main():
    case, files = sys.argv[1], int(sys.argv[2])
    match case:
        case "files":
            load(files, 20, signal.SIGINT)
        case "rules":
            load(files, files, signal.SIGKILL)
        case "compression":
            compression()
        case "waits":
            waits(files)


main()
