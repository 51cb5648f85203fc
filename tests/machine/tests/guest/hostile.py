# SPDX-License-Identifier: GPL-2.0-only
"""Peers that send segments which no well-behaved TCP sends: hostile.py SEED CASE...

A case is a function of endings.py, segments.py or windows.py. After each case no connection is
left and other clients are served. No kernel object may be lost whenever the cases are repeated."""

import gc
import random
import sys
import time

import endings
import peers
import segments
import status
import windows

# The slab caches of a connection, which may grow little in each round. Other caches fill up.
SOCKETS = "TCP", "TCPv6", "request_sock_TCP", "request_sock_TCPv6"


def run_all(names):
    """Runs all cases once; returns the number of connections that they have begun."""
    begun = peers.connections
    for name in names:
        begin = time.monotonic()
        case = next(
            getattr(module, name)
            for module in (endings, segments, windows)
            if hasattr(module, name)
        )
        case()
        status.wait_for("connections", 0)
        peers.check_service()
        print(f"{name}: {time.monotonic() - begin:.1f} s", flush=True)
    status.wait_for_sockets(orphan=0)
    return peers.connections - begun


def main():
    seed, *names = sys.argv[1:]
    random.seed(seed)
    # The kernel's metrics of each peer address are no leak.
    status.write("/proc/sys/net/ipv4/tcp_no_metrics_save", "1")
    peers.make_site()
    peers.set_usual_timeouts()
    peers.check_service()
    # Objects that are allocated once are allocated before the first measurement.
    endings.resets_in_requests()
    status.wait_for("connections", 0)
    gc.collect()
    lost = status.lost_in_each(
        lambda: run_all(names),
        lambda cache, count: 10 if cache in SOCKETS else max(count // 20, 100),
    )
    assert not lost, f"objects lost in every round: {lost}"
    print(peers.connections, "connections", flush=True)


main()
