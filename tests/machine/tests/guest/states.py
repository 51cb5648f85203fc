# SPDX-License-Identifier: GPL-2.0-only
"""Connections in each state of TCP: states.py

khttpd adopts those whose process can still send, and leaves the others to the process. A peer that
answers nothing holds a connection in its state."""

import socket
import subprocess

import packet
import process
import status
from adoption import Node, record
from stream import ROBOTS

ADDRESS = "10.9.0.1", 8080
NAMES = "ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK"
STATES = dict(enumerate(f"{NAMES} LISTEN CLOSING".split(), 1))


def state(connection):
    """Returns the name of the state of a connection: tcpi_state."""
    return STATES[connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]]


def refused(node, connection, name):
    """Asserts that a connection is refused as soon as it is in a state, and stays in it."""
    status.wait_until(lambda: state(connection) == name)
    for early in b"", ROBOTS:
        assert node.refusal(record(connection.fileno(), early)) == "ENOTCONN", name
    assert state(connection) == name, (name, state(connection))
    assert status.count("connections") == 0, status.comments()


def served(node, connection, peer, name):
    """Asserts that a connection in a state is served."""
    status.wait_until(lambda: state(connection) == name)
    node.give(connection, ROBOTS)
    peer.acknowledges = True
    peer.wait(lambda: b"User-agent" in peer.stream, "response")
    peer.reset()
    status.wait_for("connections", 0)


def unconnected(node):
    """Sockets that are not connected."""
    for family in socket.AF_INET, socket.AF_INET6:
        with socket.socket(family) as connection:
            refused(node, connection, "CLOSE")
            connection.bind(("", 0))
            refused(node, connection, "CLOSE")
            connection.listen()
            refused(node, connection, "LISTEN")
            with socket.create_connection(connection.getsockname()[:2]) as client:
                accepted = connection.accept()[0]
                client.sendall(b"text")
                assert accepted.recv(100) == b"text"
                accepted.close()


class Server:
    """A process that listens, and its peers, which acknowledge nothing by themselves."""

    def __init__(self):
        self.cable = packet.Cable()
        self.listens = process.listener(*ADDRESS)

    def accept(self):
        """Returns a peer, and its connection."""
        peer = packet.Peer(self.cable).connect()
        peer.acknowledges = False
        return peer, self.listens.accept()[0]


def handshake(node, server):
    """Both sides of a handshake. That of the server has a socket with TCP Fast Open."""
    with socket.socket() as connection:
        connection.setblocking(False)
        assert connection.connect_ex(("10.10.255.1", 80))
        refused(node, connection, "SYN_SENT")
    peer = packet.Peer(server.cable)
    peer.acknowledges = False
    peer.syn(b"text")
    connection = server.listens.accept()[0]
    refused(node, connection, "SYN_RECV")
    assert connection.recv(100) == b"text"
    peer.wait(lambda: peer.first is not None, "SYN-ACK")
    peer.send(at=4)
    served(node, connection, peer, "ESTABLISHED")


def end_of_peer(node, server):
    """The peer says FIN first."""
    peer, connection = server.accept()
    peer.send(flags=packet.FIN | packet.ACK)
    served(node, connection, peer, "CLOSE_WAIT")
    peer, connection = server.accept()
    peer.send(flags=packet.FIN | packet.ACK)
    status.wait_until(lambda: state(connection) == "CLOSE_WAIT")
    connection.shutdown(socket.SHUT_WR)
    refused(node, connection, "LAST_ACK")
    peer.wait(lambda: peer.finished, "FIN")
    peer.send()
    refused(node, connection, "CLOSE")
    connection.close()


def end_of_process(node, server):
    """The process says FIN first."""
    peer, connection = server.accept()
    connection.shutdown(socket.SHUT_WR)
    refused(node, connection, "FIN_WAIT1")
    peer.wait(lambda: peer.finished, "FIN")
    peer.send()
    refused(node, connection, "FIN_WAIT2")
    # Afterwards the kernel has the connection in TIME_WAIT, and the process has a socket.
    peer.send(flags=packet.FIN | packet.ACK)
    refused(node, connection, "CLOSE")
    connection.close()


def end_of_both(node, server):
    """Both say FIN before they hear of the other's."""
    peer, connection = server.accept()
    connection.shutdown(socket.SHUT_WR)
    peer.send(flags=packet.FIN | packet.ACK)
    refused(node, connection, "CLOSING")
    peer.wait(lambda: peer.finished, "FIN")
    peer.send()
    refused(node, connection, "CLOSE")
    connection.close()


def reset(node, server):
    """The peer, or this machine, resets the connection."""
    peer, connection = server.accept()
    peer.reset()
    refused(node, connection, "CLOSE")
    connection.close()
    peer, connection = server.accept()
    subprocess.run("ss --kill --tcp sport = :8080".split(), check=True, stdout=subprocess.DEVNULL)
    refused(node, connection, "CLOSE")
    connection.close()
    peer.reset()


def main():
    status.write("/proc/sys/net/ipv4/tcp_fastopen", str(0x1 | 0x2 | 0x4 | 0x200 | 0x400))
    status.command("unlisten")
    with Node() as node:
        unconnected(node)
        server = Server()
        for case in handshake, end_of_peer, end_of_process, end_of_both, reset:
            case(node, server)
            print(case.__name__, flush=True)
        peer, connection = server.accept()
        served(node, connection, peer, "ESTABLISHED")


main()
