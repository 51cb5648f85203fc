# SPDX-License-Identifier: GPL-2.0-only
"""State and counters of the server and of the kernel."""

import glob
import time

# Limit in seconds that ends a test which hangs. It says nothing about speed: a busy host may be
# slow.
HANG = 600


def count(name):
    """Returns a number that the control node shows."""
    with open("/dev/khttpd", encoding="ascii") as node:
        for line in node:
            words = line.split()
            if words[:2] == ["#", name]:
                return int(words[2])
    raise KeyError(name)


def comments():
    """Returns the lines of all counters that are not zero."""
    with open("/dev/khttpd", encoding="ascii") as node:
        return [
            line[2:].strip() for line in node if line.startswith("# ") and not line.endswith(" 0\n")
        ]


def wait_for(name, number, limit=HANG):
    """Waits until the control node shows this number."""
    end = time.monotonic() + limit
    while count(name) != number:
        assert (
            time.monotonic() < end
        ), f"not {number} {name} after {limit} s, but {comments()} {sockets()}"
        time.sleep(0.05)


def wait_until(condition, limit=HANG):
    """Waits until a condition holds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"not after {limit} s: {comments()} {sockets()}"
        time.sleep(0.05)


def command(*lines):
    """Writes commands to the control node."""
    with open("/dev/khttpd", "w", encoding="ascii") as node:
        node.write("".join(f"{line}\n" for line in lines))


def sockets():
    """Returns the kernel's counts of TCP sockets over IPv4: inuse, orphan, tw, alloc, and mem in
    pages."""
    with open("/proc/net/sockstat", encoding="ascii") as file:
        words = next(line.split()[1:] for line in file if line.startswith("TCP:"))
    return dict(zip(words[::2], map(int, words[1::2])))


def wait_for_sockets(limit=HANG, **most):
    """Waits until no count of TCP sockets exceeds these numbers."""
    end = time.monotonic() + limit
    while any(sockets()[name] > number for name, number in most.items()):
        assert time.monotonic() < end, f"{sockets()} after {limit} s, and not {most}"
        time.sleep(0.1)


def empty_caches():
    """Empties the kernel's caches, and the quarantine of KASAN."""
    for _ in range(2):
        # RCU callbacks run meanwhile.
        time.sleep(1)
        write("/proc/sys/vm/drop_caches", "3\n")
        for cache in glob.glob("/sys/kernel/slab/*/shrink"):
            write(cache, "1\n")


def objects():
    """Empties all caches; returns the number of objects in use of each slab cache."""
    empty_caches()
    with open("/proc/slabinfo", encoding="ascii") as file:
        return {
            line.split()[0]: int(line.split()[1])
            for line in file
            if not line.startswith(("slabinfo", "#"))
        }


def write(path, text):
    """Writes a text to a file."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def grown(before, after, by):
    """Returns the slab caches that have grown by more than `by(name)` objects, and their growth."""
    return {
        name: after[name] - number
        for name, number in before.items()
        if after.get(name, 0) - number > by(name)
    }


# Rounds in each of which a leak loses objects. Per-CPU caches, and objects that are freed late, may
# grow in one or two of them, and are bounded.
ROUNDS = 4


def lost_in_each(action, by):
    """Returns the slab caches that grow in each of several runs of `action`, and their growth.
    `action` returns its number of operations, and `by(name, operations)` is the growth that is
    no leak."""
    suspects, before = None, objects()
    for _ in range(ROUNDS):
        operations = action()
        after = objects()
        found = grown(before, after, lambda name, operations=operations: by(name, operations))
        suspects = {
            name: number for name, number in found.items() if suspects is None or name in suspects
        }
        if not suspects:
            break
        print(
            "growth, possibly of caches:", suspects, "after", operations, "operations", flush=True
        )
        before = after
    return suspects
