# SPDX-License-Identifier: GPL-2.0-only
"""Processes of chaos.py that create network namespaces, each with a server of its own, and
remove them."""

import os
import signal
import time

from clients import client
from shared_state import (
    CONTROL,
    SITES,
    UNLOAD_LIMIT,
    command,
    counts,
    inhabitants,
    ip,
    opened,
    over,
    run_child,
)


def namespaces(rng, number):
    while not over.value:
        device = f'chaos{number}'
        ready, go = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            run_child(lambda: inhabitant(rng, number, ready[1], go[0]))
        try:
            assert os.read(ready[0], 1), 'the namespace has not begun'
            inhabitants[number] = child
            ip(f'link add {device} type veth peer name eth0 netns {child}')
            ip(f'address add 10.{100 + number}.0.1/24 dev {device}')
            ip(f'link set {device} up')
            os.write(go[1], b'!')
            time.sleep(2 * rng.random())
        finally:
            # The namespace ends with its last process, while clients outside send requests.
            inhabitants[number] = 0
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            for end in ready + go:
                os.close(end)
        wait_until_gone(device)
        counts['namespaces'] += 1


def inhabitant(rng, number, ready, go):
    os.setsid()
    os.unshare(os.CLONE_NEWNET)
    ip('link set lo up')
    os.write(ready, b'!')
    os.read(go, 1)
    ip(f'address add 10.{100 + number}.0.2/24 dev eth0')
    ip('link set eth0 up')
    if os.fork() == 0:
        run_child(lambda: client(rng, False, ('127.0.0.1', 80), True))
    while not over.value:
        node = opened(CONTROL, os.O_RDWR)
        if node is not None:
            found = command(node, f'clear\nroot {SITES}/{rng.choice("ab")}\nunlisten\nlisten 80\n')
            os.close(node)
            assert found == 0, os.strerror(found)
        time.sleep(0.1 * rng.random())


def wait_until_gone(device):
    begin = time.monotonic()
    while os.path.exists(f'/sys/class/net/{device}'):
        assert time.monotonic() - begin < UNLOAD_LIMIT, f'the namespace of {device} does not end'
        time.sleep(0.01)
