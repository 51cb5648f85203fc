# SPDX-License-Identifier: GPL-2.0-only
"""Clients of port 8080 send their requests in the SYN (TCP Fast Open), and are accepted before the
handshake is complete. The module listens after this program has begun."""

import socket
import subprocess

import packet
import process
import status

ADDRESS = "127.0.0.1", 8080
COUNT = 100
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
APP = b"GET /app/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
LAST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
END = b"\r\n\r\nUser-agent: *\nDisallow:\n"
SETTINGS = {
    # Clients and listeners, without a cookie and without an option of the socket.
    "tcp_fastopen": 0x1 | 0x2 | 0x4 | 0x200 | 0x400,
    # A busy host may delay the end of a handshake.
    "tcp_synack_retries": 12,
}


class Peer(packet.Peer):
    """A peer that takes a response which has overtaken the SYN-ACK, because another CPU has sent
    it."""

    def take(self, seq, ack, flags, window, data):
        """Processes a received segment."""
        if self.first is None and data:
            self.first = seq
        super().take(seq, ack, flags, window, data)


def accepted_early():
    """Returns how many SYNs with data have made a connection."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        names, values = [line.split() for line in file if line.startswith("TcpExt:")]
    return int(values[names.index("TCPFastOpenPassive")])


def begin(content):
    """Sends a SYN with a request."""
    client = socket.socket()
    client.settimeout(status.HANG)
    assert client.sendto(content, socket.MSG_FASTOPEN, ADDRESS) == len(content)
    return client


def served(clients):
    """Receives the only response of each client."""
    for client in clients:
        with client, client.makefile("rb") as stream:
            response = stream.read()
            assert response.startswith(b"HTTP/1.1 200 OK\r\n") and response.endswith(END), response


def complete():
    """Clients are served without a delay of packets and with one."""
    for delay in "0ms", "20ms":
        run(f"tc qdisc replace dev lo root netem limit 10000 delay {delay}")
        served([begin(LAST) for _ in range(COUNT)])
        handed_over()
    # The peers' kernel forgets connections whose handshake is under way, and resets them later.
    clients = [begin(REQUEST) for _ in range(COUNT)]
    run("ss --kill --tcp dport = :8080")
    for client in clients:
        client.close()
    run("tc qdisc delete dev lo root")


def handed_over():
    """A process gets requests, as soon as the handshake is complete."""
    status.command("hand-over /app/* 9000")
    with process.Process("http", "127.0.0.1", 9000):
        for client in [begin(APP) for _ in range(COUNT)]:
            with client, client.makefile("rb") as stream:
                response = stream.read()
                assert response.startswith(b"HTTP/1.1 200 "), response
    status.command("clear", "root built-in")


def answered(cable):
    """Returns peers that have got a response, and have not acknowledged the SYN-ACK."""
    peers = [Peer(cable) for _ in range(COUNT)]
    for peer in peers:
        peer.acknowledges = False
        peer.syn(REQUEST)
    for peer in peers:
        peer.wait(lambda peer=peer: END in peer.stream, "response")
    return peers


def incomplete(cable):
    """Peers are served before the end of the handshake, and vanish, with and without an RST."""
    status.command("timeout idle 2")
    for peer in answered(cable)[::2]:
        peer.reset()
    # The others are silent until the idle timeout, and longer.
    status.wait_for("connections", 0)
    # The handshake is complete in the end.
    status.command("timeout idle 86400")
    for peer in answered(cable):
        peer.acknowledges = True
        peer.send(LAST, at=len(REQUEST))
        peer.wait(lambda peer=peer: peer.finished, "FIN")
        assert peer.stream.count(END) == 2, peer
    status.wait_for("connections", 0)


def waiting(cable):
    """Connections whose handshake has not been completed wait to be accepted, and some are reset
    meanwhile. The others are served when there are slots."""
    status.command("max-connections 1")
    holder = socket.create_connection(ADDRESS)
    holder.sendall(REQUEST)
    status.wait_for("connections", 1)
    before = accepted_early()
    clients = [begin(LAST) for _ in range(COUNT)]
    peers = [Peer(cable) for _ in range(COUNT)]
    for peer in peers:
        peer.acknowledges = False
        peer.syn(LAST)
        peer.wait(lambda peer=peer: peer.first is not None, "SYN-ACK")
    for peer in peers[::2]:
        peer.taken = len(LAST)
        peer.reset()
    assert accepted_early() > before
    status.command("max-connections 65536")
    served(clients)
    for peer in peers[1::2]:
        peer.wait(lambda peer=peer: END in peer.stream, "response")
    holder.close()
    status.wait_for("connections", 0)


def run(command):
    """Runs a command."""
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


def main():
    for name, value in SETTINGS.items():
        status.write(f"/proc/sys/net/ipv4/{name}", str(value))
    run("insmod /root/khttpd.ko")
    status.command("timeout idle 2")
    before = accepted_early()
    complete()
    assert accepted_early() - before >= 3 * COUNT, accepted_early() - before
    cable = packet.Cable()
    incomplete(cable)
    waiting(cable)
    run("rmmod khttpd")


if __name__ == "__main__":
    main()
