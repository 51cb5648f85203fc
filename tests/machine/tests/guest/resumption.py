# SPDX-License-Identifier: GPL-2.0-only
"""Interrupts a program that downloads, twice, and lets it resume: the program is killed, or its
connections are cut. The link to the server is slow while that happens."""

import contextlib
import glob
import hashlib
import os
import signal
import subprocess
import time

import status

# Length of the files to download.
SIZE = 16 << 20
# Bytes that a response may send beside what is missing: its head, and those to other requests.
BESIDE = 128 << 10
# Rate of the slow link: a sixteenth of the file per second.
RATE = "8mbit"


def run(*command, **options):
    """Runs a program, which must succeed; returns its output."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=status.HANG,
        check=False,
        **options,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}"
    return done.stdout


def digest(path):
    """Returns the digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def random_file(path, size=SIZE):
    """Writes a file that nothing can compress."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(os.urandom(size))


def length(patterns):
    """Returns the number of bytes that files take which match the patterns."""
    total = 0
    for pattern in patterns:
        for path in glob.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(path).st_blocks * 512
    return total


@contextlib.contextmanager
def slow_link():
    """Slows the loopback down."""
    run("tc", "qdisc", "replace", "dev", "lo", "root", "netem", "rate", RATE)
    try:
        yield
    finally:
        run("tc", "qdisc", "delete", "dev", "lo", "root")


def kill(process):
    """Kills a program and its children, if it runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def cut(process):
    """Resets the connections of a program until it gives up."""
    end = time.monotonic() + status.HANG
    while process.poll() is None:
        assert time.monotonic() < end, "the program does not give up"
        run("ss", "--kill", "--no-header", "state", "established", "sport", "=", ":8080")
        time.sleep(0.1)


def interrupt(command, patterns, at, how):
    """Starts a program, waits until its files have grown to a length, and interrupts it so that it
    fails. Returns the length that the files have then."""
    with open("/tmp/said", "w", encoding="utf-8") as said, subprocess.Popen(
        command, stdout=said, stderr=said, start_new_session=True
    ) as process:
        end = time.monotonic() + status.HANG
        while length(patterns) < at:
            if process.poll() is not None or time.monotonic() > end:
                break
            time.sleep(0.02)
        how(process)
    with open("/tmp/said", encoding="utf-8", errors="replace") as said:
        assert process.returncode != 0, f"{command} was not interrupted: {said.read()}"
    kept = length(patterns)
    print(f"{command[0]}: interrupted by {how.__name__} with {kept} bytes", flush=True)
    return kept


def interrupt_twice(command, patterns, then):
    """Kills a program, and interrupts its next run. Returns the length that its files have then."""
    with slow_link():
        first = interrupt(command, patterns, SIZE // 4, kill)
        second = interrupt(command, patterns, SIZE // 2, then)
    assert SIZE // 4 <= first < SIZE and SIZE // 2 <= second < SIZE, (first, second)
    return second


def resumed(command, patterns, then=cut, beside=BESIDE):
    """Runs a program that is interrupted twice; asserts that its last run gets what is missing and
    little beside it. Returns the output of that run."""
    kept = interrupt_twice(command, patterns, then)
    before = status.count("bytes")
    said = run(*command)
    sent = status.count("bytes") - before
    print(f"{command[0]}: {sent} bytes sent for the last {SIZE - kept}", flush=True)
    assert sent <= SIZE - kept + beside, f"{sent} bytes instead of {SIZE - kept}: {said}"
    return said
