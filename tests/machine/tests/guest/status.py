# SPDX-License-Identifier: GPL-2.0-only
"""What the server and the kernel tell about themselves."""

import glob
import time

# Seconds after which what is waited for is taken never to come. It ends a test that hangs: a busy host may be slow.
HANG = 600


def count(name):
    """A number that the node shows."""
    with open("/dev/khttpd", encoding="ascii") as node:
        for line in node:
            words = line.split()
            if words[:2] == ["#", name]:
                return int(words[2])
    raise KeyError(name)


def comments():
    """All that the node counts and that is not zero."""
    with open("/dev/khttpd", encoding="ascii") as node:
        return [line[2:].strip() for line in node if line.startswith("# ") and not line.endswith(" 0\n")]


def wait_for(name, number, limit=HANG):
    """Waits until the node shows this number."""
    end = time.monotonic() + limit
    while count(name) != number:
        assert time.monotonic() < end, f"not {number} {name} after {limit} s, but {comments()} {sockets()}"
        time.sleep(0.05)


def command(*lines):
    """Writes to the node."""
    with open("/dev/khttpd", "w", encoding="ascii") as node:
        node.write("".join(f"{line}\n" for line in lines))


def sockets():
    """What TCP counts over IPv4: inuse, orphan, tw, alloc, and mem, which is in pages."""
    with open("/proc/net/sockstat", encoding="ascii") as file:
        words = next(line.split()[1:] for line in file if line.startswith("TCP:"))
    return dict(zip(words[::2], map(int, words[1::2])))


def wait_for_sockets(limit=HANG, **most):
    """Waits until TCP counts no more than this."""
    end = time.monotonic() + limit
    while any(sockets()[name] > number for name, number in most.items()):
        assert time.monotonic() < end, f"{sockets()} after {limit} s, and not {most}"
        time.sleep(0.1)


def empty_caches():
    """Has the kernel let go of all that is only cached, and of what KASAN keeps of freed objects."""
    for _ in range(2):
        # What waits for RCU is freed meanwhile.
        time.sleep(1)
        write("/proc/sys/vm/drop_caches", "3\n")
        for cache in glob.glob("/sys/kernel/slab/*/shrink"):
            write(cache, "1\n")


def objects():
    """How many objects of each slab cache are in use, with nothing in a cache that can be taken out of it."""
    empty_caches()
    with open("/proc/slabinfo", encoding="ascii") as file:
        return {line.split()[0]: int(line.split()[1]) for line in file if not line.startswith(("slabinfo", "#"))}


def write(path, text):
    """Writes to a file that is a switch."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def grown(before, after, by):
    """The caches that have more objects than `by` allows each."""
    return {name: after[name] - number for name, number in before.items() if after.get(name, 0) - number > by(name)}


# In so many rounds must objects be lost. A leak goes on; caches of a processor and objects that are freed late may grow in one
# round or in two, and are bounded.
ROUNDS = 4


def lost_in_each(action, by):
    """The caches that grow whenever `action` is done, which returns how many operations it was: `by(name, operations)` is the growth
    that is no leak."""
    suspects, before = None, objects()
    for _ in range(ROUNDS):
        operations = action()
        after = objects()
        found = grown(before, after, lambda name, operations=operations: by(name, operations))
        suspects = {name: number for name, number in found.items() if suspects is None or name in suspects}
        if not suspects:
            break
        print("more objects, which may be cached:", suspects, "after", operations, flush=True)
        before = after
    return suspects
