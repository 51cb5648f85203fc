# SPDX-License-Identifier: GPL-2.0-only
"""What peers do to the server by segments that no well-meaning TCP would send:  hostile.py SEED CASE...

After all of it nobody is connected, nothing of them is in memory, and others are served."""

import gc
import http.client
import itertools
import multiprocessing
import os
import random
import sys
import time

import packet
import status
from packet import ACK, FIN, PSH, RST, SYN, URG, Peer

SITE = "/tmp/site"
CLOSE = "Connection: close\r\n"
PAGE = b"".join(b"line %06d of the page\n" % number for number in range(900))
LARGE = b"".join(b"line %08d of what is large\n" % number for number in range(100000))
# A path of as many letters as this: some a, and b for the rest, or the other way round.
LETTERS = 8
# How many handshakes are begun and not finished.
HANDSHAKES = 10000
connections = 0


def site():
    """The files, of which each tells its name or its place in itself."""
    os.makedirs(SITE, exist_ok=True)
    files = {"page": PAGE, "large": LARGE, "small": b"small\n"}
    for count in range(LETTERS + 1):
        for first, second in ("ab", "ba"):
            name = first * count + second * (LETTERS - count)
            files[name] = name.encode()
    for name, content in files.items():
        with open(f"{SITE}/{name}", "wb") as file:
            file.write(content)
    status.command(f"root {SITE}")


def usual_timeouts():
    """Longer than a busy host keeps a peer waiting, and short enough for connections that are left to end."""
    status.command("timeout idle 60", "timeout head 60", "timeout send 60")


def get(path, fields=""):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode()


def peer(**how):
    """A peer more."""
    global connections
    connections += 1
    return Peer(cable, **how)


def asking(path, fields="", **how):
    """A peer that has sent a request."""
    found = peer(**how).connect()
    found.send(get(path, fields), ACK | PSH)
    return found


def bodies(stream):
    """The status and the body of each reply that is whole, and how many bytes there are behind the last."""
    found, rest = [], bytes(stream)
    while b"\r\n\r\n" in rest:
        head, behind = rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        length = next(int(line.split()[1]) for line in lines if line.lower().startswith("content-length:"))
        if len(behind) < length:
            break
        found.append((int(lines[0].split()[1]), behind[:length]))
        rest = behind[length:]
    return found, len(rest)


def expect(who, *content, what, code=200):
    """Waits for replies with these bodies, and for nothing behind them."""
    expected = [(code, body) for body in content]
    # To look at each segment would take a time that is square in their number.
    least = sum(map(len, content)) + 50 * len(content)
    who.wait(lambda: len(who.stream) >= least and len(bodies(who.stream)[0]) >= len(content), what)
    assert bodies(who.stream) == (expected, 0), f"{what}: {who}"


def ends(who, what, limit=packet.LIMIT):
    """Waits until the server has closed or reset the connection."""
    who.wait(lambda: who.finished or who.is_reset, what, limit)


def honest():
    """Somebody who means well is served."""
    client = http.client.HTTPConnection("127.0.0.1", 8080, timeout=status.HANG)
    client.request("GET", "/page")
    assert client.getresponse().read() == PAGE
    client.close()


def resets_in_replies():
    """RST at every point of a reply ends it if its number is exact, and does nothing otherwise."""
    for path, mss, points in ("/page", 536, range(42)), ("/page", 100, range(0, 200, 13)), ("/large", 1460, range(0, 600, 23)):
        for point, flags in zip(points, itertools.cycle((RST, RST | ACK))):
            who = asking(path, mss=mss)
            who.wait(lambda: who.segments >= point, f"segment {point} of {path}")
            who.send(flags=flags)
    status.wait_for("connections", 0)
    for distance in 1, 536, 20000, -1, -30, 1 << 17, 1 << 31:
        for point in range(0, 40, 5):
            who = asking("/page")
            who.wait(lambda: who.segments >= point, f"segment {point}")
            who.send(flags=RST, at=who.sent + distance)
            expect(who, PAGE, what=f"the reply after RST {distance} bytes off at segment {point}")
            assert not who.is_reset, (distance, point)
            who.reset()


def resets_in_requests():
    """RST at every point of a request, and in the moment in which it is there."""
    request = get("/page")
    for cut in range(len(request)):
        who = peer().connect()
        who.send(request[:cut])
        who.reset()
    for _ in range(6):
        crowd = [peer() for _ in range(50)]
        for who in crowd:
            who.syn()
        crowd[-1].wait(lambda: all(who.first is not None for who in crowd), "all SYN-ACKs")
        for who in crowd:
            who.send(request)
            who.reset()
        status.wait_for("connections", 0)
    for _ in range(100):
        who = peer()
        who.syn()
        who.reset()


def fins_in_requests():
    """FIN at every point of a request: it is answered only if it is whole, and the server closes, too."""
    request = get("/small")
    for cut in range(len(request) + 1):
        for at_once in True, False:
            who = peer().connect()
            if at_once:
                who.send(request[:cut], ACK | FIN)
            else:
                who.send(request[:cut])
                who.send(flags=ACK | FIN)
            ends(who, f"the end after FIN at byte {cut}")
            expected = [(200, b"small\n")] * (cut == len(request))
            assert who.finished and bodies(who.stream) == (expected, 0), f"FIN at byte {cut}: {who}"
            # A FIN is the first to arrive.
            if at_once:
                continue
            who = peer().connect()
            who.send(flags=ACK | FIN, at=cut)
            who.send(request[:cut], at=0)
            who.sent = cut + 1
            ends(who, f"the end after FIN before {cut} bytes")
            assert who.finished and bodies(who.stream) == (expected, 0), f"FIN before {cut} bytes: {who}"


def fins_in_replies():
    """FIN at every point of a reply, which comes to its end nevertheless; what follows a FIN is not heard."""
    for path, content, mss, points in ("/page", PAGE, 536, range(40)), ("/large", LARGE, 1460, range(0, 500, 71)):
        for point in points:
            who = asking(path, mss=mss)
            who.wait(lambda: who.segments >= point, f"segment {point} of {path}")
            who.send(flags=ACK | FIN)
            who.send(get("/small"))
            ends(who, f"the end of {path} after FIN at segment {point}")
            assert bodies(who.stream) == ([(200, content)], 0), f"FIN at segment {point} of {path}: {who}"
            assert who.finished, who


def pieces_in_any_order():
    """A request cut at every byte, its pieces reversed, shuffled, overlapping or repeated, is one request."""
    request = get("/small")
    end = len(request)
    for cut in range(1, end):
        middle = random.randrange(cut, end)
        orders = [
            [(cut, end), (0, cut)],
            [(cut - 1, end), (0, min(cut + 5, end))],
            [(0, cut), (0, cut), (max(cut - 3, 0), end), (0, end)],
            random.sample([(0, cut), (cut, middle), (middle, end), (0, middle), (cut, end)], 5),
        ]
        for order in orders:
            who = peer().connect()
            for first, last in order:
                who.send(request[first:last], at=first)
            who.sent = end
            expect(who, b"small\n", what=f"the reply to {order}")
            # And what comes next is understood.
            who.send(get("/page"))
            expect(who, b"small\n", PAGE, what=f"the reply behind {order}")
            who.reset()


def pieces_that_differ():
    """Where segments overlap and differ, one request is heard: each byte is that of one of them, and they change once."""
    first, second = get("/" + "a" * LETTERS), get("/" + "b" * LETTERS)
    begin = first.index(b"a")
    end = len(first)
    for cut in range(begin, begin + LETTERS + 1):
        for overlap in range(1, LETTERS + 1):
            border = cut + overlap
            head, tail = (first[:border], 0), (second[cut:], cut)
            hole = (first[1:border], 1), (first[:1], 0)
            for order in (head, tail), (tail, head), (hole[0], tail, hole[1]), (tail, *hole):
                who = peer().connect()
                for data, at in order:
                    who.send(data, at=at)
                who.sent = end
                who.wait(lambda: bodies(who.stream)[0], "the reply to segments that differ")
                [(code, name)], rest = bodies(who.stream)
                letters = len(name.rstrip(b"b"))
                assert code == 200 and rest == 0 and name == b"a" * letters + b"b" * (LETTERS - letters), (cut, overlap, who)
                assert cut - begin <= letters <= border - begin or letters == LETTERS, (cut, overlap, who)
                who.reset()


def odd_beginnings():
    """Handshakes as they should not be."""
    # What is in a SYN without a cookie is not heard before it is sent again.
    who = peer()
    who.syn(get("/small"))
    who.wait(lambda: who.first is not None, "the SYN-ACK")
    who.send(get("/small"))
    expect(who, b"small\n", what="the reply after data in the SYN")
    # A SYN again, the same and another, before and after the handshake.
    who.syn()
    who.emit(SYN, 500)
    who.send(get("/page"))
    expect(who, b"small\n", PAGE, what="the reply after a second SYN")
    who.reset()
    who = peer()
    for _ in range(5):
        who.syn()
    who.wait(lambda: who.first is not None, "the SYN-ACK")
    for _ in range(5):
        who.send()
    who.send(get("/small"))
    expect(who, b"small\n", what="the reply after SYNs and ACKs")
    who.reset()
    # Every set of flags, to nobody, to the handshake, and to a connection.
    for flags in range(64):
        who = peer()
        who.emit(flags, -1)
        who.syn()
        who.emit(flags, 0, b"x")
        who.emit(flags, -1)
        cable.drain()
        who.reset()
        who = peer().connect()
        who.send(b"GET ")
        who.emit(flags & ~(RST | FIN), 4, b"/")
        who.emit(flags & ~(RST | FIN | SYN), 1 << 20, b"x")
        cable.drain()
        who.reset()
    # Sums that are wrong, and acknowledgements of what was not sent.
    who = peer().connect()
    for wrong in 1, 0xFFFF:
        who.emit(ACK, 0, get("/page"), wrong_sum=wrong)
    for distance in 1, 1000, 1 << 20, 1 << 31:
        who.cable.send(packet.packet(who.source, who.begin + 1, who.first + distance, ACK, 65535))
    who.send(get("/small"), ACK | URG)
    expect(who, b"small\n", what="the reply after segments that count for nothing")
    who.reset()
    # Acknowledged out of the blue, as if there were cookies.
    for _ in range(300):
        peer().send(get("/small"), ACK)
    cable.drain()


def same_address_again():
    """A new connection from the address and port of one that has just ended, or has not."""
    who = peer()
    for turn in range(50):
        who.connect()
        who.send(get("/small", CLOSE))
        who.wait(lambda: who.finished, "the end")
        expect(who, b"small\n", what=f"reply {turn} to one address")
        if turn % 2:
            who.send(flags=ACK | FIN)
        else:
            who.reset()
        who.begin += who.sent + 100000
        who.sent = 0
        who.forget()
    # A peer that has lost its memory begins again while the server waits for it to go on.
    for _ in range(50):
        who = asking("/large", window=2000)
        who.wait(lambda: who.segments > 1, "a beginning")
        begin = who.begin
        who.begin += 1 << 20
        who.syn()
        who.begin = begin
        who.reset()


def tiny_segments():
    """The smallest segments, and windows of a few bytes."""
    for mss in 0, 1, 8, 48, 88:
        who = asking("/page", mss=mss)
        expect(who, PAGE, what=f"the reply in segments of {mss} bytes")
        who.reset()
    crowd = [asking("/small", window=window) for window in (10, 100, 535)]
    for who in crowd:
        expect(who, b"small\n", what=f"the reply in windows of {who.window} bytes")
        who.reset()
    # One that grows and shrinks, to nothing now and then.
    who = asking("/page", window=1)
    while not bodies(who.stream)[0]:
        who.window = random.choice([0, 0, 1, 100, 536, 4000])
        who.send()
        cable.drain()
        time.sleep(0.02)
    expect(who, PAGE, what="the reply in windows that change")
    who.reset()


def zero_windows():
    """Who takes nothing is dropped when `timeout send` is over, however the reply ends, and its memory is free."""
    status.command("timeout send 3", "timeout idle 3")
    # These read no more than the beginning, those nothing at all.
    crowd, most = [], 0
    for number in range(240):
        path = ["/large", "/page"][number % 2]
        who = asking(path, fields=CLOSE if number % 4 < 2 else "", window=[2000, 0][number % 3 == 0])
        who.window = 0
        crowd.append(who)
        most = max(most, status.sockets()["mem"])
    # The window stays shut, each probe is answered, and it ends nevertheless, and so does what is left to the kernel.
    begin = time.monotonic()
    while status.count("connections") or status.sockets()["orphan"] or status.sockets()["mem"] >= most // 2:
        assert time.monotonic() - begin < status.HANG, f"still {status.count('connections')} connections, {status.sockets()}, had {most}"
        cable.drain()
        time.sleep(0.05)
    print(f"zero windows: {time.monotonic() - begin:.1f} s, {most} pages at most, then {status.sockets()}", flush=True)
    for who in crowd:
        who.send()
    crowd[0].wait(lambda: all(who.is_reset for who in crowd), "RST to all who take nothing")
    usual_timeouts()


def replies_nobody_reads():
    """Requests without end from who reads no reply: the server stops reading, and drops it."""
    status.command("timeout send 3")
    burst = get("/page") * 40
    crowd = [peer(mss=1460).connect() for _ in range(40)]
    for who in crowd:
        who.acknowledges = False
    for _ in range(100):
        for who in crowd:
            if who.sent - who.taken < 20000:
                who.send(burst[:1460], at=who.taken)
                who.sent = who.taken + 1460
        cable.drain()
    print("requests in streams nobody reads:", status.sockets(), flush=True)
    crowd[0].wait(lambda: all(who.is_reset for who in crowd), "RST to all who read nothing")
    usual_timeouts()


def handshakes_without_end():
    """Thousands who never finish their handshake, and those who do are served meanwhile."""
    # Nobody is remembered for long, not even those who are served meanwhile.
    for name, number in ("tcp_synack_retries", "1"), ("tcp_orphan_retries", "1"), ("tcp_max_tw_buckets", "0"):
        status.write(f"/proc/sys/net/ipv4/{name}", number)
    global connections
    served = multiprocessing.Value("i")
    others = multiprocessing.Process(target=honest_again, args=(served,), daemon=True)
    others.start()
    while served.value < 3:
        time.sleep(0.01)
    at_first, number, begin = served.value, 0, time.monotonic()
    # They come until some have been served meanwhile, however slow the machine is.
    while number < HANDSHAKES or served.value < at_first + 3:
        assert time.monotonic() - begin < status.HANG, f"{served.value - at_first} served while {number} others came"
        address, port = number % HANDSHAKES, 2000 + number // HANDSHAKES
        source = bytes((10, 10, 128 + address % 100, address // 100)), port
        cable.send(packet.packet(source, number * 65537, 0, SYN, 65535))
        connections += 1
        number += 1
        if number % 500 == 0:
            status.count("connections")
    count = served.value - at_first
    others.terminate()
    others.join()
    print("served during the flood:", count, flush=True)
    cable.drain()
    end = time.monotonic() + status.HANG
    while os.popen("ss -Htn state syn-recv").read():
        assert time.monotonic() < end, "handshakes stay"
        time.sleep(0.1)


def honest_again(served):
    """Asks again and again, on any processor."""
    os.sched_setaffinity(0, range(os.cpu_count()))
    while True:
        honest()
        served.value += 1


def noise():
    """Segments at random, near what would be right, in the middle of requests and replies."""
    request = get("/page")
    # What is left of them is closed soon.
    status.command("timeout idle 3", "timeout head 3", "timeout send 3")
    for _ in range(150):
        who = peer(mss=random.choice([48, 536, 1460]), window=random.choice([0, 1, 3000, 65535]))
        who.syn()
        for _ in range(random.randrange(30)):
            at = random.choice([who.sent, random.randrange(-5, 70), random.getrandbits(32)])
            data = random.choice([b"", request, request[max(at, 0) : random.randrange(40)], random.randbytes(random.randrange(100))])
            flags = random.choice([ACK, ACK, ACK | PSH, ACK | FIN, random.getrandbits(6)])
            who.window = random.choice([who.window, 0, random.getrandbits(16)])
            who.acknowledges = random.random() < 0.7
            who.emit(flags, at, data, wrong_sum=random.random() < 0.05)
            who.sent += random.choice([0, 0, len(data)])
            cable.drain()
        # What the server has had is answered by what it wants.
        who.emit(ACK, -10, b"x")
        cable.drain()
        who.reset()
    status.wait_for("connections", 0)
    usual_timeouts()


# What a connection is made of: few more may be left after each round. Other caches fill up.
SOCKETS = "TCP", "TCPv6", "request_sock_TCP", "request_sock_TCPv6"


def main():
    seed, *cases = sys.argv[1:]
    random.seed(seed)
    # What the kernel remembers of each address that there has been is no leak.
    status.write("/proc/sys/net/ipv4/tcp_no_metrics_save", "1")
    site()
    usual_timeouts()
    honest()
    # What is made once and for all is not counted.
    resets_in_requests()
    status.wait_for("connections", 0)
    gc.collect()

    def all_cases():
        begun = connections
        for case in cases:
            begin = time.monotonic()
            globals()[case]()
            status.wait_for("connections", 0)
            honest()
            print(f"{case}: {time.monotonic() - begin:.1f} s", flush=True)
        status.wait_for_sockets(orphan=0)
        return connections - begun

    lost = status.lost_in_each(all_cases, lambda name, count: 10 if name in SOCKETS else max(count // 20, 100))
    assert not lost, f"lost whenever the cases are run: {lost} objects"
    print(connections, "connections", flush=True)


cable = packet.Cable()
main()
