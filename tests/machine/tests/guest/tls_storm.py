# SPDX-License-Identifier: GPL-2.0-only
"""Many handshakes, some of which end in each flight, by FIN or RST: tls_storm.py COUNT SEED [killed]

`killed`: the agent is killed and started again meanwhile."""

import collections
import multiprocessing
import random
import signal
import ssl
import sys
import time

import status
from stream import ROBOTS, code, serves
from khttpd_tls import COMMANDS, LISTENER, NAMES, Agent, Secure, certify, context
from tls_flight import Flights

CLIENTS = 8
ENDED = OSError, EOFError
STAGES = "connected", "half hello", "hello", "heard", "half finished", "finished", "asked", "served"


def handshake(generator, settings, session):
    """Goes through a handshake up to some stage; returns it, and the session if there is one."""
    stage = generator.choice((*STAGES, "served", "served"))
    with Flights(settings, session, LISTENER) as stream:
        if stage != "connected":
            first, _ = stream.flight()
            count = generator.randrange(1, len(first)) if stage == "half hello" else len(first)
            stream.send(first[:count])
        if stage in STAGES[3:]:
            stream.hear()
        if stage in STAGES[4:]:
            last = stream.last_flight()
            if stage == "half finished":
                stream.send(last[: len(last) // 2])
            elif stage == "finished":
                stream.send(last)
            else:
                stream.send(last + stream.encrypted(ROBOTS))
        if stage == "served":
            head, body = stream.response()
            assert code(head) == 200 and body.startswith(b"User-agent"), head
            session = stream.tls.session
        if generator.randrange(2):
            stream.reset()
    return stage, session


def work(seed, count, may_end, reports):
    """Shakes hands that often."""
    generator = random.Random(f"{sys.argv[2]} {seed}")
    settings = [context(ssl.TLSVersion.TLSv1_2), context(ssl.TLSVersion.TLSv1_3)]
    outcomes, sessions = collections.Counter(), {}
    for _ in range(count):
        version = generator.randrange(2)
        try:
            session = sessions.get(version) if generator.randrange(2) else None
            stage, sessions[version] = handshake(generator, settings[version], session)
            outcomes[stage] += 1
        except ENDED as error:
            assert may_end, error
            outcomes[type(error).__name__] += 1
            time.sleep(0.01)
    reports.put(outcomes)


def main():
    count, is_killed = int(sys.argv[1]), sys.argv[3:] == ["killed"]
    certify("host", NAMES)
    status.command(*COMMANDS)
    with Agent("log-lines 1") as agent:
        reports = multiprocessing.Queue()
        tasks = [
            multiprocessing.Process(
                target=work, args=(seed, -(-count // CLIENTS), is_killed, reports), daemon=True
            )
            for seed in range(CLIENTS)
        ]
        for task in tasks:
            task.start()
        while is_killed and any(task.is_alive() for task in tasks) and reports.empty():
            time.sleep(1)
            agent.end(signal.SIGKILL)
            agent.start()
        total = sum((reports.get() for _ in tasks), collections.Counter())
        for task in tasks:
            task.join()
        assert not any(task.exitcode for task in tasks)
        print(*total.items(), flush=True)
        assert total["served"], total
        with Secure(LISTENER) as stream:
            serves(stream)
        assert agent.end() == 0, agent.log()
    status.wait_for("connections", 0)
    status.wait_for_sockets(orphan=0)


main()
