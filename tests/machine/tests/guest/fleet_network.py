# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces as the machines, the director and the clients of a fleet, set up by the blocks
of Documentation/deployment.md."""

import os
import re
import signal
import subprocess
import time

HANG = 600
SERVICE = "192.0.2.80"
DIRECTOR = "192.0.2.2"
CLIENT = "192.0.2.100"
# Addresses of the machines.
MACHINES = {name: f"192.0.2.{11 + number}" for number, name in enumerate("abcde")}
MASTER = "/srv/site"
FOLDER = "/etc/keepalived/machines"
LOG = "/tmp/keepalived.log"


def run(command, check=True):
    """Runs a command of the shell; returns what it says."""
    done = subprocess.run(command, shell=True, check=False, capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f"{command}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def inside(namespace, command, check=True):
    """Runs a command of the shell in a namespace."""
    quoted = command.replace("'", "'\\''")
    return run(f"ip netns exec {namespace} sh -c '{quoted}'", check)


def later(namespace, command):
    """Starts a command of the shell in a namespace."""
    return subprocess.Popen(["ip", "netns", "exec", namespace, "sh", "-c", command])


def wait_until(condition, what):
    """Waits until a condition holds."""
    end = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < end, f"never: {what}\n{report()}"
        time.sleep(0.2)


def report():
    """Returns what helps to understand a failure."""
    table = inside("director", "ipvsadm -Ln; ip neighbour", False)
    return f"{table}{run(f'tail -n 50 {LOG}', False)}"


def blocks(section):
    """Returns the blocks of a section of the document."""
    with open("/tmp/deployment.md", encoding="utf-8") as file:
        text = file.read().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)


def write(path, text, mode=0o644):
    """Writes a file, and makes its folder."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def plug(name, address):
    """Makes a namespace with a link to the bridge of all, whose MAC address is always the same."""
    hardware = f"02:00:00:00:00:{int(address.rsplit('.', 1)[1]):02x}"
    run(f"ip netns add {name} && ip -n {name} link set lo up")
    run(f"ip link add v{name} type veth peer name eth0 netns {name} address {hardware}")
    run(f"ip link set v{name} master switch up && ip -n {name} link set eth0 up")
    run(f"ip -n {name} address add {address}/24 dev eth0")


def adapt(block, name):
    """Returns a block of the document, which describes machine `a`, for another machine."""
    block = block.replace("X-Machine: a", f"X-Machine: {name}").replace("a.conf", f"{name}.conf")
    return block.replace(MACHINES["a"], MACHINES[name]).replace("/srv/www", f"/srv/{name}")


class Machine:
    """A machine of the fleet."""

    def __init__(self, name):
        self.name = name
        self.address = MACHINES[name]
        self.settings = adapt(blocks("A machine")[1], name)
        if not os.path.exists(f"/srv/{name}"):
            os.makedirs(f"/srv/{name}/releases")
            run(f"cp -a {MASTER}/1 /srv/{name}/releases/ && ln -s releases/1 /srv/{name}/current")

    def boot(self):
        """Makes the namespace and starts to serve."""
        plug(self.name, self.address)
        self.run(blocks("A machine")[0])
        write(f"/tmp/{self.name}.conf", self.settings)
        self.run(f"cat /tmp/{self.name}.conf > /dev/khttpd")

    def run(self, command):
        """Runs a command of the shell there."""
        return inside(self.name, command)

    def state(self, key):
        """Returns a number of the state of the server."""
        return int(self.run(f"sed -n 's/^# {key} //p' /dev/khttpd"))

    def enlist(self):
        """Adds the machine to the director's configuration."""
        write(f"{FOLDER}/{self.name}.conf", adapt(blocks("A director")[2], self.name))

    def weight(self):
        """Returns the weight in the director's table; nothing if it is not there."""
        table = inside("director", "ipvsadm -Ln")
        found = re.search(rf"-> {re.escape(self.address)}:80 +Route +(\d+)", table)
        return int(found[1]) if found else None

    def wait_for_weight(self, weight):
        """Waits until the director has noticed a change."""
        wait_until(lambda: self.weight() == weight, f"weight {weight} of {self.name}")


def remote(block, machine):
    """Returns a block that the document runs on the machine where the site is made."""
    block = block.replace("a:/srv/www", f"/srv/{machine.name}").replace("ssh a", f"ssh {machine.name}")
    shell = 'cd /srv && ssh() { ip netns exec "$1" sh -c "$2"; }'
    return f"set -e; {shell}\n" + adapt(block, machine.name)


class Director:
    """keepalived and IPVS in a namespace, for these machines."""

    def __init__(self, machines):
        run("ip link add switch type bridge forward_delay 0 && ip link set switch up")
        plug("client", CLIENT)
        plug("director", DIRECTOR)
        for machine in machines:
            machine.boot()
            machine.enlist()
        sysctls, settings, _, check = blocks("A director")
        inside("director", sysctls)
        write("/etc/keepalived/keepalived.conf", settings)
        write("/usr/local/bin/khttpd-weight", check, 0o755)
        self.keepalived = later("director", f"exec keepalived --dont-fork --log-console >{LOG} 2>&1")
        for machine in machines:
            machine.wait_for_weight(1)
        has_address = lambda: SERVICE in inside("director", "ip address")
        wait_until(has_address, "the address of the service")

    def reload(self):
        """Reads the configuration again."""
        self.keepalived.send_signal(signal.SIGHUP)

    def stop(self):
        """Ends keepalived."""
        self.keepalived.terminate()
        self.keepalived.wait(HANG)
