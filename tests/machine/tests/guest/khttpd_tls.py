# SPDX-License-Identifier: GPL-2.0-only
"""The TLS agent in the guest, and clients of it. Most connect to the agent's own port: a connection
that khttpd moves there is accepted the same way."""

import os
import signal
import ssl
import subprocess
import sys
import time

import process
import status
from stream import Stream

FOLDER = "/tmp/tls"
CONFIG = "/tmp/khttpd-tls.conf"
LOG = "/tmp/khttpd-tls.log"
PORT = 8443
ADDRESS = "127.0.0.1", PORT
# A TLS listener of khttpd, and the commands for it.
LISTENER = "127.0.0.1", 443
COMMANDS = f"tls-agent {PORT}", f"listen {LISTENER[1]} tls"
HOST = "localhost"
NAMES = "DNS:localhost,DNS:*.example.org,IP:127.0.0.1"


def certify(name, names, kind="ec"):
    """Makes a certificate, and the authority if it is missing."""
    command = ["/usr/lib/khttpd/certify", FOLDER, name, names, kind]
    subprocess.run(command, check=True)


def certificate(name):
    """Returns the line of the configuration for a certificate."""
    return f"certificate {FOLDER}/{name}.pem {FOLDER}/{name}.key"


def context(version=None, protocols=("http/1.1",)):
    """Returns a client's settings, which trust the authority. `version`: the only one."""
    settings = ssl.create_default_context(cafile=f"{FOLDER}/ca.pem")
    if protocols:
        settings.set_alpn_protocols(protocols)
    if version:
        settings.minimum_version = settings.maximum_version = version
    return settings


def run_cases(cases):
    """Runs the functions that the command line names. Each leaves khttpd without connections."""
    for name in sys.argv[1:]:
        begin = time.monotonic()
        certify("host", NAMES)
        cases[name]()
        status.wait_for("connections", 0)
        print(f"{name}: {time.monotonic() - begin:.1f} s", flush=True)


class Secure(Stream):
    """A connection with TLS."""

    def __init__(self, address=ADDRESS, settings=None, host=HOST, session=None):
        super().__init__(address)
        settings = settings or context()
        try:
            # An end without close_notify is an error.
            self.socket = settings.wrap_socket(
                self.socket, server_hostname=host, session=session, suppress_ragged_eofs=False
            )
        except OSError:
            self.socket.close()
            raise


class Agent:
    """The agent, which runs. `lines` are commands of its configuration, `wrapper` is a command that
    runs it."""

    def __init__(self, *lines, certificates=("host",), wrapper=()):
        self.wrapper = wrapper
        self.configure(*lines, certificates=certificates)
        status.write(LOG, "")
        self.child = None
        self.start()

    def configure(self, *lines, certificates=("host",)):
        """Writes the configuration."""
        every = [f"listen {PORT}", *map(certificate, certificates), *lines]
        status.write(CONFIG, "".join(f"{line}\n" for line in every))

    def start(self):
        """Starts it; returns when it listens and has opened the node."""
        with open(LOG, "ab") as log:
            command = [*self.wrapper, "khttpd-tls", "--config", CONFIG]
            self.child = subprocess.Popen(command, stderr=log)
        status.wait_until(lambda: self.child.poll() is not None or process.listens(*ADDRESS))
        assert self.child.poll() is None, self.log()
        status.wait_until(self.has_node)

    def has_node(self):
        """Tells whether it has opened the adopt node."""
        folder = f"/proc/{self.child.pid}/fd"
        for name in os.listdir(folder):
            try:
                if os.readlink(f"{folder}/{name}") == "/dev/khttpd-adopt":
                    return True
            except FileNotFoundError:
                # Closed meanwhile.
                pass
        return False

    def log(self):
        """Returns what it has logged."""
        with open(LOG, encoding="utf-8") as file:
            return file.read()

    def logs(self, text):
        """Waits until it has logged a text."""
        status.wait_until(lambda: text in self.log() or self.child.poll() is not None)
        assert text in self.log(), self.log()

    def send(self, number):
        """Sends a signal."""
        self.child.send_signal(number)

    def reload(self):
        """Lets it read its configuration again; returns when it has."""
        told = len(self.log())
        self.send(signal.SIGHUP)
        status.wait_until(lambda: "configuration" in self.log()[told:])

    def end(self, number=signal.SIGTERM):
        """Ends it by a signal; returns its status."""
        self.send(number)
        return self.child.wait(status.HANG)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if any(error):
            print(self.log(), flush=True)
        if self.child.poll() is None:
            self.end(signal.SIGKILL)
