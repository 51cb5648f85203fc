# SPDX-License-Identifier: GPL-2.0-only
"""A fleet under constant load: fleet.py planned|unplanned"""

import collections
import os
import sys
import time

import fleet_network as network
from fleet_client import Download, Load
from fleet_network import Machine, blocks, run, wait_until

LARGE = 8 << 20
CLIENTS = 6
# Connections by which the spread is measured.
CONNECTIONS = 200


def release(number):
    """Makes a version of the site."""
    folder = f"{network.MASTER}/{number}"
    network.write(f"{folder}/index.html", f"version {number}\n")
    network.write(f"{folder}/.khttpd", f"field * always X-Version: {number}\n")
    with open(f"{folder}/large", "wb") as file:
        file.write(b"large" * (LARGE // 5))


def check_spread(load, machines):
    """New connections are spread evenly over these machines."""
    begin = time.monotonic()
    records = load.wait(lambda found: sum(record.fresh for record in found) >= CONNECTIONS)
    counts = collections.Counter(record.machine for record in records if record.fresh)
    requests = collections.Counter(record.machine for record in records)
    even = sum(counts.values()) / len(machines)
    seconds = time.monotonic() - begin
    print(f"spread: connections {counts}, requests {requests}, {seconds:.0f} s", flush=True)
    assert set(counts) == {machine.name for machine in machines}
    assert all(0.9 * even <= count <= 1.1 * even for count in counts.values())


def wait_for_all(load, machines):
    """Waits until each of these machines, and no other, has new connections."""
    names = {machine.name for machine in machines}
    load.wait(lambda found: {record.machine for record in found if record.fresh} >= names)


def drain(machine):
    """Takes a machine out of the fleet by the first blocks of the document."""
    out, quiet = blocks("To take a machine out")[:2]
    machine.run(out)
    machine.wait_for_weight(0)
    machine.run(quiet)


def stop(machine):
    """Stops a machine, one of whose clients downloads slowly: that gets all of its file."""
    downloads = []
    while not downloads or downloads[-1].machine != machine.name:
        downloads.append(Download("client", network.SERVICE, "/large"))
        downloads[-1].start()
        assert downloads[-1].begun.wait(network.HANG)
    drain(machine)
    assert downloads[-1].missing and downloads[-1].is_alive()
    left = machine.state("connections")
    begin = time.monotonic()
    ending, back = blocks("To take a machine out")[2:]
    stopper = network.later(machine.name, ending)
    wait_until(lambda: machine.state("listeners") == 0, "the end of the listeners")
    for download in downloads:
        download.hurry.set()
        download.join()
        assert (download.missing, download.error) == (0, None), (download.missing, download.error)
    assert stopper.wait(network.HANG) == 0
    print(f"stop: {left} connections ended in {time.monotonic() - begin:.1f} s", flush=True)
    machine.run(back)
    machine.wait_for_weight(1)


def distribute(load, machines):
    """Reloads one machine after the other: each serves the new version from then on."""
    rsync, commit, ostree, check = blocks("To change the site")
    change(load, machines, "2", rsync)
    release(3)
    run(f"cd /srv && {commit}")
    change(load, machines, "3", ostree)
    print(run(network.remote(check, machines[0])), flush=True)


def change(load, machines, version, block):
    """Brings a version of the site to all machines."""
    for machine in machines:
        begin = time.monotonic()
        run(network.remote(block, machine))
        done = time.monotonic()
        is_here = lambda record, name=machine.name: record.machine == name
        load.wait(lambda found, is_here=is_here: any(map(is_here, found)))
        versions = {record.version for record in load.since(done) if is_here(record)}
        assert versions == {version}, versions
        print(f"{machine.name}: version {version} in {done - begin:.1f} s", flush=True)


def upgrade(machine):
    """Replaces all of a machine but its files."""
    drain(machine)
    machine.run(blocks("To take a machine out")[2])
    run(f"ip netns del {machine.name}")
    wait_until(lambda: not os.path.exists(f"/sys/class/net/v{machine.name}"), "the end of a link")
    machine.boot()
    machine.wait_for_weight(1)


def join(machine, director):
    """Adds a machine that the director has not known."""
    machine.boot()
    machine.enlist()
    director.reload()
    machine.wait_for_weight(1)


def planned(load, machines, director):
    """Changes that the administrator makes. No request fails."""
    check_spread(load, machines)
    stop(machines[0])
    wait_for_all(load, machines)
    distribute(load, machines)
    upgrade(machines[2])
    wait_for_all(load, machines)
    machines.append(Machine("e"))
    join(machines[-1], director)
    wait_for_all(load, machines)
    check_spread(load, machines)


def unplanned(load, machines, _):
    """A machine loses its link, and gets it back. Returns when the director has noticed the loss:
    requests fail only if they begin before."""
    check_spread(load, machines)
    gone = machines.pop()
    begin = time.monotonic()
    run(f"ip link set v{gone.name} down")
    gone.wait_for_weight(None)
    noticed = time.monotonic()
    check_spread(load, machines)
    run(f"ip link set v{gone.name} up")
    gone.wait_for_weight(1)
    check_spread(load, [*machines, gone])
    longest = max(record.end - record.begin for record in load.since(begin))
    print(f"noticed after {noticed - begin:.1f} s, longest request {longest:.1f} s", flush=True)
    return begin, noticed


def main():
    """Plays one of the cases."""
    release(1)
    release(2)
    machines = [Machine(name) for name in "abcd"]
    director = network.Director(machines)
    play = {"planned": planned, "unplanned": unplanned}[sys.argv[1]]
    with Load("client", network.SERVICE, CLIENTS) as load:
        window = play(load, machines, director)
    failed = [record for record in load.records if record.error]
    repeated = sum(record.repeated for record in load.records)
    print(f"{len(load.records)} requests, {repeated} repeated, {len(failed)} failed", flush=True)
    for record in failed:
        print(record)
        # Only a machine that dies may fail a request.
        assert window and window[0] <= record.end and record.begin <= window[1], network.report()
    director.stop()


main()
