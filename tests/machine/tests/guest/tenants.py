# SPDX-License-Identifier: GPL-2.0-only
"""Connections that khttpd has adopted in a network namespace, which ends when its last task has left
it: tenants.py

The clients are outside."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
import traceback

import phases
import process
import status
from adoption import Node
from stream import Stream, serves

ADDRESS = "10.1.0.2", 9000
BEGIN = """\
ip netns add a
ip link add va type veth peer name eth0 netns a
ip address add 10.1.0.1/24 dev va
ip link set va up
ip -n a address add 10.1.0.2/24 dev eth0
ip -n a link set eth0 up
ip -n a link set lo up
"""


def run(commands):
    """Runs commands."""
    for command in commands.splitlines():
        subprocess.run(command.split(), check=True)


def inside(function):
    """Runs a function in the namespace, in a task of its own; returns its process id."""
    if (child := os.fork()) == 0:
        try:
            enter("/run/netns/a")
            function()
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        os._exit(1)
    return child


def enter(path):
    """Enters a namespace."""
    there = os.open(path, os.O_RDONLY)
    os.setns(there, os.CLONE_NEWNET)
    os.close(there)


def opened():
    """Opens the node in the namespace, for reading, and returns it."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter("/run/netns/a")
    status.command(*phases.SITE, "start", "timeout stop 2")
    node = Node(os.O_RDONLY)
    os.setns(here, os.CLONE_NEWNET)
    os.close(here)
    return node


class Tenant:
    """A process in the namespace that gives connections to khttpd, and then waits. `receiver` gets
    descriptors of them."""

    def __init__(self, receiver=None):
        self.receiver, ready = receiver, os.pipe()
        self.child = inside(lambda: self.give(ready[1]))
        os.close(ready[1])
        assert os.read(ready[0], 1), "the process has failed"
        os.close(ready[0])
        self.streams = [Stream(ADDRESS) for _ in phases.PHASES]
        for stream, phase in zip(self.streams, phases.PHASES):
            phase(stream)

    def give(self, ready):
        """Gives connections to khttpd."""
        with process.listener(*ADDRESS) as listens, Node(os.O_WRONLY) as node:
            os.write(ready, b"!")
            for _ in phases.PHASES:
                connection = listens.accept()[0]
                if self.receiver:
                    socket.send_fds(self.receiver, [b"!"], [connection.fileno()])
                node.give(connection)
        signal.pause()

    def end(self):
        """Kills the process."""
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)

    def ended(self):
        """Waits for the end of all connections."""
        for stream in self.streams:
            with stream, contextlib.suppress(ConnectionResetError):
                stream.rest()


def gone():
    """Waits for the end of the namespace."""
    begin = time.monotonic()
    status.wait_until(lambda: not os.path.exists("/sys/class/net/va"))
    print(f"gone in {time.monotonic() - begin:.1f} s", flush=True)


def served(tenant):
    """Asserts that connections are not ended meanwhile."""
    for _ in range(10):
        time.sleep(0.5)
        serves(tenant.streams[0])


def process_last():
    """The name goes first, and the process afterwards."""
    opened().close()
    tenant = Tenant()
    run("ip netns del a")
    served(tenant)
    tenant.end()
    tenant.ended()
    gone()


def name_last():
    """The process goes first, and the name afterwards."""
    opened().close()
    tenant = Tenant()
    tenant.end()
    served(tenant)
    run("ip netns del a")
    tenant.ended()
    gone()


def reader_outside():
    """A process outside has the node of the namespace open, which does not keep it."""
    with opened() as node:
        tenant = Tenant()
        poll = select.poll()
        poll.register(node.file, select.POLLIN)
        # One connection waits.
        assert poll.poll(status.HANG * 1000) == [(node.file, select.POLLIN)]
        run("ip netns del a")
        served(tenant)
        tenant.end()
        tenant.ended()
        gone()
        status.wait_until(lambda: poll.poll(0)[0][1] & select.POLLHUP)
        assert os.read(node.file, 10000) == b""


def copies_outside():
    """A process outside has descriptors of the connections: these end, and then the namespace when
    the process has closed its descriptors."""
    opened().close()
    receiver, sender = socket.socketpair()
    tenant = Tenant(sender)
    copies = [socket.recv_fds(receiver, 1, 1)[1][0] for _ in phases.PHASES]
    run("ip netns del a")
    tenant.end()
    tenant.ended()
    for copy in copies:
        os.close(copy)
    gone()


def main():
    phases.write()
    with Stream() as bystander:
        for case in process_last, name_last, reader_outside, copies_outside:
            print(case.__name__, flush=True)
            run(BEGIN)
            case()
            serves(bystander)
    status.wait_for("connections", 0)


main()
