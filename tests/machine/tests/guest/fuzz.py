# SPDX-License-Identifier: GPL-2.0-only
"""Commands and system calls made by chance, in a network namespace of its own:  fuzz.py SEED SECONDS

What is refused changes nothing and says why, what is carried out can be read and written back. Prints counts."""
import collections
import ctypes
import errno
import fcntl
import mmap
import multiprocessing
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time

CONTROL = '/dev/khttpd'
RELAY = '/dev/khttpd-relay'
SITE = '/srv/site'
PEER = ('127.0.0.1', 2001)
# A call that takes longer is interrupted: what it loads may be half of the machine, and who it connects to silent.
LIMIT = 2
# No call on the control node that commands nothing takes so long, in seconds, however slow the machine is.
PATIENCE = 600
counts = collections.Counter()
libc = ctypes.CDLL(None, use_errno=True)

COMMANDS = f"""listen 80 [::1]:81 127.0.0.1:82
unlisten 80
unlisten
start
stop
max-connections 5
timeout idle 60
timeout stop 86400
root {SITE}
root {SITE}/dir for *.example.org
root built-in for a.example
reload
clear
error 404 /404.html
fallback /app/* /hello.txt
cache-control *.css max-age=31536000
field /dir/* X-Robots-Tag: noindex
media-type *.bin application/wasm
redirect 301 /old /hello.txt
redirect 308 /blog/* https://blog.example.org/
trailing-slash serve
status-page /status
follow-links yes
hidden-files yes
cross-mounts no
perm-required 0004
perm-forbid 0111
max-site-bytes 8388608
max-file-bytes 1048576
max-entries 1000
relay 127.0.0.1:2001
send 127.0.0.1:2001 a text
reset counters
help
# a comment""".encode().split(b'\n')

WORDS = [b' ', b'\t', b'\n', b'\r\n', b'\r', b'\0', b'#', b';', b'*', b'/', b'//', b'..', b'/../', b'%', b'%20', b'%00', b'%zz', b':', b'[', b']',
         b'::', b'0', b'1', b'-1', b'65535', b'65536', b'4294967295', b'4294967296', b'18446744073709551615', b'18446744073709551616', b'0777',
         b'yes', b'no', b'for', b'serve', b'built-in', b'404', b'200', b'\x7f', b'\x80', b'\xc3\xa9', b'\xff', b'a' * 300, b'/tmp', b'/missing',
         b'/srv', b'/proc', b'/dev', b'"', b'\\', b'%s%n', b'{}', b'[::1%1]', b'127.0.0.1:1', b'text/plain', b'X: y', b'HTTP/1.1']
# What a state has that nobody changes but by commands.
LASTING = ('listeners', 'entries', 'skipped', 'memory')


class Interrupted(Exception):
    """It took too long."""


def interrupt(*_):
    raise Interrupted


def within(function, *arguments, limit=LIMIT):
    """What the function returns, unless it takes too long."""
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def state():
    """What is set, and what follows from it."""
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
    """The same in one or two writes."""
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
            # The close of a node fails, and it is closed.
            if is_open(node):
                check_reason(os.read(node, 1 << 20), text, error)
                close(node)
        after = state()
        if error:
            counts['refused'] += 1
            counts[errno.errorcode.get(error, error)] += 1
            assert error in errno.errorcode and error not in (errno.EFAULT, errno.EIO, errno.ENOMEM), (text, error)
            # What is written or complete first may have been carried out.
            at_once = len(pieces) == 1 and (text.endswith(b'\n') or b'\n' not in text)
            assert after == now or not at_once or error == errno.EINTR, (text, error, now, after)
        else:
            counts['accepted'] += 1
            if rng.random() < 0.1:
                again(after, text)
        now = after
        if rng.random() < 0.05:
            # Back to where something can be refused for other reasons than the last.
            node = os.open(CONTROL, os.O_WRONLY)
            os.write(node, f'clear\nroot {SITE}\nunlisten\nmax-site-bytes 8388608\nmax-entries 1000\nstart\n'.encode())
            os.close(node)
            now = state()


def again(now, text):
    """What was read is written, and changes nothing."""
    node = os.open(CONTROL, os.O_RDWR)
    try:
        whole = '\n'.join(line for line in now if not line.startswith('#')) + '\n'
        os.write(node, whole.encode())
    except OSError as e:
        raise AssertionError((text, whole, os.read(node, 1000))) from e
    finally:
        os.close(node)
    after = state()
    assert [line for line in after if '# memory' not in line] == [line for line in now if '# memory' not in line], (text, now, after)
    counts['written-back'] += 1


def check_reason(reason, text, error):
    assert reason.endswith(b'\n') and len(reason) < 200000, (text, error, reason)
    # Names of files may be in any language.
    controls = set(range(32)) | set(range(127, 160))
    assert not controls & set(map(ord, reason[:-1].decode())) - {9}, (text, error, reason)


def is_open(node):
    try:
        os.fstat(node)
        return True
    except OSError:
        return False


def close(node):
    """A close that may fail; the node is closed then, too."""
    try:
        within(os.close, node)
    except (OSError, Interrupted):
        pass


# System calls that nobody expects, on both nodes.

def far():
    """An address where nothing is."""
    return ctypes.c_void_p(random.choice([0, 1, 0xdead000, -4096, 1 << 47]))


def raw(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        raise OSError(ctypes.get_errno(), '')


ODD = {
    'read nowhere': lambda rng, node: raw(0, node, far(), ctypes.c_size_t(rng.choice([0, 1, 4096, 1 << 62]))),
    'write from nowhere': lambda rng, node: raw(1, node, far(), ctypes.c_size_t(rng.choice([0, 1, 4096, 200000, 1 << 62]))),
    'ioctl': lambda rng, node: fcntl.ioctl(node, rng.getrandbits(32), bytes(64)),
    'lseek': lambda rng, node: os.lseek(node, rng.choice([0, 5, -1, 1 << 62]), rng.randrange(5)),
    'pread': lambda rng, node: os.pread(node, 100, rng.choice([0, 100, 1 << 62])),
    'pwrite': lambda rng, node: os.pwrite(node, b'# x\n', rng.choice([0, 100, 1 << 62])),
    'readv': lambda rng, node: os.readv(node, [bytearray(rng.randrange(100)) for _ in range(rng.randrange(1, 200))]),
    'writev': lambda rng, node: os.writev(node, [b'# x', b'', b'yz', b'\n'] * rng.randrange(1, 100)),
    'mmap': lambda rng, node: mmap.mmap(node, 4096),
    'truncate': lambda rng, node: os.ftruncate(node, rng.choice([0, 1 << 40])),
    'allocate': lambda rng, node: os.posix_fallocate(node, 0, 4096),
    'sync': lambda rng, node: os.fsync(node),
    'advise': lambda rng, node: os.posix_fadvise(node, 0, 0, rng.randrange(6)),
    'lock': lambda rng, node: fcntl.flock(node, rng.choice([fcntl.LOCK_EX, fcntl.LOCK_UN]) | fcntl.LOCK_NB),
    'lease': lambda rng, node: fcntl.fcntl(node, fcntl.F_SETLEASE, fcntl.F_WRLCK),
    'flags': lambda rng, node: fcntl.fcntl(node, fcntl.F_SETFL, rng.choice([os.O_NONBLOCK, os.O_APPEND, os.O_ASYNC, os.O_DIRECT, 0])),
    'sendfile to': lambda rng, node: os.sendfile(node, os.open(f'{SITE}/hello.txt', os.O_RDONLY), 0, 0),
    'splice from': lambda rng, node: splice(node, None),
    'splice to': lambda rng, node: splice(None, node),
    'epoll': lambda rng, node: epoll(node),
    'select': lambda rng, node: select.select([node], [node], [node], 0),
    'list': lambda rng, node: os.listdir(node),
    'stat': lambda rng, node: (os.fstat(node), os.fstatvfs(node)),
    'mode': lambda rng, node: os.fchmod(node, 0o600),
    'duplicate': lambda rng, node: os.close(os.dup(node)),
    'link': lambda rng, node: os.close(os.open(f'/proc/self/fd/{node}', os.O_RDWR | os.O_NONBLOCK)),
    'child': lambda rng, node: child(node),
    'threads': lambda rng, node: together(node),
    'socket': lambda rng, node: socket.socket(fileno=os.dup(node)).listen(),
}


def splice(source, target):
    ends = os.pipe()
    try:
        os.write(ends[1], b'# spliced\n')
        os.splice(ends[0] if source is None else source, ends[1] if target is None else target, 100)
    finally:
        for end in ends:
            os.close(end)


def epoll(node):
    with select.epoll() as waiting:
        waiting.register(node, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        waiting.poll(0)


def child(node):
    """Somebody else closes it, by ending."""
    if (process := os.fork()) == 0:
        try:
            os.write(node, b'# not finished')
        finally:
            os._exit(0)
    os.waitpid(process, 0)


def together(node):
    """Several tasks read and write one file at a time."""
    def work():
        try:
            os.write(node, b'# x\n')
            os.read(node, 100)
        except OSError:
            pass
    os.set_blocking(node, False)
    tasks = [threading.Thread(target=work) for _ in range(3)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()


def odd(rng, end):
    """Each may fail as it likes, but at once, and none may change anything."""
    while time.monotonic() < end:
        path = rng.choice([CONTROL, RELAY])
        try:
            node = within(os.open, path, rng.choice([os.O_RDWR, os.O_RDONLY, os.O_WRONLY]) | rng.choice([0, os.O_NONBLOCK, os.O_PATH, os.O_APPEND]))
        except (OSError, Interrupted):
            # Others set whom the relay connects to.
            counts['not-opened'] += 1
            continue
        for _ in range(rng.randint(1, 6)):
            name = rng.choice(sorted(ODD))
            try:
                within(ODD[name], rng, node, limit=LIMIT if path == RELAY else PATIENCE)
                counts['odd-done'] += 1
            except Interrupted:
                # The relay's peer may have nothing to say.
                assert path == RELAY, name
                counts['odd-interrupted'] += 1
            except (OSError, ValueError, OverflowError):
                counts['odd-failed'] += 1
        close(node)


def peer():
    """Whoever the relay and `send` connect to answers a part of what it hears."""
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
    """All that `help` lists is tried."""
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
    tasks = [multiprocessing.Process(target=run, args=(results, function, f'{seed} {function.__name__}', end))
             for function in (commands, odd)]
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
