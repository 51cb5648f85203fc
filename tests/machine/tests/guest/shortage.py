# SPDX-License-Identifier: GPL-2.0-only
"""Cases of load.py with too little memory."""

import glob
import multiprocessing
import random
import time

import status
from workload import FILES, check_recovery, connect, get


def reader(path, content, turns, results):
    """Requests a file repeatedly and reads slowly; counts complete and truncated responses."""
    whole, broken = 0, 0
    for _ in range(turns):
        try:
            with connect(SO_RCVBUF=16384) as connection:
                connection.sendall(get(path, "Connection: close"))
                received = b""
                while piece := connection.recv(30000):
                    received += piece
            body = received.partition(b"\r\n\r\n")[2]
            assert content.startswith(body), "wrong content"
            whole, broken = whole + (body == content), broken + (body != content)
        except OSError:
            broken += 1
            time.sleep(0.1)
    results.put((whole, broken))


def shortages():
    """Returns how many times TCP has been short of memory."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        names, numbers = (line.split() for line in file if line.startswith("TcpExt:"))
    return int(numbers[names.index("TCPMemoryPressures")])


def tcp_memory_shortage(count, _seed):
    """With a few hundred pages for TCP some responses are truncated, and none is wrong. With
    more memory all is served again."""
    with open("/proc/sys/net/ipv4/tcp_mem", encoding="ascii") as file:
        usual = file.read()
    status.write("/proc/sys/net/ipv4/tcp_mem", "100 200 300")
    begin, results = time.monotonic(), multiprocessing.Queue()
    whole, broken = 0, 0
    # Until memory was short and some response was complete; when that happens is up to the machine.
    while whole == 0 or shortages() == 0:
        assert (
            time.monotonic() - begin < status.HANG
        ), "memory was never short, or no response was complete"
        tasks = [
            multiprocessing.Process(target=reader, args=("/large", FILES["large"], 3, results))
            for _ in range(count)
        ]
        for task in tasks:
            task.start()
        told = [results.get(timeout=status.HANG) for _ in tasks]
        for task in tasks:
            task.join()
            assert task.exitcode == 0, "a reader has failed"
        whole += sum(numbers[0] for numbers in told)
        broken += sum(numbers[1] for numbers in told)
    print(
        f"{time.monotonic() - begin:.1f} s with 300 pages for TCP: {whole} complete responses, {broken} truncated, {status.sockets()}",
        flush=True,
    )
    status.write("/proc/sys/net/ipv4/tcp_mem", usual)
    check_recovery()


def hog(number):
    """Occupies memory with responses that it does not read."""
    status.write("/proc/self/oom_score_adj", "1000")
    connections, request = [], get("/copied") * 20
    while True:
        try:
            connection = connect(SO_RCVBUF=1 << 20)
            connection.setblocking(False)
            connection.send(request)
            connections.append(connection)
            for other in random.sample(connections, min(len(connections), 5)):
                other.send(request)
        except (BlockingIOError, ConnectionError):
            pass
        except OSError:
            time.sleep(0.01)


def memory_exhaustion(seconds, _seed):
    """Processes occupy all memory until the kernel kills them; then all is served again."""
    # A killed process frees its memory late. No other process may be killed meanwhile, least of all
    # the machine's agent.
    for task in glob.glob("/proc/[0-9]*/oom_score_adj"):
        status.write(task, "-999")
    status.write("/proc/sys/net/ipv4/tcp_mem", "1000000 1000000 1000000")
    status.command("timeout send 5", "timeout idle 5")
    end, killed, served, failed, lowest = time.monotonic() + seconds, 0, 0, 0, 1 << 30
    hogs = []
    while time.monotonic() < end:
        for task in [task for task in hogs if not task.is_alive()]:
            hogs.remove(task)
            killed += 1
        while len(hogs) < 3:
            hogs.append(multiprocessing.Process(target=hog, args=(0,), daemon=True))
            hogs[-1].start()
        try:
            with connect() as connection:
                connection.sendall(get("/page", "Connection: close"))
                received = connection.makefile("rb").read()
            served += received.endswith(FILES["page"])
        except OSError:
            failed += 1
        lowest = min(lowest, free())
        time.sleep(0.05)
    print(
        f"processes killed {killed}, requests served {served}, failed {failed}, lowest free {lowest} KiB, short turns {status.count('short-of-memory')}, {status.sockets()}",
        flush=True,
    )
    for task in hogs:
        task.kill()
        task.join()
    check_recovery()
    assert lowest < 60000, f"memory was never short: {lowest} KiB"


def free():
    """Returns the free memory in KiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemFree:"))
