# SPDX-License-Identifier: GPL-2.0-only
"""Signals for a writer that has a site loaded, or that waits for another which does:  interrupt.py files|rules|waits FILES

The machine's clock counts instructions. A signal takes a small part of the time that the load would have gone on, however slow
the kernel is."""

import http.client
import os
import signal
import sys
import time

import status

OLD, SITE = "/tmp/old", "/tmp/site"
# The part of the rest of a load that a signal may take to end it.
PART = 10
# Enough to keep the load of a thousand files busy for some seconds.
RULES = 300


def make_sites(files, rules):
    """A small site, and one of many files and rules."""
    for folder in OLD, SITE:
        os.makedirs(folder)
    with open(f"{OLD}/index.html", "w", encoding="ascii") as file:
        file.write("old\n")
    for number in range(files):
        os.close(os.open(f"{SITE}/{number}", os.O_CREAT | os.O_WRONLY, 0o644))
    with open(f"{SITE}/.khttpd", "w", encoding="ascii") as file:
        file.writelines(f"field * A{number}: b\n" for number in range(rules))


def writer(*lines):
    """Another process that writes commands; a signal ends it."""
    number = os.fork()
    if number == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        status.command(*lines)
        os._exit(0)
    return number


def goes_on(number):
    """Whether a child has not ended yet; that it has is still to be asked for."""
    return os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def loaded():
    """How many files of the site that is being loaded have been read, by the node."""
    words = dict(line.split()[:2] for line in status.comments())
    return int(words.get("loading-files", 0))


def begin_to_load(files):
    """A writer that has read so many files of the site."""
    loader = writer(f"root {SITE}")
    while loaded() < files:
        assert goes_on(loader), f"the site was loaded before {files} files were seen"
    return loader


def end(number):
    """How a child ends, and how long that takes."""
    begin = time.monotonic()
    how = os.waitpid(number, 0)[1]
    return how, time.monotonic() - begin


def rest_of_load(files):
    """How long a load goes on after so many files if there is no signal."""
    how, took = end(begin_to_load(files))
    assert how == 0, how
    status.command(f"root {OLD}")
    return took


def assert_interrupted(number, by, rest):
    """Sends a signal, which ends the child soon and leaves the old site in place."""
    os.kill(number, by)
    how, took = end(number)
    print(f"{took * 1000:.1f} ms instead of {rest * 1000:.1f}")
    assert how == by, how
    assert took < rest / PART, (took, rest)
    client = http.client.HTTPConnection("127.0.0.1", 8080)
    client.request("GET", "/")
    assert client.getresponse().read() == b"old\n"


def load(files, seen, by):
    """A load after so many files."""
    make_sites(files, RULES)
    status.command(f"root {OLD}")
    rest = rest_of_load(seen)
    assert_interrupted(begin_to_load(seen), by, rest)
    assert not any(line.startswith("loading") for line in status.comments()), status.comments()


def waits(files):
    """A writer that waits for another, which goes on."""
    make_sites(files, RULES)
    status.command(f"root {OLD}")
    rest = rest_of_load(1)
    loader = begin_to_load(1)
    waiting = writer("timeout idle 66")
    while not open(f"/proc/{waiting}/syscall", encoding="ascii").read().startswith("1 "):
        assert goes_on(waiting) and goes_on(loader)
    assert_interrupted(waiting, signal.SIGINT, rest)
    assert goes_on(loader), "it was not interrupted while it waited"
    os.kill(loader, signal.SIGKILL)
    assert end(loader)[0] == signal.SIGKILL
    with open("/dev/khttpd", encoding="ascii") as node:
        assert "timeout idle 60\n" in node


def main():
    case, files = sys.argv[1], int(sys.argv[2])
    match case:
        case "files":
            load(files, 20, signal.SIGINT)
        case "rules":
            load(files, files, signal.SIGKILL)
        case "waits":
            waits(files)


main()
