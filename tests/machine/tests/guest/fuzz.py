# SPDX-License-Identifier: GPL-2.0-only
"""Random commands and system calls, in a network namespace of its own: fuzz.py SEED SECONDS

A rejected command has no effect and a reason. After an accepted one the state can be read and
written back. Prints counts."""

import collections
import errno
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from interruptible import CONTROL, PEER, SITE, Interrupted, close, counts, interrupt, within
from syscalls import odd

COMMANDS = f"""listen 80 [::1]:81 127.0.0.1:82
listen 127.0.0.1:443 tls
tls-agent 8443 uid 0
tls-agent off
unlisten 80
unlisten
start
stop
max-connections 5
max-old-sites 0
max-head-bytes 16384
if-modified-since before
merge-slashes off
log combined
log json for *.example.org
log-buffer 65536
client-address X-Forwarded-For from 10.0.0.0/8
min-rate 5
timeout idle 60
timeout stop 86400
root {SITE}
root {SITE}/dir for *.example.org
root {SITE}/dir for http://*
root built-in for https://a.example
root built-in for a.example
reload
clear
error 404 /404.html
fallback /app/* /hello.txt except /app/assets/* *.map
hand-over *.cgi 8000 always
hand-over /app/* [::1]:8000
no-hand-over *.cgi
cache-control *.css max-age=31536000
field /dir/* X-Robots-Tag: noindex
field * always X-Frame-Options: DENY
media-type *.bin application/wasm
redirect 301 /old /hello.txt
redirect 308 /blog/* https://blog.example.org/ except /blog/feed/*
redirect 302 /to/* https://www.$host$path?$query
index index.html default.htm
try-suffix .txt .html
autoindex yes
exclude *.bak
compress *.txt
trailing-slash serve
metrics /status
follow-links yes
hidden-files yes
cross-mounts no
when-busy skip
watch yes
perm-required 0004
perm-forbid 0111
max-site-bytes 8388608
max-file-bytes 1048576
max-entries 1000
relay 127.0.0.1:2001
send 127.0.0.1:2001 a text
reset counters
begin
commit
help
# a comment""".encode().split(b'\n')

WORDS = [
    b' ',
    b'\t',
    b'\n',
    b'\r\n',
    b'\r',
    b'\0',
    b'#',
    b';',
    b'*',
    b'/',
    b'//',
    b'..',
    b'/../',
    b'%',
    b'%20',
    b'%00',
    b'%zz',
    b':',
    b'[',
    b']',
    b'::',
    b'0',
    b'1',
    b'-1',
    b'65535',
    b'65536',
    b'4294967295',
    b'4294967296',
    b'18446744073709551615',
    b'18446744073709551616',
    b'0777',
    b'yes',
    b'no',
    b'for',
    b'tls',
    b'uid',
    b'off',
    b'serve',
    b'built-in',
    b'404',
    b'200',
    b'\x7f',
    b'\x80',
    b'\xc3\xa9',
    b'\xff',
    b'a' * 300,
    b'/tmp',
    b'/missing',
    b'/srv',
    b'/proc',
    b'/dev',
    b'"',
    b'\\',
    b'%s%n',
    b'{}',
    b'[::1%1]',
    b'127.0.0.1:1',
    b'text/plain',
    b'X: y',
    b'HTTP/1.1',
]
# The numbers that only commands change.
LASTING = ('listeners', 'entries', 'skipped', 'memory')


def state():
    """Returns the settings, and the numbers that only commands change."""
    with open(CONTROL, encoding='utf-8') as node:
        text = node.read()
    assert text.startswith('# khttpd ') and text.endswith('\n'), text
    lines = text.splitlines()
    return [line for line in lines if not line.startswith('#') or line.split()[1] in LASTING]


def mutated(rng, text):
    text = bytearray(text)
    for _ in range(rng.randint(0, 4)):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.randint(1, 10))
        match rng.randrange(7):
            case 0 if at < len(text):
                text[at] ^= 1 << rng.randrange(8)
            case 1:
                del text[at:end]
            case 2:
                text[at:at] = text[at:end] * rng.choice([1, 2, 100])
            case 3 | 4:
                text[at:at] = rng.choice(WORDS)
            case 5:
                text[at:end] = rng.choice(WORDS)
            case _:
                text[at:] = rng.choice(COMMANDS)
    return bytes(text)


def lines(rng):
    chosen = [rng.choice(COMMANDS) for _ in range(rng.choice([1, 1, 1, 2, 3, 10]))]
    text = b'\n'.join(mutated(rng, line) if rng.random() < 0.7 else line for line in chosen)
    if rng.random() < 0.01:
        text = (text + b'\n') * (140000 // (len(text) + 1) + 1)
    return text + rng.choice([b'\n', b'\n', b'\n', b''])


def write(node, pieces):
    for piece in pieces:
        assert os.write(node, piece) == len(piece), 'a part of a write'


def cut(rng, text):
    """Divides a text into one or two writes."""
    at = rng.choice([0, rng.randint(0, len(text))])
    return [piece for piece in (text[:at], text[at:]) if piece]


def commands(rng, end):
    now = state()
    while time.monotonic() < end:
        text = lines(rng)
        pieces = cut(rng, text)
        node = os.open(CONTROL, os.O_RDWR)
        try:
            within(write, node, pieces)
            error = 0
            if text.endswith(b'\n'):
                answer = os.read(node, 1 << 20)
                assert not answer or answer.startswith(b'# '), answer
            within(os.close, node)
        except Interrupted:
            error = errno.EINTR
            close(node)
        except OSError as e:
            error = e.errno
            # A failed close has closed the node.
            if is_open(node):
                check_reason(os.read(node, 1 << 20), text, error)
                close(node)
        after = state()
        if error:
            counts['refused'] += 1
            counts[errno.errorcode.get(error, error)] += 1
            assert error in errno.errorcode and error not in (
                errno.EFAULT,
                errno.EIO,
                errno.ENOMEM,
            ), (text, error)
            # Complete lines of an earlier write, or before `begin`, may have been executed.
            at_once = len(pieces) == 1 and (text.endswith(b'\n') or b'\n' not in text)
            at_once = at_once and b'begin' not in text and b'commit' not in text
            assert after == now or not at_once or error == errno.EINTR, (text, error, now, after)
        else:
            counts['accepted'] += 1
            if rng.random() < 0.1:
                again(after, text)
        now = after
        if rng.random() < 0.05:
            # Restores a state in which the next commands can fail for other reasons.
            node = os.open(CONTROL, os.O_WRONLY)
            os.write(
                node,
                f'clear\nroot {SITE}\nunlisten\nmax-site-bytes 8388608\nmax-entries 1000\nstart\n'.encode(),
            )
            os.close(node)
            now = state()


def again(now, text):
    """Writing what was read changes nothing."""
    node = os.open(CONTROL, os.O_RDWR)
    try:
        whole = '\n'.join(line for line in now if not line.startswith('#')) + '\n'
        os.write(node, whole.encode())
    except OSError as e:
        raise AssertionError((text, whole, os.read(node, 1000))) from e
    finally:
        os.close(node)
    after = state()
    assert [line for line in after if '# memory' not in line] == [
        line for line in now if '# memory' not in line
    ], (text, now, after)
    counts['written-back'] += 1


def check_reason(reason, text, error):
    assert reason.endswith(b'\n') and len(reason) < 200000, (text, error, reason)
    # A file name may have any characters.
    controls = set(range(32)) | set(range(127, 160))
    assert not controls & set(map(ord, reason[:-1].decode())) - {9}, (text, error, reason)


def is_open(node):
    try:
        os.fstat(node)
        return True
    except OSError:
        return False


def peer():
    """A peer for the relay and `send`, which echoes a part of what it receives."""

    def answer(connection):
        try:
            while heard := connection.recv(65536):
                connection.sendall(heard[:1000])
        except OSError:
            pass
        connection.close()

    server = socket.create_server(PEER, backlog=100)
    while True:
        threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()


def run(results, function, seed, end):
    signal.signal(signal.SIGALRM, interrupt)
    try:
        function(random.Random(seed), end)
        results.put((True, dict(counts)))
    except BaseException as e:
        results.put((False, f'{function.__name__}: {e!r}'))
        raise


def check_help():
    """Asserts that COMMANDS has all commands that `help` lists."""
    node = os.open(CONTROL, os.O_RDWR)
    os.write(node, b'help\n')
    listed = {line.split()[1] for line in os.read(node, 1 << 20).decode().splitlines()}
    os.close(node)
    known = {line.split()[0].decode() for line in COMMANDS}
    assert listed == known - {'#'}, listed ^ known


def main():
    seed, seconds = sys.argv[1], float(sys.argv[2])
    os.unshare(os.CLONE_NEWNET)
    subprocess.run('ip link set lo up'.split(), check=True)
    multiprocessing.Process(target=peer, daemon=True).start()
    check_help()
    results = multiprocessing.SimpleQueue()
    end = time.monotonic() + seconds
    tasks = [
        multiprocessing.Process(
            target=run, args=(results, function, f'{seed} {function.__name__}', end)
        )
        for function in (commands, odd)
    ]
    for task in tasks:
        task.start()
    total = collections.Counter()
    right = True
    for _ in tasks:
        fine, told = results.get()
        right = right and fine
        if fine:
            total.update(told)
        else:
            print(told)
    for task in tasks:
        task.join()
    print(' '.join(f'{name}={count}' for name, count in sorted(total.items())))
    sys.exit(not right)


main()
