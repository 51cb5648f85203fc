# SPDX-License-Identifier: GPL-2.0-only
"""Many at a time, or much:  load.py CASE [COUNT [SEED]]"""

import email.utils
import errno
import functools
import glob
import gzip
import multiprocessing
import os
import random
import resource
import select
import socket
import struct
import subprocess
import sys
import time

import status

SITE = "/tmp/site"
ADDRESS = "127.0.0.1", 8080
FILES = {
    "small": b"small\n",
    "page": b"".join(b"line %04d of the page\n" % number for number in range(30)),
    "copied": bytes(number * 7 % 251 for number in range(4096)),
    "spliced": bytes(number * 13 % 251 for number in range(5000)),
    "large": b"".join(b"line %08d of what is large\n" % number for number in range(30000)),
}
FILES["medium"] = FILES["large"][:100000]
DATE = len("Tue, 24 Nov 2026 01:02:03 GMT")


def site():
    """Files, some of them in a second coding."""
    os.makedirs(f"{SITE}/folder", exist_ok=True)
    FILES["folder/index.html"] = b"<p>a folder</p>\n"
    for name, content in FILES.items():
        with open(f"{SITE}/{name}", "wb") as file:
            file.write(content)
    FILES["page.gz"] = gzip.compress(FILES["page"], mtime=0)
    with open(f"{SITE}/page.gz", "wb") as file:
        file.write(FILES["page.gz"])
    status.command(f"root {SITE}", "reload")


def get(path, *fields, method="GET"):
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *fields, "", ""]
    return "\r\n".join(lines).encode()


def connect(address="127.0.0.1", port=0, **options):
    """A connection from one of our addresses, which does not wait for ever for anything."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", status.HANG, 0))
    for option, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    # IP_BIND_ADDRESS_NO_PORT: the port is chosen when it is known who the peer is.
    connection.setsockopt(socket.IPPROTO_IP, 24, 1)
    connection.bind((address, port))
    connection.connect(ADDRESS)
    return connection


def receive(connection, length):
    """So many bytes."""
    content = bytearray(length)
    view = memoryview(content)
    at = 0
    while at < length:
        count = connection.recv_into(view[at:])
        assert count, f"closed after {at} bytes of {length}: {bytes(content[:at])[-300:]}"
        at += count
    return content


class Expected:
    """A request, and the reply to it, of which all but the date is known."""

    def __init__(self, request, code, body, **fields):
        self.request = request
        with connect() as connection:
            connection.sendall(request)
            received = b""
            while b"\r\n\r\n" not in received:
                received += receive(connection, 1)
            lines = received.decode().split("\r\n")
            assert int(lines[0].split()[1]) == code, (request, received)
            told = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            length = len(body) if body is not None else 0
            if body is not None:
                assert int(told["content-length"]) == length, (request, received)
                assert receive(connection, length) == body, request
            for name, value in fields.items():
                assert told[name.replace("_", "-")] == value, (request, received)
        at = received.index(b"\r\nDate: ") + len(b"\r\nDate: ")
        self.before, self.behind = received[:at], received[at + DATE :] + (body or b"")

    def __len__(self):
        return len(self.before) + DATE + len(self.behind)

    def assert_is(self, reply):
        """Whether this is the reply, of about now."""
        at = len(self.before)
        assert reply.startswith(self.before) and reply[at + DATE :] == self.behind, (self.request, reply)
        assert reply[at : at + DATE] in dates(), (self.request, reply)


def dates():
    """The seconds that a date of now may tell."""
    return dates_of(int(time.time()))


@functools.lru_cache(1)
def dates_of(now):
    """As they are written."""
    return {email.utils.formatdate(now - ago, usegmt=True).encode() for ago in range(-1, status.HANG)}


def everything():
    """Requests of each kind."""
    page, copied, spliced = FILES["page"], FILES["copied"], FILES["spliced"]
    with connect() as connection:
        connection.sendall(get("/page", "Connection: close"))
        head = connection.makefile("rb").read().split(b"\r\n\r\n")[0].decode()
    tag = next(line.split()[1] for line in head.splitlines() if line.startswith("ETag:"))
    unusual = {"content_range": f"bytes 1000-2999/{len(spliced)}"}
    return [
        Expected(get("/small"), 200, FILES["small"]),
        Expected(get("/page"), 200, page),
        Expected(get("/page", "Accept-Encoding: gzip"), 200, FILES["page.gz"], content_encoding="gzip"),
        Expected(get("/page", f"If-None-Match: {tag}"), 304, None),
        Expected(get("/copied"), 200, copied),
        Expected(get("/spliced"), 200, spliced),
        Expected(get("/spliced", "Range: bytes=1000-2999"), 206, spliced[1000:3000], **unusual),
        Expected(get("/spliced", method="HEAD"), 200, None, content_length=str(len(spliced))),
        Expected(get("/nowhere"), 404, b"404 Not Found\r\n"),
        Expected(get("/folder"), 301, b"301 Moved Permanently\r\n", location="/folder/"),
        Expected(get("/small", method="DELETE"), 405, b"405 Method Not Allowed\r\n"),
        Expected(get("/page", "Range: bytes=100000-"), 416, b"416 Range Not Satisfiable\r\n"),
    ]


def asker(kinds, count, seed, results):
    """Asks `count` times or a few more, many in a row, and looks at each byte that comes."""
    generator = random.Random(seed)
    row = [generator.choice(kinds) for _ in range(32)]
    request = b"".join(kind.request for kind in row)
    length = sum(map(len, row))
    # What is between two dates, for whole rows of one second.
    pieces = [row[0].before, *(a.behind + b.before for a, b in zip(row, row[1:])), row[-1].behind]
    known, first = {}, len(row[0].before)
    connection, left = None, 0
    turns = -(-count // len(row))
    for turn in range(turns):
        if left < len(row):
            # The last request that a connection may ask has a reply that says so.
            connection, left = connect(), 9999
        left -= len(row)
        if turn % 16:
            connection.sendall(request)
        else:
            cut = generator.randrange(len(request))
            connection.sendall(request[:cut])
            connection.sendall(request[cut:])
        received = receive(connection, length)
        date = bytes(received[first : first + DATE])
        if date not in known:
            assert date in dates(), date
            known = {date: date.join(pieces)}
        if received != known[date]:
            # A second has passed meanwhile, or something is wrong.
            at = 0
            for kind in row:
                kind.assert_is(bytes(received[at : at + len(kind)]))
                at += len(kind)
    results.put(turns * len(row))


def million(count, seed):
    """So many requests, of which each reply is compared byte for byte."""
    kinds = everything()
    status.command("reset counters")
    results = multiprocessing.Queue()
    tasks = [multiprocessing.Process(target=asker, args=(kinds, count // 4, seed + number, results)) for number in range(4)]
    begin = time.monotonic()
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
        assert task.exitcode == 0, "an asker has failed"
    took = time.monotonic() - begin
    asked = sum(results.get() for _ in tasks)
    assert status.count("requests") == asked, (status.count("requests"), asked)
    print(asked, f"requests, all replies as they should be, {took:.0f} s, {asked / took:.0f}/s")


def many(count, seed):
    """So many connections at once, and each is answered, twice. They stay open until the input ends."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 1000, count + 1000))
    kinds = everything()[:2]
    # On a slow kernel the first would be thrown out before the last has come.
    status.command("timeout idle 3600")
    begin = time.monotonic()
    opened = []
    for first in range(0, count, 250):
        some = [connect(f"127.0.1.{1 + number // 10000}") for number in range(first, min(first + 250, count))]
        ask(some, kinds[0])
        opened += some
    took = time.monotonic() - begin
    status.wait_for("connections", count)
    random.Random(seed).shuffle(opened)
    for first in range(0, count, 250):
        ask(opened[first : first + 250], kinds[1])
    assert status.count("connections") == count, status.count("connections")
    print(f"{count} connections are open after {took:.1f} s, all answered twice after {time.monotonic() - begin:.1f} s, {status.sockets()}", flush=True)
    sys.stdin.read()
    os._exit(0)


def ask(connections, kind):
    """Asks the same on each, then looks at all replies."""
    for connection in connections:
        connection.sendall(kind.request)
    for connection in connections:
        kind.assert_is(bytes(receive(connection, len(kind))))


def expire(count, _seed):
    """So many become idle in the same second, and are thrown out in the same second; who comes then waits no longer than a moment."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 1000, count + 1000))
    small = everything()[0]
    status.command("timeout idle 100")
    idle = []
    for first in range(0, count, 250):
        some = [connect(f"127.0.1.{1 + number // 10000}") for number in range(first, min(first + 250, count))]
        ask(some, small)
        idle += some
    status.wait_for("connections", count)
    expired = status.count("expired")
    status.command("timeout idle 3")
    for connection in idle:
        connection.sendall(small.request)
    longest, came = 0, 0
    while status.count("expired") - expired < count:
        begin = time.monotonic()
        with connect() as connection:
            ask([connection], small)
        longest, came = max(longest, time.monotonic() - begin), came + 1
        time.sleep(0.002)
    print(f"longest {longest * 1000:.1f} ms of {came} who came", flush=True)


def seats(count, _seed):
    """Beyond `max-connections` they wait, or come again if too many wait; who has a seat is served, and the others later."""
    small = everything()[0]
    status.wait_for("connections", 0)
    status.command("max-connections 100", "timeout idle 86400")
    # Neither TCP gives up while the other keeps it waiting.
    for name in "tcp_syn_retries", "tcp_synack_retries":
        status.write(f"/proc/sys/net/ipv4/{name}", "12")
    seated = [connect() for _ in range(100)]
    ask(seated, small)
    assert status.count("connections") == 100, status.count("connections")
    waiting = [begin_to_connect() for _ in range(count)]
    poll = select.epoll()
    for connection in waiting:
        poll.register(connection, select.EPOLLOUT | select.EPOLLONESHOT)
    asked = set()
    begin, full = time.monotonic(), status.count("full")
    # For three seconds at least, and until it was seen that there is no seat.
    while time.monotonic() - begin < 3 or status.count("full") == full:
        assert time.monotonic() - begin < status.HANG, "nobody has been told to wait"
        say(poll, asked)
        ask(seated[:10], small)
    assert status.count("connections") == 100, status.count("connections")
    print(f"{len(asked)} of {count} wait for one of 100 seats", flush=True)
    for connection in seated:
        connection.close()
    # The backlog is served as the seats get free, and those whom the kernel has refused come back after a while.
    replies = 0
    by_number = {connection.fileno(): connection for connection in waiting}
    received = {number: b"" for number in by_number}
    end = time.monotonic() + status.HANG
    while replies < count:
        assert time.monotonic() < end, f"{replies} of {count} were answered"
        for number, events in poll.poll(1):
            if number not in asked and events & select.EPOLLOUT:
                begin_to_ask(poll, asked, number)
                continue
            piece = by_number[number].recv(65536)
            received[number] += piece
            if not piece:
                assert received[number].endswith(b"\r\n\r\nsmall\n"), received[number]
                by_number[number].close()
                replies += 1
    status.command("max-connections 65536", "timeout idle 60")
    print(f"{replies} were answered when there were seats", flush=True)


def begin_to_connect():
    """Comes when there is a place in the backlog."""
    connection = socket.socket()
    connection.setblocking(False)
    error = connection.connect_ex(ADDRESS)
    assert error in (0, errno.EINPROGRESS), os.strerror(error)
    return connection


def begin_to_ask(poll, asked, number):
    """Asks once, since it is connected."""
    asked.add(number)
    os.write(number, get("/small", "Connection: close"))
    poll.modify(number, select.EPOLLIN)


def say(poll, asked):
    """Lets those ask who have been connected, and makes sure that nobody has an answer."""
    for number, events in poll.poll(0.1):
        assert number not in asked, "somebody was answered without a seat"
        assert events == select.EPOLLOUT, f"refused: {events}"
        begin_to_ask(poll, asked, number)


def forsaken(count, _seed):
    """More than the backlog takes, who say nothing and are gone: others are served at once."""
    # On one processor all comes in its order. A reset that is there before the handshake that it is about tells nobody, and who
    # has been accepted then is waited for until its time is up.
    os.sched_setaffinity(0, {0})
    status.command("max-connections 50", "timeout idle 1")
    full = status.count("full")
    for _ in range(3):
        crowd = [begin_to_connect() for _ in range(count)]
        time.sleep(1)
        for connection in crowd[::2]:
            # A reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for connection in crowd:
            connection.close()
    begin = time.monotonic()
    everything()
    print(f"served {time.monotonic() - begin:.1f} s after {3 * count} were gone")
    assert status.count("full") > full, "there was a seat for everybody"
    status.wait_for("connections", 0)
    status.command("max-connections 65536", "timeout idle 60")


def reader(path, content, turns, results):
    """Reads a file again and again, slowly; counts what came whole, and what was broken off."""
    whole, broken = 0, 0
    for _ in range(turns):
        try:
            with connect(SO_RCVBUF=16384) as connection:
                connection.sendall(get(path, "Connection: close"))
                received = b""
                while piece := connection.recv(30000):
                    received += piece
            body = received.partition(b"\r\n\r\n")[2]
            assert content.startswith(body), "something else has come"
            whole, broken = whole + (body == content), broken + (body != content)
        except OSError:
            broken += 1
            time.sleep(0.1)
    results.put((whole, broken))


def shortages():
    """How many times TCP has had less memory than it would like."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        names, numbers = (line.split() for line in file if line.startswith("TcpExt:"))
    return int(numbers[names.index("TCPMemoryPressures")])


def short_of_tcp_memory(count, _seed):
    """With a few hundred pages for all of TCP some are broken off, nothing else is sent, and all is well when there is memory again."""
    with open("/proc/sys/net/ipv4/tcp_mem", encoding="ascii") as file:
        usual = file.read()
    status.write("/proc/sys/net/ipv4/tcp_mem", "100 200 300")
    begin, results = time.monotonic(), multiprocessing.Queue()
    whole, broken = 0, 0
    # Until there was some memory, and not enough: when they meet is up to the machine. On a slow kernel all may get through.
    while whole == 0 or shortages() == 0:
        assert time.monotonic() - begin < status.HANG, "there was no memory at all, or enough"
        tasks = [multiprocessing.Process(target=reader, args=("/large", FILES["large"], 3, results)) for _ in range(count)]
        for task in tasks:
            task.start()
        told = [results.get(timeout=status.HANG) for _ in tasks]
        for task in tasks:
            task.join()
            assert task.exitcode == 0, "a reader has failed"
        whole += sum(numbers[0] for numbers in told)
        broken += sum(numbers[1] for numbers in told)
    print(f"{time.monotonic() - begin:.1f} s with 300 pages for TCP: {whole} replies whole, {broken} broken off, {status.sockets()}", flush=True)
    status.write("/proc/sys/net/ipv4/tcp_mem", usual)
    recovered()


def recovered():
    """Nobody is left, and everything is answered."""
    status.wait_for("connections", 0)
    everything()


def hog(number):
    """Takes memory with replies that nobody reads."""
    status.write("/proc/self/oom_score_adj", "1000")
    crowd, request = [], get("/copied") * 20
    while True:
        try:
            connection = connect(SO_RCVBUF=1 << 20)
            connection.setblocking(False)
            connection.send(request)
            crowd.append(connection)
            for other in random.sample(crowd, min(len(crowd), 5)):
                other.send(request)
        except (BlockingIOError, ConnectionError):
            pass
        except OSError:
            time.sleep(0.01)


def short_of_memory(seconds, _seed):
    """Where all memory is taken by what nobody reads, who takes it is killed, and then all is well."""
    # A hog that is killed gives back its memory later; nobody else shall die meanwhile, above all not the machine's agent.
    for task in glob.glob("/proc/[0-9]*/oom_score_adj"):
        status.write(task, "-999")
    status.write("/proc/sys/net/ipv4/tcp_mem", "1000000 1000000 1000000")
    status.command("timeout send 5", "timeout idle 5")
    end, killed, answered, failed, lowest = time.monotonic() + seconds, 0, 0, 0, 1 << 30
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
            answered += received.endswith(FILES["page"])
        except OSError:
            failed += 1
        lowest = min(lowest, free())
        time.sleep(0.05)
    print(f"hogs killed {killed}, answered {answered}, not answered {failed}, lowest free {lowest} KiB, short turns {status.count('short-of-memory')}, {status.sockets()}", flush=True)
    for task in hogs:
        task.kill()
        task.join()
    recovered()
    assert lowest < 60000, f"memory was never short: {lowest} KiB"


def free():
    """Free memory in KiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemFree:"))


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
    """Does what can be done by a word of the shell."""
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


def fetch(number, results):
    """Gets files over the cable, and compares them."""
    global ADDRESS
    ADDRESS = "10.8.0.1", 8080
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
                    subprocess.run("ss -tino; ip netns exec away ss -tino; cat /dev/khttpd", shell=True)
                    raise
    results.put(number)


def faults(count, _seed):
    """Over a cable that loses, repeats, reorders, spoils or cuts what it carries, all arrives as it is."""
    run("ip netns add away")
    run("ip link add cable type veth peer name cable netns away")
    run("ip address add 10.8.0.1/24 dev cable")
    run("ip -n away address add 10.8.0.2/24 dev cable")
    # A packet is one as it is on a wire, with a sum that is looked at.
    run("ethtool -K cable tx off tso off gso off")
    run("ip netns exec away ethtool -K cable tx off tso off gso off")
    # Whatever is lost is sent again within a second: who waits without end then has not been waiting for TCP, which doubles its
    # time with each loss, and with every fifth packet lost comes to minutes now and then.
    for where in "", "ip netns exec away ":
        run(f"{where}sysctl -q net.ipv4.tcp_rto_max_ms=1000")
    # It may take long until what is lost has been sent often enough.
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
        tasks = [multiprocessing.Process(target=fetch, args=(number, results)) for number in range(count)]
        begin = time.monotonic()
        for task in tasks:
            task.start()
        for task in tasks:
            task.join()
            assert task.exitcode == 0, f"{fault}: a reply was wrong, or did not come"
        print(f"{fault}: {time.monotonic() - begin:.1f} s", flush=True)
        for where in "", "-n away ":
            if words:
                run(f"tc {where}qdisc del dev cable root")
    status.command("timeout idle 60", "timeout head 10", "timeout send 30")


site()
globals()[sys.argv[1]](*map(int, [*sys.argv[2:], 1][:2]) if len(sys.argv) > 2 else ())
recovered()
