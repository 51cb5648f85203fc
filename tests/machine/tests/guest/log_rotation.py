# SPDX-License-Identifier: GPL-2.0-only
"""A process appends the access log to a file, which is renamed meanwhile:
log_rotation.py COUNT

The process is the command of tools/khttpd/khttpd-log.service, in /tmp/unit.sh."""

import glob
import os
import re
import signal
import subprocess
import sys
import time

import status
from access_log import Clients, settle

FILE = "/var/log/khttpd/access.log"
LINE = re.compile(
    rb'127\.0\.0\.1 - - \[[^]]+\] "HEAD /robots\.txt HTTP/1\.1" 200 - "-" "-"'
)


def lines():
    """Returns all lines of all files."""
    found = []
    for path in glob.glob(f"{FILE}*"):
        with open(path, "rb") as file:
            text = file.read()
        assert not text or text.endswith(b"\n"), (path, text[-100:])
        found += text.splitlines()
    return found


def main(count):
    """Renames the file again and again while clients make requests."""
    os.makedirs(os.path.dirname(FILE), exist_ok=True)
    status.command("log combined", "log-buffer 67108864")
    with subprocess.Popen(["sh", "/tmp/unit.sh"], start_new_session=True) as unit:
        try:
            clients = Clients(count, 2)
            number = 0
            while clients.are_busy():
                time.sleep(0.1)
                if os.path.exists(FILE):
                    number += 1
                    os.rename(FILE, f"{FILE}.{number}")
            settle()
            # The process may be about to append, so that a line is not whole yet.
            end = time.monotonic() + status.HANG
            expected = 2 * count
            while sum(os.path.getsize(path) for path in glob.glob(f"{FILE}*")) == 0 or (
                subprocess.run(
                    f"cat {FILE}* | wc -l", shell=True, check=True, capture_output=True
                ).stdout.strip()
                != str(expected).encode()
            ):
                assert time.monotonic() < end, f"{len(lines())} lines of {expected}"
                time.sleep(0.1)
        finally:
            os.killpg(unit.pid, signal.SIGKILL)
    found = lines()
    assert len(found) == expected and status.count("log-lost") == 0, len(found)
    assert all(LINE.fullmatch(line) for line in found), found[:3]
    print(f"{len(found)} lines in {len(glob.glob(f'{FILE}*'))} files", flush=True)


main(int(sys.argv[1]))
