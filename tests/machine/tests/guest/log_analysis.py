# SPDX-License-Identifier: GPL-2.0-only
"""GoAccess reads the access log: log_analysis.py"""

import json
import subprocess

import status
from access_log import Clients, Collector, settle
from stream import request

COUNT = 100_000
AGENT = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) "quoted" \\ \u00e4'
REQUESTS = [
    request("HEAD", "/", AGENT, "Referer: https://example.org/a?b=\"c\""),
    request("HEAD", "/missing/%22%20x?a=b&c=%5B1%5D", AGENT),
    request("HEAD", "/robots.txt"),
    # A long line, which is truncated.
    request("HEAD", "/" + "long/" * 200, "Referer: " + "r" * 500),
]


def main():
    """Each line is one of GoAccess's valid requests."""
    status.command("log combined", "log-buffer 67108864", "reset counters")
    collector = Collector()
    for message in REQUESTS:
        Clients(COUNT // len(REQUESTS) // 2, 2, message).join()
    settle()
    text = collector.end()
    assert text.count(b"\n") == COUNT and status.count("log-lost") == 0, text.count(b"\n")
    with open("/tmp/access.log", "wb") as file:
        file.write(text)
    subprocess.run(
        "goaccess /tmp/access.log --log-format=COMBINED --no-global-config --output=/tmp/found.json",
        shell=True,
        check=True,
    )
    with open("/tmp/found.json", encoding="utf-8") as file:
        found = json.load(file)["general"]
    print(found, flush=True)
    assert (found["total_requests"], found["failed_requests"]) == (COUNT, 0), found


main()
