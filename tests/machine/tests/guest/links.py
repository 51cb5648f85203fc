# SPDX-License-Identifier: GPL-2.0-only
"""The case of load.py with links that lose, duplicate, reorder, delay, corrupt or fragment
packets."""

import multiprocessing
import os
import subprocess
import time

import status
import workload
from workload import FILES, connect, get, receive

FAULTS = [
    "loss 5%",
    "loss 20%",
    "delay 5ms reorder 25% 50%",
    "delay 3ms 3ms",
    "duplicate 20%",
    "corrupt 5%",
    "loss 5% duplicate 5% corrupt 2% delay 2ms reorder 10%",
    "mtu 576",
    "mtu 100",
    "mtu 88 loss 2%",
]


def run(command):
    """Runs a command."""
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


def fetch(number, results):
    """Requests files over the link, and compares them."""
    workload.ADDRESS = "10.8.0.1", 8080
    os.setns(os.open("/run/netns/away", os.O_RDONLY), os.CLONE_NEWNET)
    for turn in range(3):
        with connect("10.8.0.2") as connection:
            for name in ["page", "spliced", "small"] * 2 + ["medium"] * (number % 8 == turn):
                try:
                    connection.sendall(get(f"/{name}"))
                    received = b""
                    while b"\r\n\r\n" not in received:
                        received += receive(connection, 1)
                    assert received.startswith(b"HTTP/1.1 200 "), received
                    assert receive(connection, len(FILES[name])) == FILES[name], name
                except BlockingIOError:
                    subprocess.run(
                        "ss -tino; ip netns exec away ss -tino; cat /dev/khttpd", shell=True
                    )
                    raise
    results.put(number)


def faulty_links(count, _seed):
    """Over a faulty link all responses are complete and correct."""
    run("ip netns add away")
    run("ip link add cable type veth peer name cable netns away")
    run("ip address add 10.8.0.1/24 dev cable")
    run("ip -n away address add 10.8.0.2/24 dev cable")
    # Without offloads packets are as on a wire, with checksums that are verified.
    run("ethtool -K cable tx off tso off gso off")
    run("ip netns exec away ethtool -K cable tx off tso off gso off")
    # A lost packet is sent again within a second. Otherwise TCP doubles its timeout with each loss,
    # which with 20 % loss comes to minutes now and then.
    for where in "", "ip netns exec away ":
        run(f"{where}sysctl -q net.ipv4.tcp_rto_max_ms=1000")
    # A packet may be lost many times.
    patience = [f"timeout {name} 600" for name in ("idle", "head", "send")]
    status.command(*patience)
    for fault in FAULTS:
        words = fault.split()
        mtu = 1500
        if words[0] == "mtu":
            mtu, words = words[1], words[2:]
        for where in "", "-n away ":
            run(f"ip {where}link set cable mtu {mtu} up")
            if words:
                run(f"tc {where}qdisc replace dev cable root netem limit 10000 {' '.join(words)}")
        results = multiprocessing.Queue()
        tasks = [
            multiprocessing.Process(target=fetch, args=(number, results)) for number in range(count)
        ]
        begin = time.monotonic()
        for task in tasks:
            task.start()
        for task in tasks:
            task.join()
            assert task.exitcode == 0, f"{fault}: a response was wrong or missing"
        print(f"{fault}: {time.monotonic() - begin:.1f} s", flush=True)
        for where in "", "-n away ":
            if words:
                run(f"tc {where}qdisc del dev cable root")
    status.command("timeout idle 60", "timeout head 10", "timeout send 30")
