# SPDX-License-Identifier: GPL-2.0-only
"""Lets allocations fail, the first one, the second one, and so on until none fails any more:

    faults.py load MODULE      while the module is loaded
    faults.py commands         while commands are written to the control node
    faults.py nodes            while the nodes are opened, read and written
    faults.py serving SECONDS  at random, in functions that send, receive and accept
    faults.py sending          for three seconds in which TCP cannot send

Needs a kernel with CONFIG_FAULT_INJECTION (Documentation/fault-injection/fault-injection.rst)."""

import errno
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time

from fault_peers import all_accept, swallow
from fetching import LOST, PIPELINED, count_whole, fetch, fetch_pipelined
from injection import FAULTS, SHORT, chance, each, fail_in_workers, mark_workers, nth, prepare, put
from system_calls import DELETE_MODULE, FINIT_MODULE, system_call

NODE = '/dev/khttpd'
RELAY = '/dev/khttpd-relay'
LOG = '/dev/khttpd-log'
# Errors of opening a node while the module is loaded or unloaded.
GONE = {errno.ENOENT, errno.ENXIO, errno.ENODEV}


def log_size():
    return subprocess.run(['dmesg'], check=True, capture_output=True, text=True).stdout.count(
        'khttpd: '
    )


def open_for_ever():
    while True:
        for node in NODE, RELAY:
            try:
                os.close(os.open(node, os.O_RDWR))
            except OSError as e:
                # The relay has no peer.
                assert e.errno in GONE | SHORT | {errno.ECONNREFUSED}, (node, e)


def load(path):
    """A load succeeds or is undone, while a process opens the nodes as soon as they exist."""
    opener = multiprocessing.Process(target=open_for_ever, daemon=True)
    opener.start()
    module = os.open(path, os.O_RDONLY)

    def insert():
        system_call(FINIT_MODULE, module, b'', 0)

    def remove():
        for attempt in range(100):
            try:
                system_call(DELETE_MODULE, b'khttpd', 0)
                return
            except OSError:
                if attempt == 99:
                    raise
            time.sleep(0.1)

    def check(found):
        if found == 0:
            assert fetch('/')[0].startswith('HTTP/1.1 200 ')
            remove()
        with open('/proc/modules', encoding='ascii') as modules:
            assert 'khttpd' not in modules.read()
        assert not os.path.exists(NODE) and not os.path.exists(RELAY)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(('', 8080))
            listener.listen()

    # Allocations before the module's own code are those of the module loader. The first one of the
    # module is the first one that it reports.
    low, high = 1, 2

    def reached(n):
        before = log_size()
        found, _ = nth.during(n, insert)
        if found == 0:
            remove()
        return log_size() > before

    while not reached(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    print(f'allocations of the module loader: {high - 1}')
    each('insmod', insert, check, max(high - 5, 1))
    assert opener.is_alive()
    opener.kill()
    opener.join()
    subprocess.run(['insmod', path], check=True)
    assert fetch('/')[0].startswith('HTTP/1.1 200 ')


def settings():
    with open(NODE, encoding='utf-8') as node:
        return [line for line in node if not line.startswith('#')]


def write(text):
    """Writes a text; returns the reason if it is rejected, else an empty string."""
    node = os.open(NODE, os.O_RDWR)
    try:
        os.write(node, text.encode() + b'\n')
        return ''
    except OSError:
        return os.read(node, 4096).decode()
    finally:
        os.close(node)


def file(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as out:
        out.write(content)


def tree(root, name):
    """Makes a site with files of all kinds."""
    file(f'{root}/index.html', f'<title>{name}</title>'.encode() * 50)
    file(f'{root}/404.html', b'<title>not here</title>')
    file(f'{root}/style.css', b'body { color: black }\n' * 500)
    file(f'{root}/style.css.gz', b'not really compressed')
    file(f'{root}/large', name.encode() * 100_000)
    file(f'{root}/docs/a/b/c/d.txt', b'deep')
    file(f'{root}/docs/index.html', b'docs')
    file(f'{root}/same', name.encode() * 100_000)
    file(f'{root}/empty', b'')
    file(
        f'{root}/.khttpd',
        b'error 404 /404.html\nfield *.css X-Test: yes\ncache-control /docs/* no-store\n'
        b'redirect 301 /old /docs/\n',
    )


def commands():
    """A command succeeds, or is rejected for lack of memory and has no effect."""
    tree('/tmp/one', 'one')
    tree('/tmp/two', 'two')
    assert write('root /tmp/one\nlisten 127.0.0.1:7004 127.0.0.2:7004 127.0.0.1:7001') == ''
    one = fetch('/')
    peer = socket.create_server(('127.0.0.1', 2001), backlog=4096)
    threading.Thread(target=swallow, args=(peer,), daemon=True).start()
    cases = [
        ('help', ''),
        ('timeout idle 77\nhelp', 'timeout idle 75'),
        ('max-connections 77', 'max-connections 65536'),
        ('max-old-sites 7', 'max-old-sites 2'),
        ('max-head-bytes 32768', 'max-head-bytes 8192'),
        ('if-modified-since before', 'if-modified-since exact'),
        ('merge-slashes off', 'merge-slashes on'),
        # A large buffer would have hundreds of allocations.
        ('log-buffer 65536', 'log-buffer 1048576'),
        (
            'log-buffer 65536\nlog json\nlog off for example.org',
            'log off\nlog-buffer 1048576',
        ),
        ('client-address X-Real-IP from 127.0.0.0/8', 'client-address off'),
        ('min-rate 77', 'min-rate 500'),
        ('begin\ntimeout idle 77\ncommit', 'timeout idle 75'),
        ('relay 127.0.0.1:7', 'relay 127.0.0.1:2001'),
        ('reset counters', ''),
        ('start', ''),
        ('listen 127.0.0.1:7002 [::1]:7003', 'unlisten 127.0.0.1:7002 [::1]:7003'),
        ('unlisten 127.0.0.1:7001', 'listen 127.0.0.1:7001'),
        ('tls-agent 7\nlisten [::1]:7003 tls', 'unlisten [::1]:7003\ntls-agent off'),
        (
            'unlisten 127.0.0.1:7004 127.0.0.2:7004\nlisten 0.0.0.0:7004',
            'unlisten 0.0.0.0:7004 127.0.0.1:7001\nlisten 127.0.0.1:7004 127.0.0.2:7004 127.0.0.1:7001',
        ),
        ('stop', 'start'),
        ('reload', ''),
        (
            'error 404 /404.html\nfield * X-Other: yes\nmetrics /status\nredirect 302 /x /y',
            'clear\nroot /tmp/one',
        ),
        ('autoindex yes\nwatch yes', 'clear\nroot /tmp/one'),
        ('root /tmp/two', 'root /tmp/one'),
        ('root /tmp/two for https://*\nroot /tmp/one for *.example.org', 'clear\nroot /tmp/one'),
        ('clear', 'root /tmp/one'),
        ('send 127.0.0.1:2001 hello', ''),
    ]
    if can_compress():
        cases.append(('compress *', 'clear\nroot /tmp/one'))
    before = settings()
    for text, undo in cases:
        node = os.open(NODE, os.O_RDWR)

        def check(found, node=node, text=text, undo=undo):
            if found:
                said = os.read(node, 4096).decode()
                # Only one allocation fails, so that there is memory for the reason.
                assert said.startswith(
                    ('not enough memory', 'line ', 'too many open files', 'listen ')
                ), (text, said)
            elif undo:
                assert write(undo) == ''
            assert settings() == before, (text, settings())
            assert fetch('/') == one or found == 0, text
            if '7004' in text:
                all_accept('127.0.0.1', '127.0.0.2')

        each(
            text.split('\n', maxsplit=1)[0],
            lambda node=node, text=text: os.write(node, text.encode() + b'\n'),
            check,
        )
        os.close(node)
    assert fetch('/')[1] == one[1]


def can_compress():
    """Returns whether the kernel has zlib and zstd for rules that compress files."""
    with open('/proc/kallsyms', encoding='ascii') as symbols:
        names = {line.split()[2] for line in symbols}
    return {'zlib_deflate', 'zstd_compress_stream'} <= names


def nodes():
    """Opening, reading, writing and closing a node succeed or report an error."""
    peer = socket.create_server(('127.0.0.1', 2001), backlog=4096)
    threading.Thread(target=swallow, args=(peer,), daemon=True).start()

    def read():
        node = os.open(NODE, os.O_RDONLY)
        try:
            while os.read(node, 1000):
                pass
        finally:
            os.close(node)

    def unfinished():
        node = os.open(NODE, os.O_WRONLY)
        try:
            os.write(node, b'timeout idle 75')
        finally:
            os.close(node)

    def relay():
        node = os.open(RELAY, os.O_RDWR)
        try:
            sent = 0
            while sent < 100_000:
                sent += os.write(node, bytes(100_000 - sent))
            os.fsync(node)
        finally:
            os.close(node)

    def log():
        os.close(os.open(LOG, os.O_RDONLY))

    before = settings()

    def check(_):
        assert settings() == before

    each('cat /dev/khttpd', read, check)
    each('echo -n timeout > /dev/khttpd', unfinished, check)
    each('cat > /dev/khttpd-relay', relay, check)
    each('true < /dev/khttpd-log', log, check)


def serving(seconds):
    """Responses are complete and correct, or truncated. With enough memory all are complete."""
    content = random.randbytes(300_000)
    file('/tmp/one/index.html', content[:600])
    file('/tmp/one/large', content)
    assert write('root /tmp/one') == ''
    blocks = ','.join(f'{at}-{at + 999}' for at in range(0, 200_000, 2000))
    ranges = f'Range: bytes={blocks}\r\n'
    cases = [
        ('/', '', 200, content[:600]),
        ('/large', '', 200, content),
        ('/large', ranges, 206, fetch('/large', fields=ranges)[1]),
    ]
    end = time.monotonic() + seconds
    whole, broken, whose = 0, {'softirq': 0, 'workers': 0}, 'softirq'

    def client():
        nonlocal whole
        while time.monotonic() < end:
            for path, fields, status, expected in cases:
                try:
                    head, body = fetch(path, limit=LOST, fields=fields)
                except OSError:
                    broken[whose] += 1
                    continue
                if not head.startswith(f'HTTP/1.1 {status} ') or len(body) < len(expected):
                    # A 503 also reports a lack of memory.
                    assert not head or re.match(f'HTTP/1.1 ({status}|5..) ', head), head
                    assert not head.startswith('HTTP/1.1 2') or expected.startswith(body)
                    broken[whose] += 1
                    continue
                assert body == expected, path
                whole += 1
            try:
                complete = count_whole(fetch_pipelined(), content[:600])
            except OSError:
                complete = 0
            whole += complete
            broken[whose] += complete < PIPELINED

    failures = []

    def guarded():
        try:
            client()
        except BaseException as e:  # pylint: disable=broad-except
            failures.append(repr(e))
            raise

    threads = [threading.Thread(target=guarded) for _ in range(8)]
    for thread in threads:
        thread.start()
    # First in softirq, then in workqueue threads, which may wait for memory.
    chance('5')
    time.sleep(seconds / 2)
    chance('0')
    fail_in_workers('Y')
    whose = 'workers'
    # A connection is given up when memory is short twice in a row.
    chance('20')
    while time.monotonic() < end:
        assert mark_workers() > 0
        time.sleep(0.5)
    chance('0')
    fail_in_workers('N')
    for thread in threads:
        thread.join()
    assert not failures, failures
    print(f'{whole} complete responses, truncated or failed: {broken}')
    assert whole > 0 and all(
        broken.values()
    ), 'no response was complete, or no allocation has failed'
    for path, fields, _, expected in cases:
        assert fetch(path, fields=fields)[1] == expected
    for _ in range(600):
        with open(NODE, encoding='utf-8') as node:
            if '# connections 0\n' in node.read():
                return
        time.sleep(0.1)
    raise AssertionError('connections are left')


def count(name):
    with open(NODE, encoding='utf-8') as node:
        return next(int(line.split()[2]) for line in node if line.startswith(f'# {name} '))


def sending():
    """A response waits for memory without requeueing the worker, and is sent when there is some."""
    import packet  # pylint: disable=import-outside-toplevel

    peer = packet.Peer(packet.Cable()).connect()
    # Only the socket buffers of TCP fail: the frames of the test use others.
    put('/sys/kernel/slab/skbuff_fclone_cache/failslab', '1')
    put(FAULTS.format('failslab', 'cache-filter'), 'Y')
    before = count('deferred-owned')
    chance('100')
    peer.send(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    time.sleep(3)
    assert not peer.cable.listen(0) or not peer.stream, 'the response was sent'
    chance('0')
    turns = count('deferred-owned') - before
    peer.wait(lambda: b'HTTP/1.1 200 ' in peer.stream, 'the response')
    print(f'{turns} worker runs without memory')
    assert turns < 20, turns


match sys.argv[1:]:
    case ['load', module]:
        prepare(True)
        load(module)
    case ['commands']:
        prepare(True)
        commands()
    case ['nodes']:
        prepare(True)
        nodes()
    case ['serving', seconds]:
        prepare(False)
        serving(float(seconds))
    case ['sending']:
        prepare(False)
        sending()
    case _:
        sys.exit(__doc__)
