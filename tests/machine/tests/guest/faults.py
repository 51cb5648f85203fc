# SPDX-License-Identifier: GPL-2.0-only
"""Lets the kernel's memory fail, at the first allocation, at the second, and so on until nothing fails any more:

    faults.py load MODULE      while the module is loaded
    faults.py commands         while commands are written to the control node
    faults.py nodes            while the nodes are opened, read and written
    faults.py serving SECONDS  by chance, in whatever sends, receives and accepts
    faults.py sending          for three seconds in which nobody can send

Needs a kernel with CONFIG_FAULT_INJECTION (Documentation/fault-injection/fault-injection.rst)."""

import ctypes
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

NODE = '/dev/khttpd'
RELAY = '/dev/khttpd-relay'
FAULTS = '/sys/kernel/debug/{}/{}'

# What the kernel calls a lack of memory: ENFILE if it is for a socket, EADDRINUSE if it is for a port (inet_csk_get_port).
SHORT = {errno.ENOMEM, errno.ENFILE, errno.ENOBUFS, errno.EADDRINUSE}

# What the kernel says of a node whose module is not there, not yet or not any more.
GONE = {errno.ENOENT, errno.ENXIO, errno.ENODEV}

libc = ctypes.CDLL(None, use_errno=True)
SYS_FINIT_MODULE, SYS_DELETE_MODULE = 313, 176


def put(path, text):
    with open(path, 'w', encoding='ascii') as file:
        file.write(text)


def prepare(waiting):
    """All kinds of allocations may fail: those that may wait for memory, too, if `waiting`."""
    if not os.path.ismount('/sys/kernel/debug'):
        subprocess.run(['mount', '-t', 'debugfs', 'debugfs', '/sys/kernel/debug'], check=True)
    for kind in 'failslab', 'fail_page_alloc':
        put(FAULTS.format(kind, 'ignore-gfp-wait'), 'N' if waiting else 'Y')
        put(FAULTS.format(kind, 'verbose'), '0')
    put(FAULTS.format('fail_page_alloc', 'ignore-gfp-highmem'), 'N')
    put(FAULTS.format('fail_page_alloc', 'min-order'), '0')


class Nth:
    """The nth allocation of this thread fails."""

    def __init__(self):
        self.file = os.open('/proc/thread-self/fail-nth', os.O_RDWR)

    def during(self, n, action):
        """The error number of `action`, or 0, and whether anything has failed on purpose."""
        os.pwrite(self.file, b'%d' % n, 0)
        try:
            action()
            found = 0
        except OSError as e:
            found = e.errno
        left = int(os.pread(self.file, 20, 0))
        os.pwrite(self.file, b'0', 0)
        return found, left == 0


nth = Nth()


def each(what, action, check, begin=1):
    """Does `action` until it is done without a failure; `check` looks at what each attempt has left behind."""
    n, refused = begin, 0
    while True:
        found, injected = nth.during(n, action)
        assert found == 0 or (injected and found in SHORT), (what, n, errno.errorcode.get(found, found))
        check(found)
        if not injected:
            break
        refused += found != 0
        n += 1
    assert n > begin, f'{what}: no allocation has failed'
    print(f'{what}: {n - begin} allocations failed, {refused} times it was refused', flush=True)


def log_size():
    return subprocess.run(['dmesg'], check=True, capture_output=True, text=True).stdout.count('khttpd: ')


def open_for_ever():
    while True:
        for node in NODE, RELAY:
            try:
                os.close(os.open(node, os.O_RDWR))
            except OSError as e:
                # The relay finds nobody to connect to.
                assert e.errno in GONE | SHORT | {errno.ECONNREFUSED}, (node, e)


def load(path):
    """Whether it is loaded or not, nothing is left of it, though somebody opens the nodes as soon as they are there."""
    opener = multiprocessing.Process(target=open_for_ever, daemon=True)
    opener.start()
    module = os.open(path, os.O_RDONLY)

    def insert():
        if libc.syscall(SYS_FINIT_MODULE, module, b'', 0):
            raise OSError(ctypes.get_errno(), 'finit_module')

    def remove():
        for _ in range(100):
            if not libc.syscall(SYS_DELETE_MODULE, b'khttpd', 0):
                return
            time.sleep(0.1)
        raise OSError(ctypes.get_errno(), 'delete_module')

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

    # What fails before the module's own code runs is the module loader's affair: the first that is the module's is that
    # which it complains of.
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


def fetch(path, host='localhost'):
    """The head, but for the time, and the body of a reply."""
    with socket.create_connection(('127.0.0.1', 8080), 60) as peer:
        peer.sendall(f'GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n'.encode())
        pieces = []
        while piece := peer.recv(1 << 16):
            pieces.append(piece)
    head, _, body = b''.join(pieces).partition(b'\r\n\r\n')
    return re.sub('Date: .*', '', head.decode(errors='replace')), body


def settings():
    with open(NODE, encoding='utf-8') as node:
        return [line for line in node if not line.startswith('#')]


def write(text):
    """What is read after a write that is refused, or nothing."""
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
    """A site with a bit of everything."""
    file(f'{root}/index.html', f'<title>{name}</title>'.encode() * 50)
    file(f'{root}/404.html', b'<title>not here</title>')
    file(f'{root}/style.css', b'body { color: black }\n' * 500)
    file(f'{root}/style.css.gz', b'not really compressed')
    file(f'{root}/large', name.encode() * 100_000)
    file(f'{root}/docs/a/b/c/d.txt', b'deep')
    file(f'{root}/docs/index.html', b'docs')
    file(f'{root}/same', name.encode() * 100_000)
    file(f'{root}/empty', b'')
    file(f'{root}/.khttpd', b'error 404 /404.html\nfield *.css X-Test: yes\ncache-control /docs/* no-store\n'
                            b'redirect 301 /old /docs/\n')


def commands():
    """A command is carried out, or refused for want of memory, and then nothing has changed."""
    tree('/tmp/one', 'one')
    tree('/tmp/two', 'two')
    assert write('root /tmp/one\nlisten 127.0.0.1:7004 127.0.0.2:7004 127.0.0.1:7001') == ''
    one = fetch('/')
    peer = socket.create_server(('127.0.0.1', 2001), backlog=4096)
    threading.Thread(target=swallow, args=(peer,), daemon=True).start()
    cases = [
        ('help', ''),
        ('timeout idle 77\nhelp', 'timeout idle 60'),
        ('max-connections 77', 'max-connections 65536'),
        ('relay 127.0.0.1:7', 'relay 127.0.0.1:2001'),
        ('reset counters', ''),
        ('start', ''),
        ('listen 127.0.0.1:7002 [::1]:7003', 'unlisten 127.0.0.1:7002 [::1]:7003'),
        ('unlisten 127.0.0.1:7001', 'listen 127.0.0.1:7001'),
        ('unlisten 127.0.0.1:7004 127.0.0.2:7004\nlisten 0.0.0.0:7004',
         'unlisten 0.0.0.0:7004 127.0.0.1:7001\nlisten 127.0.0.1:7004 127.0.0.2:7004 127.0.0.1:7001'),
        ('stop', 'start'),
        ('reload', ''),
        ('error 404 /404.html\nfield * X-Other: yes\nstatus-page /status\nredirect 302 /x /y',
         'clear\nroot /tmp/one'),
        ('root /tmp/two', 'root /tmp/one'),
        ('root /tmp/two for example.org\nroot /tmp/one for *.example.org', 'clear\nroot /tmp/one'),
        ('clear', 'root /tmp/one'),
        ('send 127.0.0.1:2001 hello', ''),
    ]
    before = settings()
    for text, undo in cases:
        node = os.open(NODE, os.O_RDWR)

        def check(found, node=node, text=text, undo=undo):
            if found:
                said = os.read(node, 4096).decode()
                # A second lack of memory would be needed for it to say nothing; then it shows the state.
                assert said.startswith(('not enough memory', 'line ', 'too many open files', 'listen ')), (text, said)
            elif undo:
                assert write(undo) == ''
            assert settings() == before, (text, settings())
            assert fetch('/') == one or found == 0, text
            if '7004' in text:
                all_accept('127.0.0.1', '127.0.0.2')

        each(text.split('\n', maxsplit=1)[0], lambda node=node, text=text: os.write(node, text.encode() + b'\n'), check)
        os.close(node)
    assert fetch('/')[1] == one[1]


def all_accept(*addresses):
    """Nobody has to wait until the server looks around, once a second, for those who were not heard."""
    for address in addresses:
        begin = time.monotonic()
        for _ in range(4):
            with socket.create_connection((address, 7004), 10) as peer:
                peer.sendall(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
                assert peer.recv(9) == b'HTTP/1.1 '
        took = time.monotonic() - begin
        assert took < 2, f'{address} has taken {took} s to accept four'


def swallow(listener):
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=drain, args=(peer,), daemon=True).start()


def drain(peer):
    with peer:
        while peer.recv(1 << 16):
            pass


def nodes():
    """Nodes are opened, read, written and closed, or the caller is told why not."""
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
            os.write(node, b'timeout idle 60')
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

    before = settings()

    def check(_):
        assert settings() == before

    each('cat /dev/khttpd', read, check)
    each('echo -n timeout > /dev/khttpd', unfinished, check)
    each('cat > /dev/khttpd-relay', relay, check)


def serving(seconds):
    """Replies are whole and right, or break off; none is lost once there is memory again."""
    content = random.randbytes(300_000)
    file('/tmp/one/index.html', content[:600])
    file('/tmp/one/large', content)
    assert write('root /tmp/one') == ''
    end = time.monotonic() + seconds
    whole, broken, whose = 0, {'softirq': 0, 'workers': 0}, 'softirq'

    def client():
        nonlocal whole
        while time.monotonic() < end:
            for path, expected in ('/', content[:600]), ('/large', content):
                try:
                    head, body = fetch(path)
                except OSError:
                    broken[whose] += 1
                    continue
                if not head.startswith('HTTP/1.1 200 ') or len(body) < len(expected):
                    # 503 is an answer to a lack of memory, too.
                    assert not head or re.match('HTTP/1.1 (200|5..) ', head), head
                    assert not head.startswith('HTTP/1.1 200') or expected.startswith(body)
                    broken[whose] += 1
                    continue
                assert body == expected, path
                whole += 1

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
    # First in softirq, then in the threads of the work queues, which may wait for memory.
    chance('5')
    time.sleep(seconds / 2)
    chance('0')
    of_workers('Y')
    whose = 'workers'
    chance('5')
    while time.monotonic() < end:
        assert mark_workers() > 0
        time.sleep(0.5)
    chance('0')
    of_workers('N')
    for thread in threads:
        thread.join()
    assert not failures, failures
    print(f'{whole} replies, and broken off while memory failed {broken}')
    assert whole > 0 and all(broken.values()), 'nobody was served, or nothing has failed'
    for path, expected in ('/', content[:600]), ('/large', content):
        assert fetch(path)[1] == expected
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
    """A reply that finds no memory waits for it in peace, and comes when there is some."""
    import packet  # pylint: disable=import-outside-toplevel
    peer = packet.Peer(packet.Cable()).connect()
    # What TCP sends with, and no other: our own frames do without.
    put('/sys/kernel/slab/skbuff_fclone_cache/failslab', '1')
    put(FAULTS.format('failslab', 'cache-filter'), 'Y')
    before = count('deferred-owned')
    chance('100')
    peer.send(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    time.sleep(3)
    assert not peer.cable.listen(0) or not peer.stream, 'it was sent all the same'
    chance('0')
    turns = count('deferred-owned') - before
    peer.wait(lambda: b'HTTP/1.1 200 ' in peer.stream, 'the reply')
    print(f'{turns} turns in vain')
    assert turns < 20, turns


def chance(percent):
    for kind in 'failslab', 'fail_page_alloc':
        put(FAULTS.format(kind, 'times'), '-1')
        put(FAULTS.format(kind, 'probability'), percent)


def of_workers(only):
    prepare(only == 'Y')
    for kind in 'failslab', 'fail_page_alloc':
        put(FAULTS.format(kind, 'task-filter'), only)


def mark_workers():
    """How many there are, in whom memory may fail from now on."""
    count = 0
    for task in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{task}/comm', encoding='ascii') as comm:
                if comm.read().startswith('kworker'):
                    put(f'/proc/{task}/make-it-fail', '1')
                    count += 1
        except (FileNotFoundError, ProcessLookupError):
            pass  # It has ended.
    return count


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
