# SPDX-License-Identifier: GPL-2.0-only
"""What khttpd refuses to adopt: records.py

After each error the descriptor is still the process's and can be used, and no slot is taken: there
is one, which the next connection gets."""

import ctypes
import errno
import os
import socket
import subprocess
import tempfile
import threading
import time

import status
from adoption import EARLY, LOOPBACK, NODE, UNSUPPORTED, Node, adopted, pair, record
from process import IPPROTO_MPTCP
from stream import KHTTPD, ROBOTS, Stream, serves

TCP_ULP = 31


def refused(node, expected, text):
    """Asserts the error of a write, and that the slot is free."""
    found = node.refusal(text)
    assert found == expected, (text[:100], found, expected)
    assert status.count("connections") == 0, status.comments()


def echoes(stream, connection):
    """Asserts that a connection is still the process's, in both directions."""
    for source, target in (stream.socket, connection), (connection, stream.socket):
        text = os.urandom(10000)
        source.sendall(text)
        assert target.recv(len(text), socket.MSG_WAITALL) == text


def malformed(node):
    """Texts that are no record of a connection."""
    stream, connection = pair()
    number = connection.fileno()
    texts = ["", "\n", "x\n", "-1\n", "{}", " {}\n", "{} \n", "{}\r\n", "+{}\n", "0x{}\n", "{}\n\n"]
    texts += ["{}\nabc", "{} 3\nab", "{} 3\nabcd", "{} 0\na", "{}  3\nabc", "{} 3 \nabc"]
    texts += ["{} +3\nabc", "{} -3\nabc", "{}\t3\nabc", "{} 3", "{} 3\r\nabc", "{},3\nabc", "{}\0\n"]
    texts += ["{}\n{}\n", "{} 3\nabc{} 3\nabc", "{} x\nabc", "{} " + "9" * 30 + "\nabc"]
    texts += ["{} 3  3\nabc", "{} 3 3 \nabc", "{} 3 3 3\nabc", "{} 0 " + "9" * 70 + "\n"]
    for text in texts:
        refused(node, "EINVAL", text.format(number, number).encode())
    for length in EARLY + 1, EARLY + 2, 65536, 1 << 20:
        refused(node, "EINVAL", record(number, b"x" * length))
    for digits in 10, 11, 20, 100, 10000:
        found = node.refusal(b"9" * digits + b"\n")
        assert found in ("EINVAL", "EBADF"), (digits, found)
    echoes(stream, connection)
    # Memory that can't be read.
    write = ctypes.CDLL(None, use_errno=True).write
    for address in 0, 8:
        assert write(node.file, ctypes.c_void_p(address), 5) == -1
        assert ctypes.get_errno() in (errno.EFAULT, errno.EINVAL), ctypes.get_errno()
    refused(node, "EBADF", record(os.sysconf("SC_OPEN_MAX") - 1))
    connection.close()
    refused(node, "EBADF", record(number))
    path = os.open("/tmp", os.O_PATH)
    refused(node, "EBADF", record(path))
    os.close(path)
    stream.close()


def others(node):
    """Files that are no sockets, and sockets of other protocols."""
    ends = os.pipe()
    with tempfile.TemporaryFile() as file, open("/dev/khttpd", "rb") as control:
        for number in *ends, file.fileno(), control.fileno(), node.file, 0:
            refused(node, "ENOTSOCK", record(number))
    for end in ends:
        os.close(end)
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET:
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        with one, other:
            refused(node, UNSUPPORTED, record(one.fileno(), b"early"))
            one.send(b"text")
            assert other.recv(100) == b"text"
    for family, address in (socket.AF_INET, LOOPBACK), (socket.AF_INET6, "::1"):
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            refused(node, UNSUPPORTED, record(one.fileno()))
            one.bind((address, 0))
            one.connect(one.getsockname())
            refused(node, UNSUPPORTED, record(one.fileno()))
            one.send(b"text")
            assert one.recv(100) == b"text"
    for arguments in (
        (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        (socket.AF_PACKET, socket.SOCK_RAW, 0),
        (socket.AF_NETLINK, socket.SOCK_RAW, 0),
    ):
        with socket.socket(*arguments) as one:
            refused(node, UNSUPPORTED, record(one.fileno()))


def optional(node):
    """MPTCP connections, and such with TLS of the kernel, if it has them."""
    try:
        listens = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    except OSError:
        print("no MPTCP")
    else:
        with listens, socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) as client:
            listens.bind((LOOPBACK, 0))
            listens.listen()
            client.connect(listens.getsockname())
            with listens.accept()[0] as connection:
                refused(node, UNSUPPORTED, record(connection.fileno()))
                refused(node, UNSUPPORTED, record(client.fileno()))
                client.sendall(b"text")
                assert connection.recv(100) == b"text"
    stream, connection = pair()
    try:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
    except OSError:
        print("no TLS")
    else:
        # It has no keys.
        refused(node, "EINVAL", record(connection.fileno()))
        echoes(stream, connection)
    stream.close()
    connection.close()


def twice(node):
    """A connection that khttpd has."""
    status.command("max-connections 2")
    stream, connection = pair()
    node.lend(connection)
    with connection, connection.dup() as other, Node() as second:
        for number in connection.fileno(), other.fileno():
            for opened in node, second:
                found = opened.refusal(record(number))
                assert found == "EBUSY", found
        assert status.count("connections") == 1
    serves(stream)
    stream.close()
    status.wait_for("connections", 0)
    status.command("max-connections 1")


def own_client(node):
    """The client's end of one of khttpd's own connections, so that it talks to itself."""
    status.command("max-connections 2")
    stream = Stream(KHTTPD)
    # Each end rejects the response of the other one, and closes.
    node.give(stream.socket, ROBOTS)
    status.wait_for("connections", 0)
    status.command("max-connections 1")


def no_slot(node):
    """A server without a free slot."""
    stream, connection = pair()
    for begin in Stream, lambda: adopted(node):
        taken = begin()
        serves(taken)
        found = node.refusal(record(connection.fileno(), b"early"))
        assert found == "EBUSY", found
        echoes(stream, connection)
        taken.close()
        status.wait_for("connections", 0)
    node.give(connection)
    serves(stream)
    stream.close()
    status.wait_for("connections", 0)


def stopped(node):
    """A server that is stopped."""
    stream, connection = pair()
    status.command("stop")
    refused(node, "ESHUTDOWN", record(connection.fileno(), b"early"))
    echoes(stream, connection)
    status.command("start")
    node.give(connection)
    serves(stream)
    stream.close()
    status.wait_for("connections", 0)


def elsewhere(*functions):
    """Runs functions in a new network namespace; returns what they return."""
    returned = []

    def enter():
        os.unshare(os.CLONE_NEWNET)
        subprocess.run("ip link set lo up".split(), check=True)
        returned.extend(function() for function in functions)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return returned


def no_server():
    """Opens the node of a namespace without a server; returns the error."""
    try:
        Node().close()
    except OSError as error:
        return error.errno


def start():
    """Starts the server of this namespace."""
    status.command("root built-in", "start")


def namespaces(node):
    """Nodes and connections of different namespaces."""
    mine = pair()
    theirs, error = elsewhere(pair, no_server)
    assert error == errno.ESHUTDOWN, error
    refused(node, "EXDEV", record(theirs[1].fileno(), b"early"))
    _, there, (stream, connection) = elsewhere(start, Node, pair)
    for other in mine[1], theirs[1]:
        refused(there, "EXDEV", record(other.fileno(), b"early"))
    for one, other in mine, theirs, (stream, connection):
        echoes(one, other)
    there.give(connection)
    serves(stream)
    for end in mine[1], theirs[1], mine[0], theirs[0], stream, there:
        end.close()


def rights():
    """Only root opens the node, and a file that is open for reading alone writes nothing."""
    facts = os.stat(NODE)
    assert facts.st_mode & 0o777 == 0o600 and facts.st_uid == 0, facts
    for redirection in "<", ">":
        opening = f"exec 3{redirection} {NODE}"
        command = ["setpriv", "--reuid=1000", "--clear-groups", "sh", "-c", opening]
        refused_open = subprocess.run(command, check=False, capture_output=True)
        assert refused_open.returncode and b"ermission denied" in refused_open.stderr, refused_open
    with Node(os.O_RDONLY) as node:
        assert node.refusal(b"0\n") == "EBADF"


def main():
    status.command("max-connections 1")
    rights()
    with Node() as node:
        for case in (
            malformed,
            others,
            optional,
            twice,
            own_client,
            no_slot,
            stopped,
            namespaces,
        ):
            begin = time.monotonic()
            case(node)
            with adopted(node) as stream:
                serves(stream)
            status.wait_for("connections", 0)
            print(f"{case.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
    status.command("max-connections 65536")


main()
