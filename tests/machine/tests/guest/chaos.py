# SPDX-License-Identifier: GPL-2.0-only
"""All that can be done to the module, at the same time and in random order:  chaos.py SEED CYCLES

The module is loaded and unloaded CYCLES times, while writers command it, readers read it, relays talk through it, network
namespaces with servers of their own come and go, and clients ask. Ends with counts, or with what was wrong. The seed decides what
each of them does; how they meet is up to the machine."""
import base64
import collections
import ctypes
import errno
import hashlib
import multiprocessing
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

CONTROL = '/dev/khttpd'
RELAY = '/dev/khttpd-relay'
SITES = '/tmp/chaos'
PORT = 8080
PORTS = range(8080, 8086)
# Who listens there tells all back, and now and then breaks off; or takes all; nobody.
RUDE, POLITE, DEAD = 2001, 2002, 1
# Seconds after which the module, when nobody opens its nodes any more, is taken never to become unused. Closing the relay takes 10
# at most, but a busy host may be slow.
UNLOAD_LIMIT = 600
# The least `timeout stop` and `timeout send`, and the time, in seconds, in which a reply must be whole that a stop interrupts or whose
# client the machine keeps from reading.
STOP, STOP_KEPT = 5, 3
# Seconds after which a client complains of a connection that has answered before.
PATIENCE = 600
# What opening a node may meet with while the module comes or goes.
GONE = {errno.ENOENT, errno.ENXIO, errno.ENODEV}
ENDED = (ConnectionResetError, BrokenPipeError, EOFError)

libc = ctypes.CDLL(None, use_errno=True)
# Without locks: whoever is killed would keep them.
over, pause, failed = (multiprocessing.RawValue('b') for _ in range(3))
# Counts up when unloading begins and when it has ended.
unloads = multiprocessing.RawValue('L')
# The first process of each namespace.
inhabitants = multiprocessing.RawArray('i', 2)
bodies = collections.defaultdict(set)
counts = collections.Counter()


def system_call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def load(parameters):
    with open('/root/khttpd.ko', 'rb') as file:
        system_call(313, file.fileno(), parameters.encode(), 0)


def unload():
    system_call(176, b'khttpd', os.O_NONBLOCK)


# The module, loaded and unloaded.

PARAMETERS = [
    ('', 0),
    ('port=8080', 0),
    (f'port=8080 root={SITES}/a', 0),
    (f'port=0 commands="root {SITES}/b;listen 8080 8081;relay 127.0.0.1:{RUDE};status-page /status"', 0),
    ('max_connections=40 backlog=8 commands="listen 8085"', 0),
    ('backlog=0', errno.EINVAL),
    ('root=/missing', errno.ENOENT),
    ('commands="listen 8081;listen 10.99.99.99:80"', errno.EADDRNOTAVAIL),
]


def loader(rng, cycles):
    # Of all that goes on this is what is counted.
    os.nice(-10)
    while counts['cycles'] < cycles and not over.value:
        parameters, expected = rng.choice(PARAMETERS)
        try:
            load(parameters)
            found = 0
        except OSError as e:
            found = e.errno
        assert found == expected, f'{parameters}: {os.strerror(found)}'
        if expected:
            counts['refused-loads'] += 1
        else:
            time.sleep(rng.choice([0, 0.01, 0.1, 0.5, 1, 2]) * rng.random())
            end_module()
            counts['cycles'] += 1
        check_nothing_left(parameters)
    over.value = 1


def end_module():
    unloads.value += 1
    begin = time.monotonic()
    while True:
        try:
            unload()
            break
        except OSError as e:
            assert e.errno == errno.EWOULDBLOCK, e
        took = time.monotonic() - begin
        assert took < UNLOAD_LIMIT, f'it cannot be unloaded: {holders()}'
        # Others keep it in use by turns: now they let it go.
        if took > 0.2:
            pause.value = 1
        time.sleep(0.002)
    pause.value = 0
    unloads.value += 1


def holders():
    """Who has a node open, and where in the kernel it is."""
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        try:
            files = {os.readlink(f'/proc/{process}/fd/{fd}') for fd in os.listdir(f'/proc/{process}/fd')}
        except OSError:
            continue
        if nodes := files & {CONTROL, RELAY}:
            name, place, call = (read(f'/proc/{process}/{file}').strip() for file in ('comm', 'wchan', 'syscall'))
            found.append(f'{name}: {nodes} in {place} ({call})')
    with open('/proc/sysrq-trigger', 'w', encoding='ascii') as file:
        file.write('w')
    return '; '.join(found)


def check_nothing_left(parameters):
    for path in (CONTROL, RELAY, '/sys/class/khttpd', '/sys/module/khttpd'):
        assert not os.path.exists(path), f'{parameters}: {path} is left'
    for path in ('/proc/modules', '/proc/devices', '/proc/misc'):
        if os.path.exists(path):
            assert 'khttpd' not in read(path), f'{parameters}: left in {path}'
    for process in ('self', *(number for number in inhabitants if number)):
        for family in ('tcp', 'tcp6'):
            for line in read(f'/proc/{process}/net/{family}').splitlines()[1:]:
                _, local, _, state, *_ = line.split()
                port = int(local.rsplit(':', 1)[1], 16)
                assert state != '0A' or port not in (80, *PORTS), f'{parameters}: somebody listens at {port}'


def read(path):
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except OSError:
        return ''


# Those who command it. Each command is for a random generator to fill in, and has the errors that it may meet with.

def of(*texts):
    return lambda rng: rng.choice(texts)


def one(text, first, last):
    return lambda rng: text.format(rng.randint(first, last))


COMMANDS = [
    (of(*(f'listen {port}' for port in PORTS[:-1])), ()),
    (of('listen 127.0.0.2:8086 [::1]:8087'), ()),
    (of('listen 10.99.99.99:8088'), (errno.EADDRNOTAVAIL,)),
    (of('unlisten 8085\nlisten 127.0.0.1:8085', 'unlisten 127.0.0.1:8085\nlisten 8085'), (errno.ENOENT,)),
    (of(*(f'unlisten {port}' for port in PORTS)), (errno.ENOENT,)),
    (of(f'unlisten\nlisten {PORT}\nstart'), ()),
    (of(f'unlisten\nlisten {PORT}\nstart'), ()),
    (of('start'), (errno.EADDRNOTAVAIL,)),
    (of('stop', 'stop\nstart'), (errno.EADDRNOTAVAIL,)),
    (one('max-connections {}', 8, 2000), ()),
    (one('timeout idle {}', 1, 60), ()),
    (one('timeout head {}', 5, 60), ()),
    (one('timeout send {}', STOP, 60), ()),
    (one('timeout stop {}', STOP, 60), ()),
    (of(f'root {SITES}/a', f'root {SITES}/b', 'root built-in', f'root {SITES}/a for 127.0.0.1'), ()),
    (of(f'root {SITES}/b for *.example', 'clear\nroot built-in'), ()),
    (of('root /missing', f'root {SITES}/a\nroot /missing/too for a.example'), (errno.ENOENT,)),
    (of('reload'), ()),
    (of('clear'), ()),
    (of('cache-control * no-cache', 'field * X-Chaos: 1', 'status-page /status', 'hidden-files yes'), ()),
    (of('redirect 301 /old /page.txt', 'trailing-slash serve', 'media-type *.bin application/x'), ()),
    (of(f'relay 127.0.0.1:{RUDE}', f'relay 127.0.0.1:{RUDE}', f'relay 127.0.0.1:{DEAD}'), ()),
    (one('send 127.0.0.1:' + str(POLITE) + ' text {}', 0, 9999), ()),
    (of(f'send 127.0.0.1:{DEAD} text'), (errno.ECONNREFUSED,)),
    (of('reset counters', 'help', '# nothing', ''), ()),
    (of('nothing', 'listen', 'timeout idle 0', 'root relative'), (errno.EINVAL,)),
]


def opened(path, flags):
    """The node, or nothing while it is not there."""
    if pause.value:
        time.sleep(0.01)
        return None
    try:
        return os.open(path, flags)
    except OSError as e:
        if e.errno in GONE:
            counts['absent'] += 1
            time.sleep(0.005)
            return None
        if path == RELAY and e.errno == errno.ECONNREFUSED:
            counts['relay-refused'] += 1
            return None
        raise


def command(node, text):
    """Writes; 0, or the number of the error."""
    try:
        assert os.write(node, text.encode()) == len(text.encode())
        return 0
    except OSError as e:
        return e.errno


def last_command(node, text):
    """Writes and closes, by which the last line is complete; 0, or the number of the first error."""
    found = command(node, text)
    try:
        os.close(node)
        return found
    except OSError as e:
        return found or e.errno


def writer(rng):
    while not over.value:
        batch = [rng.choice(COMMANDS) for _ in range(rng.randint(1, 3))]
        text = '\n'.join(make(rng) for make, _ in batch)
        allowed = {0, *(error for _, errors in batch for error in errors)}
        if 'start' in text:
            allowed.add(errno.EADDRNOTAVAIL)
        node = opened(CONTROL, os.O_RDWR)
        if node is None:
            continue
        if rng.random() < 0.2:
            found = last_command(node, text)
        else:
            found = command(node, text + '\n')
            said = os.read(node, 1 << 20).decode()
            os.close(node)
            assert said and bool(found) == (not said.startswith('# ')), (text, found, said)
        assert found in allowed, f'{text!r}: {os.strerror(found)}'
        counts['refused-writes' if found else 'writes'] += 1
        if rng.random() < 0.3:
            time.sleep(0.05 * rng.random())


def reader(rng):
    while not over.value:
        node = opened(CONTROL, rng.choice([os.O_RDONLY, os.O_RDWR]))
        if node is None:
            continue
        poll = select.poll()
        poll.register(node, select.POLLIN | select.POLLOUT)
        assert poll.poll(0)[0][1] == select.POLLIN | select.POLLOUT
        size = rng.choice([7, 100, 4096, 1 << 20])
        text = b''
        while piece := os.read(node, size):
            text += piece
        os.close(node)
        check_state(text.decode())
        counts['reads'] += 1
        time.sleep(0.02 * rng.random())


def check_state(text):
    assert text.startswith('# khttpd ') and text.endswith('\n'), text
    lines = text.splitlines()
    assert sum(line in ('start', 'stop') for line in lines) == 1, text
    assert [line.split()[1] for line in lines if line.startswith('timeout ')] == ['idle', 'head', 'send', 'stop'], text
    numbers = [line for line in lines if line.startswith('# ') and line.split()[1] not in ('khttpd', 'refused')]
    assert len(numbers) > 15 and all(int(line.split()[2]) >= 0 for line in numbers), text


# Those who talk through it, and whom they talk to.

def relay(rng):
    while not over.value:
        node = opened(RELAY, os.O_RDWR | rng.choice([0, 0, os.O_NONBLOCK]))
        if node is not None:
            try:
                talk(rng, node)
                counts['relays'] += 1
            except (ConnectionError, BlockingIOError):
                counts['relays-broken'] += 1
            finally:
                close(node)
        time.sleep(0.05 * rng.random())


def talk(rng, node):
    said = rng.randbytes(rng.choice([1, 100, 5000, 60000]))
    rest = memoryview(said)
    poll = select.poll()
    poll.register(node, select.POLLOUT)
    poll.poll(1000)
    while rest:
        rest = rest[os.write(node, rest[:rng.randint(1, 20000)]):]
    if rng.random() < 0.3:
        os.fsync(node)
    if rng.random() < 0.3:
        return
    heard = b''
    os.set_blocking(node, True)
    while len(heard) < len(said) and (piece := os.read(node, rng.randint(1, 20000))):
        heard += piece
        assert said.startswith(heard), 'the relay has changed the answer'
    counts['relayed-bytes'] += len(heard)


def close(node):
    try:
        os.close(node)
    except ConnectionError:
        pass


def sink(rng):
    for port in (RUDE, POLITE):
        server = socket.create_server(('127.0.0.1', port), backlog=1000)
        threading.Thread(target=accept, args=(rng, server, port), daemon=True).start()
    while not over.value:
        time.sleep(0.1)


def accept(rng, server, port):
    while True:
        peer = server.accept()[0]
        rude = rng.randrange(60000) if port == RUDE and rng.random() < 0.2 else None
        threading.Thread(target=echo, args=(peer, port == RUDE, rude), daemon=True).start()


def echo(peer, answers, rude):
    try:
        heard = 0
        while piece := peer.recv(65536):
            heard += len(piece)
            if rude is not None and heard > rude:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                break
            if answers:
                peer.sendall(piece)
    except ENDED:
        pass
    peer.close()


# Those who ask.

class Cut(Exception):
    """The connection has ended within a reply."""


class Connection:
    def __init__(self, address, buffer=0):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(5)
        self.received = b''
        try:
            self.socket.connect(address)
        except BaseException:
            self.socket.close()
            raise

    def ask(self, request):
        self.socket.sendall(request.encode())

    def fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError
        self.received += piece

    def reply(self):
        """Status, fields and body of the next reply. `ENDED` before its first byte, `Cut` after it."""
        try:
            while b'\r\n\r\n' not in self.received:
                self.fill()
            head, self.received = self.received.split(b'\r\n\r\n', 1)
            line, *lines = head.decode().split('\r\n')
            version, status, _ = line.split(' ', 2)
            assert version == 'HTTP/1.1', line
            fields = dict(line.split(': ', 1) for line in lines)
            length = int(fields['Content-Length'])
        except ENDED as e:
            if self.received:
                raise Cut from e
            raise
        try:
            while len(self.received) < length:
                self.fill()
        except ENDED as e:
            raise Cut from e
        body, self.received = self.received[:length], self.received[length:]
        self.socket.settimeout(PATIENCE)
        return int(status), fields, body


PATHS = ['/', '/page.txt', '/large.bin', '/robots.txt', '/missing', '/old', '/status', '/style.css']
RANGE = (5, 4000)


def request(rng, path, close):
    lines = [f'GET {path} HTTP/1.1', 'Host: ' + rng.choice(['127.0.0.1', 'a.example', 'khttpd'])]
    if part := rng.random() < 0.2:
        lines.append(f'Range: bytes={RANGE[0]}-{RANGE[1] - 1}')
    if close:
        lines.append('Connection: close')
    return '\r\n'.join(lines) + '\r\n\r\n', part


def check_reply(path, part, status, fields, body):
    known = bodies[path]
    if status == 206:
        assert part and any(body == whole[RANGE[0]:RANGE[1]] for whole in known), f'{path}: a wrong part'
    elif status == 200 and path != '/status':
        assert body in known, f'{path}: a wrong body of {len(body)} bytes'
        tag = base64.urlsafe_b64encode(hashlib.blake2s(body, digest_size=16).digest()[:12]).decode()
        assert fields['ETag'] == f'"{tag}"', f'{path}: {fields["ETag"]} is not the tag of its body'
    elif status == 301:
        assert path == '/old' and fields['Location'] == '/page.txt', (path, fields)
    elif status == 416:
        assert part, path
    elif status == 408:
        assert fields['Connection'] == 'close', fields
    else:
        assert status == 404 or status == 200 and path == '/status', (path, status, body[:200])
    counts[f'replies-{status}'] += 1


def client(rng, closing, address=('127.0.0.1', PORT), may_be_cut=False):
    while not over.value:
        try:
            connection = Connection(address)
        except (OSError, TimeoutError):
            counts['unconnected'] += 1
            time.sleep(0.02)
            continue
        try:
            ask(rng, connection, closing, may_be_cut)
        finally:
            connection.socket.close()


def ask(rng, connection, closing, may_be_cut):
    """Asks on one connection until it ends, which it may only do between replies."""
    for number in range(rng.randint(1, 200)):
        path = rng.choice(PATHS)
        text, part = request(rng, path, closing)
        epoch, begin = unloads.value, time.monotonic()
        try:
            connection.ask(text)
            check_reply(path, part, *connection.reply())
            if closing:
                assert not connection.received and not connection.socket.recv(1), 'more than a reply'
                return
        except ENDED:
            counts['ended'] += 1
            return
        except TimeoutError:
            # Who was not accepted yet may have to wait for its turn.
            assert number == 0, f'{path}: no answer'
            counts['waited'] += 1
            return
        except Cut:
            counts['cut'] += 1
            unloaded = epoch % 2 or unloads.value != epoch
            stopped = time.monotonic() - begin > STOP_KEPT
            assert may_be_cut or unloaded or stopped, f'{path}: cut within the reply'
            return


def slow_client(rng):
    """Takes its time to ask or to read, or goes away in the middle."""
    while not over.value:
        try:
            connection = Connection(('127.0.0.1', PORT), buffer=4096)
            dawdle(rng, connection)
            connection.socket.close()
        except (OSError, EOFError):
            counts['slow-ended'] += 1
            time.sleep(0.02)


def dawdle(rng, connection):
    text, _ = request(rng, '/large.bin', False)
    if rng.random() < 0.3:
        for byte in text[:rng.randrange(len(text))]:
            connection.ask(byte)
            time.sleep(0.02 * rng.random())
    else:
        connection.ask(text)
        for _ in range(rng.randint(0, 100)):
            connection.received += connection.socket.recv(2000)
            time.sleep(0.02 * rng.random())
        head, _, body = connection.received.partition(b'\r\n\r\n')
        if head.startswith(b'HTTP/1.1 200'):
            assert any(whole.startswith(body) for whole in bodies['/large.bin']), 'a wrong beginning'
            counts['slow-replies'] += 1
    if rng.random() < 0.3:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


# Network namespaces, each with a server of its own.

def namespaces(rng, number):
    while not over.value:
        device = f'chaos{number}'
        ready, go = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            run_child(lambda: inhabitant(rng, number, ready[1], go[0]))
        try:
            assert os.read(ready[0], 1), 'the namespace has not begun'
            inhabitants[number] = child
            ip(f'link add {device} type veth peer name eth0 netns {child}')
            ip(f'address add 10.{100 + number}.0.1/24 dev {device}')
            ip(f'link set {device} up')
            os.write(go[1], b'!')
            time.sleep(2 * rng.random())
        finally:
            # Whoever is in it goes, and it with them, while others from outside ask.
            inhabitants[number] = 0
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            for end in ready + go:
                os.close(end)
        wait_until_gone(device)
        counts['namespaces'] += 1


def inhabitant(rng, number, ready, go):
    os.setsid()
    os.unshare(os.CLONE_NEWNET)
    ip('link set lo up')
    os.write(ready, b'!')
    os.read(go, 1)
    ip(f'address add 10.{100 + number}.0.2/24 dev eth0')
    ip('link set eth0 up')
    if os.fork() == 0:
        run_child(lambda: client(rng, False, ('127.0.0.1', 80), True))
    while not over.value:
        node = opened(CONTROL, os.O_RDWR)
        if node is not None:
            found = command(node, f'clear\nroot {SITES}/{rng.choice("ab")}\nunlisten\nlisten 80\n')
            os.close(node)
            assert found == 0, os.strerror(found)
        time.sleep(0.1 * rng.random())


def run_child(function):
    """What a child does; it ends with it."""
    try:
        function()
        os._exit(0)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
        failed.value = over.value = 1
        os._exit(1)


def wait_until_gone(device):
    begin = time.monotonic()
    while os.path.exists(f'/sys/class/net/{device}'):
        assert time.monotonic() - begin < UNLOAD_LIMIT, f'the namespace of {device} does not end'
        time.sleep(0.01)


def ip(arguments):
    subprocess.run(['ip', *arguments.split()], check=True)


# All of them together.

def role(results, name, seed, function, arguments):
    # Its name, for whoever looks.
    libc.prctl(15, name.encode())
    try:
        function(random.Random(f'{seed} {name}'), *arguments)
    except BaseException:
        print(f'{name}:', flush=True)
        traceback.print_exc(file=sys.stdout)
        failed.value = over.value = 1
    sys.stdout.flush()
    results.put(dict(counts))


def make_sites():
    rng = random.Random(7)
    for name in 'ab':
        os.makedirs(f'{SITES}/{name}', exist_ok=True)
        files = {'index.html': 300, 'page.txt': 5000, 'large.bin': 1 << 20, 'robots.txt': 40, 'style.css': 9000}
        for file, length in files.items():
            with open(f'{SITES}/{name}/{file}', 'wb') as out:
                content = f'{name} {file} '.encode() + rng.randbytes(length)
                out.write(content)
            bodies['/' if file == 'index.html' else f'/{file}'].add(content)


def learn_built_in():
    load('')
    for path in PATHS:
        connection = Connection(('127.0.0.1', PORT))
        connection.ask(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n')
        status, _, body = connection.reply()
        connection.socket.close()
        if status == 200:
            bodies[path].add(body)
    unload()
    check_nothing_left('the first')


def main():
    seed, cycles = sys.argv[1], int(sys.argv[2])
    # Where no namespace is at present, nobody is: not what the machine's gateway leads to.
    ip('route replace unreachable 10.100.0.0/15')
    make_sites()
    learn_built_in()
    results = multiprocessing.SimpleQueue()
    roles = [('sink', sink, ())]
    roles += [(f'writer {number}', writer, ()) for number in range(3)]
    roles += [(f'reader {number}', reader, ()) for number in range(2)]
    roles += [(f'relay {number}', relay, ()) for number in range(2)]
    roles += [(f'namespaces {number}', namespaces, (number,)) for number in range(2)]
    roles += [(f'outside {number}', client, (False, (f'10.{100 + number}.0.2', 80), True)) for number in range(2)]
    roles += [(f'client {closing}', client, (closing,)) for closing in (False, True)]
    roles += [('slow client', slow_client, ()), ('loader', loader, (cycles,))]
    tasks = [multiprocessing.Process(target=role, args=(results, name, seed, function, arguments))
             for name, function, arguments in roles]
    for task in tasks:
        task.start()
    total = collections.Counter()
    for _ in tasks:
        total.update(results.get())
    for task in tasks:
        task.join()
    if failed.value:
        sys.exit(1)
    print(' '.join(f'{name}={count}' for name, count in sorted(total.items())))


main()
