# SPDX-License-Identifier: GPL-2.0-only
"""Events of khttpd's tracepoints, read from tracefs."""

import os
import re
import subprocess

import status

TRACEFS = "/sys/kernel/tracing"
BUFFER = f"{TRACEFS}/instances/khttpd"
EVENT = re.compile(r": khttpd_(\w+): (.*)")


class Event(dict):
    """The fields of an event, as texts, and its name without the prefix."""

    def __init__(self, name, fields):
        super().__init__(field.split("=", 1) for field in fields.split(" "))
        self.name = name


def enable(pattern="*"):
    """Mounts tracefs and has the events recorded in a buffer of their own."""
    if not os.path.isdir(f"{TRACEFS}/events"):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACEFS], check=True)
    os.makedirs(BUFFER, exist_ok=True)
    turn(pattern, True)


def turn(pattern, on):
    """Turns events on or off."""
    names = [name for name in os.listdir(f"{BUFFER}/events/khttpd") if name.startswith("khttpd_")]
    assert len(names) == 6, names
    for name in names:
        if pattern in ("*", name):
            status.write(f"{BUFFER}/events/khttpd/{name}/enable", f"{int(on)}\n")


def recorded(name, **fields):
    """Returns the recorded events of a name that have these fields, in their order."""
    with open(f"{BUFFER}/trace", encoding="ascii") as trace:
        events = [Event(*match.groups()) for match in map(EVENT.search, trace) if match]
    return [
        event
        for event in events
        if event.name == name and fields.items() <= {**event}.items()
    ]


def await_event(name, **fields):
    """Waits for an event and returns the first."""
    status.wait_until(lambda: recorded(name, **fields))
    return recorded(name, **fields)[0]
