# SPDX-License-Identifier: GPL-2.0-only
"""The TLS agent ends, is killed, and gets new settings:  tls_restart.py CASE..."""

import os
import signal
import ssl
import subprocess
import threading

import process
import status
from stream import ROBOTS, Stream, code, serves
from khttpd_tls import (
    ADDRESS,
    CONFIG,
    FOLDER,
    HOST,
    NAMES,
    Agent,
    Secure,
    certify,
    context,
    run_cases,
)
from tls_flight import Flights


def stop():
    """SIGTERM: no new connection, but what has begun is finished."""
    with Agent("timeout stop 3600", "timeout handshake 3600") as agent:
        served = Secure()
        serves(served)
        under_way = Flights()
        last = under_way.last_flight()
        agent.send(signal.SIGTERM)
        status.wait_until(lambda: not process.listens(*ADDRESS))
        under_way.send(last, under_way.encrypted(ROBOTS))
        assert code(under_way.response()[0]) == 200
        assert agent.child.wait(status.HANG) == 0, agent.log()
        # The kernel's connections need no agent.
        serves(served)
        served.close()
        under_way.close()
    with Agent("timeout stop 1") as agent:
        with Stream(ADDRESS):
            assert agent.end() == 0, agent.log()


def queued():
    """SIGTERM: clients that wait in the accept queue are served."""
    with Agent("timeout stop 3600", "timeout handshake 3600") as agent:
        agent.send(signal.SIGSTOP)
        # More than a worker takes in one turn.
        streams = [Stream(ADDRESS) for _ in range(100)]
        agent.send(signal.SIGTERM)
        agent.send(signal.SIGCONT)
        last = streams.pop()
        # The agent answers in words, which takes less time than a handshake.
        for stream in streams:
            stream.send(ROBOTS)
            assert code(stream.response()[0]) == 400
            stream.close()
        last.socket = context().wrap_socket(last.socket, server_hostname=HOST)
        serves(last)
        last.close()
        assert agent.child.wait(status.HANG) == 0, agent.log()


def killed():
    """Only handshakes under way are lost when the agent is killed."""
    with Agent() as agent:
        for _ in range(5):
            served = Secure()
            serves(served)
            under_way = Flights()
            under_way.send(under_way.flight()[0])
            agent.end(signal.SIGKILL)
            try:
                while under_way.socket.recv(65536):
                    pass
            except ConnectionResetError:
                pass
            agent.start()
            serves(served)
            with Secure() as stream:
                serves(stream)
            served.close()
            under_way.close()


def serial(stream):
    """Returns what tells a certificate from others."""
    return stream.socket.getpeercert()["serialNumber"]


def visits(seen, ends):
    """Connects until the event is set; collects the certificates."""
    while not ends.is_set():
        with Secure() as stream:
            serves(stream)
            seen.append(serial(stream))


def renewed():
    """A certificate is replaced while clients connect: none fails, and each gets the old or the new
    one. A file that is wrong changes nothing."""
    with Agent("threads 2") as agent:
        seen, ends = [], threading.Event()
        tasks = [threading.Thread(target=visits, args=(seen, ends)) for _ in range(2)]
        for task in tasks:
            task.start()
        for number in range(2):
            status.wait_until(lambda: seen)
            old = seen[-1]
            certify("host", NAMES)
            status.wait_until(lambda old=old: seen[-1] != old)
            assert len(set(seen)) <= number + 2
        told = len(agent.log())
        status.write(f"{FOLDER}/host.pem", "nothing\n")
        status.wait_until(lambda: "the old certificate stays" in agent.log()[told:])
        count = len(seen)
        status.wait_until(lambda: len(seen) > count + 10)
        ends.set()
        for task in tasks:
            task.join()
        assert len(set(seen)) <= 3, set(seen)


def check():
    """Returns the status of a check of the configuration."""
    command = ["khttpd-tls", "--check", "--config", CONFIG]
    return subprocess.run(command, capture_output=True, check=False).returncode


def reloaded():
    """SIGHUP: listeners, certificates and versions change. A wrong configuration changes
    nothing."""
    certify("other", "DNS:other.example")
    with Agent() as agent:
        kept = Secure()
        agent.configure("min-version 1.3", "listen 127.0.0.1:8444", certificates=["other"])
        agent.reload()
        for address in ADDRESS, ("127.0.0.1", 8444):
            with Secure(address, host="other.example") as stream:
                serves(stream)
        agent.configure("frobnicate")
        agent.reload()
        assert "khttpd-tls.conf:3: frobnicate: no such command" in agent.log(), agent.log()
        try:
            Secure(settings=context(ssl.TLSVersion.TLSv1_2), host="other.example")
            raise AssertionError("accepted")
        except OSError:
            pass
        assert check() == 1
        agent.configure()
        assert check() == 0
        agent.reload()
        with Secure() as stream:
            serves(stream)
        status.wait_until(lambda: not process.listens("127.0.0.1", 8444))
        serves(kept)
        kept.close()


def unprivileged():
    """The agent needs no privilege but the node's group."""
    group = 4711
    os.chown("/dev/khttpd-adopt", 0, group)
    os.chmod("/dev/khttpd-adopt", 0o660)
    for name in os.listdir(FOLDER):
        os.chown(f"{FOLDER}/{name}", 4712, 4712)
    words = "setpriv --reuid 4712 --regid 4712 --groups 4711 --no-new-privs --bounding-set -all"
    with Agent(wrapper=words.split()):
        with Secure() as stream:
            serves(stream)


run_cases(globals())
