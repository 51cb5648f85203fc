# SPDX-License-Identifier: GPL-2.0-only
"""Lines that are read from the node of the access log: log_lines.py CASE COUNT"""

import ctypes
import mmap
import os
import select
import signal
import sys
import time

import status
from access_log import (
    LINE,
    Clients,
    Collector,
    Reader,
    ask,
    error,
    libc,
    objects,
    reports,
    settle,
)

# <sys/mman.h>
PROT_NONE = 0


def pieces(count):
    """A read returns whole lines; one with less room than a line returns a part of it."""
    status.command("log combined", "log-buffer 4194304")
    ask(count)
    settle()
    with Reader() as reader:
        first = b""
        while not first.endswith(b"\n"):
            piece = reader.read(7)
            assert 0 < len(piece) <= 7, piece
            first += piece
        # Its rest is dropped when the node is closed.
        assert not reader.read(7).endswith(b"\n")
    with Reader() as reader:
        poll = select.poll()
        poll.register(reader.file, select.POLLIN)
        lines = [first]
        while poll.poll(0) == [(reader.file, select.POLLIN)]:
            text = reader.read(5 * len(first))
            assert text.endswith(b"\n") and len(text) <= 5 * len(first), text
            lines += text.splitlines(True)
        assert len(lines) == count - 1, len(lines)
        assert all(b'"HEAD /robots.txt HTTP/1.1" 200 - ' in line for line in lines), lines[:3]


def faults(count):
    """Lines that cannot be copied stay."""
    status.command("log common", "log-buffer 4194304")
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert libc.mprotect(ctypes.c_void_p(address + page), page, PROT_NONE) == 0
    ask(count)
    settle()
    with Reader(os.O_NONBLOCK) as reader:
        assert reader.read_to(address + page, page) == "EFAULT"
        # Half of a line can be written.
        assert reader.read_to(address + page - 20, page) == "EFAULT"
        length = reader.read_to(address, 2 * page)
        assert 0 < length < page, length
        text = memory[:length] + reader.rest()
        assert text.endswith(b"\n") and text.count(b"\n") == count, text
        assert len(set(text.splitlines())) <= 60, "lines differ by more than their second"


def wakes(count):
    """A reader that waits gets each line that is written."""
    status.command("log json")
    with Reader() as reader:
        clients = Clients(count, batch=1)
        found = 0
        while found < count:
            lines, lost = objects(reader.read())
            assert lines and not lost
            found += len(lines)
        clients.join()
        poll = select.poll()
        poll.register(reader.file, select.POLLIN)
        clients = Clients(1)
        assert poll.poll(status.HANG * 1000) == [(reader.file, select.POLLIN)]
        clients.join()
        reader.rest()
        edges = select.epoll()
        edges.register(reader.file, select.EPOLLIN | select.EPOLLET)
        for _ in range(3):
            clients = Clients(1)
            assert edges.poll(status.HANG) == [(reader.file, select.EPOLLIN)]
            assert reader.rest()
            clients.join()


def milliseconds(line):
    """Returns the time of day of a line in milliseconds."""
    hours, minutes, seconds = line["time"][11:-1].split(":")
    return (int(hours) * 60 + int(minutes)) * 60000 + round(float(seconds) * 1000)


def order(count):
    """Lines of two CPUs come in the order of time, and none is missing."""
    status.command("log json", "log-buffer 67108864")
    clients = Clients(count, 2)
    collector = Collector()
    clients.join()
    settle()
    lines, lost = objects(collector.end())
    assert (len(lines), lost) == (2 * count, 0), (len(lines), lost)
    assert all(line["status"] == 200 and line["end"] == "complete" for line in lines)
    times = [milliseconds(line) for line in lines]
    # A CPU of a busy host may pause between the end of a line and its publication.
    late = sum(before - after > 10 for before, after in zip(times, times[1:]))
    print(f"{late} of {len(lines)} lines more than 10 ms out of order", flush=True)
    assert late <= len(lines) // 100, late


def slow(count):
    """Lines that find no room are counted, and told of in JSON and in the kernel's log."""
    status.command("log json", "log-buffer 65536", "reset counters")
    with Reader() as reader:
        ask(count)
        settle()
        lost = status.count("log-lost")
        assert lost >= count - 2 * 64, lost
        ask(1)
        settle()
        lines, told = objects(reader.rest())
        assert told == status.count("log-lost"), (told, status.count("log-lost"))
        assert len(lines) + told == count + 1, (len(lines), told)
        status.wait_until(lambda: len(reports()) > 0)
        # A minute passes before the next report.
        ask(count)
        settle()
        lines, told = objects(reader.rest())
        assert len(lines) + told == count, (len(lines), told)
    assert len(reports()) == 1 or time.monotonic() > 60, reports()


def killed(count):
    """Readers are killed under load, and others go on."""
    status.command("log json")
    clients = Clients(count)
    while clients.are_busy():
        if (child := os.fork()) == 0:
            with Reader() as reader:
                while True:
                    reader.read(100)
        time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    settle()
    with Reader() as reader:
        reader.rest()
        ask(1)
        assert len(objects(reader.read())[0]) == 1


def replaced(count):
    """Each request is a line, or counted as lost, while the buffers are replaced under load."""
    status.command("log json", "log-buffer 262144", "reset counters")
    clients = Clients(count, 2)
    collector = Collector()
    size = 0
    while clients.are_busy():
        size = (size + 65536) % (1 << 20)
        status.command(f"log-buffer {size + 65536}", "log json")
    settle()
    lines, told = objects(collector.end())
    assert len(lines) + told == 2 * count, (len(lines), told)
    assert told == status.count("log-lost"), (told, status.count("log-lost"))


def switched(count):
    """The log is switched off and on under load, with and without a reader."""
    clients = Clients(count, 2)
    while clients.are_busy():
        status.command("log combined")
        with Reader(os.O_NONBLOCK) as reader:
            error(reader.read)
            status.command("log off", "reload")
            error(reader.read)
            status.command("log json for a", "log-buffer 65536")
            error(reader.read, LINE)
        status.command("log off")
    settle()
    # Without a reader no ring is left, and no line.
    with Reader(os.O_NONBLOCK) as reader:
        assert error(reader.read) == "EAGAIN"


def hostile(count):
    """Each line of JSON parses, whatever the bytes of the requests."""
    status.command("log json", "log-buffer 4194304")
    ugly = bytes(range(128, 256)) + b'"\\\x7f' + "ä€😀".encode()
    fields = (b"Referer: " + ugly, b"User-Agent: " + ugly * 9)
    message = (
        b"HEAD /robots.txt?" + b'"\\%22<' * 100 + b" HTTP/1.1\r\nHost: a\r\n" + b"\r\n".join(fields) + b"\r\n\r\n"
    )
    for _ in range(count):
        # It is refused, and the connection closed.
        ask(1, message)
    settle()
    with Reader() as reader:
        lines, lost = objects(reader.rest())
    assert (len(lines), lost) == (count, 0)
    assert all(line["truncated"] and line["host"] == "a" for line in lines), lines[0]


next(
    case
    for case in (pieces, faults, wakes, order, slow, killed, replaced, switched, hostile)
    if case.__name__ == sys.argv[1]
)(int(sys.argv[2]))
