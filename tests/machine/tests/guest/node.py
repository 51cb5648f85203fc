# SPDX-License-Identifier: GPL-2.0-only
"""System calls on the control node:  node.py CASE"""

import ctypes
import errno
import multiprocessing
import os
import select
import socket
import sys
import threading
import time

NODE = '/dev/khttpd'


def write(text):
    """Writes a text in one call; returns the errno or 0, and what is read next."""
    node = os.open(NODE, os.O_RDWR)
    try:
        if os.write(node, text.encode()) != len(text.encode()):
            return -1, ''
        return 0, read(node)
    except OSError as e:
        return e.errno, read(node)
    finally:
        os.close(node)


def read(node):
    pieces = []
    while piece := os.read(node, 100):
        pieces.append(piece)
    return b''.join(pieces).decode()


def state():
    with open(NODE, encoding='utf-8') as node:
        return node.read()


def commands():
    return [line for line in state().splitlines() if not line.startswith('#')]


def split():
    """The settings do not depend on the division of a text into writes."""
    first = 'max-connections 5\ntimeout idle 5\nlisten 127.0.0.1:5005\n'
    text = (
        '# a comment\n\nmax-connections 77\r\n  timeout\tidle 31 \n'
        'unlisten 127.0.0.1:5005\nlisten 127.0.0.1:5001 [::1]:5002\nrelay 127.0.0.1:9'
    ).encode()
    expected = None
    for at in range(len(text) + 1):
        assert write(first)[0] == 0, at
        node = os.open(NODE, os.O_WRONLY)
        os.write(node, text[:at])
        os.write(node, text[at:])
        os.close(node)
        found = commands()
        expected = expected or found
        assert found == expected, (at, found)
        write('unlisten 127.0.0.1:5001 [::1]:5002\nrelay 127.0.0.1:1\n')
    assert 'max-connections 77' in expected and 'timeout idle 31' in expected, expected
    assert 'listen [::1]:5002' in expected and 'relay 127.0.0.1:9' in expected, expected
    assert 'listen 127.0.0.1:5005' not in expected, expected
    write(first)
    node = os.open(NODE, os.O_WRONLY)
    for byte in text:
        os.write(node, bytes([byte]))
    os.close(node)
    assert commands() == expected, commands()


def refuse():
    """A wrong line is named, and no command of the write takes effect."""
    before = commands()
    wrong = [
        (
            'listen 127.0.0.1:5001\nlisten 127.0.0.1:99999\ntimeout idle 5\n',
            errno.EINVAL,
            'line 2: "127.0.0.1:99999": ',
        ),
        ('timeout idle 5\n\n# foo\nfoo\nstop\n', errno.EINVAL, 'line 4: "foo": no such command'),
        ('timeout idle 5\nunlisten 127.0.0.1:5001\n', errno.ENOENT, 'line 2: "127.0.0.1:5001": '),
        (
            'timeout idle 5\nlisten 10.99.99.99:80\n',
            errno.EADDRNOTAVAIL,
            'line 2: "10.99.99.99:80": ',
        ),
        (
            'timeout idle 5\nlisten 127.0.0.1:5001 127.0.0.1:22222\n',
            errno.EADDRINUSE,
            'line 2: "127.0.0.1:22222": ',
        ),
        (
            'timeout idle 5\nsend 127.0.0.1:1 text\n',
            errno.ECONNREFUSED,
            'line 2: "send 127.0.0.1:1 text": ',
        ),
        (
            'timeout idle 5\nsend 127.0.0.1:1 ' + 'ü' * 60_000 + '\n',
            errno.ECONNREFUSED,
            'line 2: "send 127.0.0.1:1 ',
        ),
        (
            'timeout idle 5\n' + 'x' * 131072,
            errno.E2BIG,
            'too many commands; the maximum is 131072 bytes',
        ),
    ]
    taken = socket.create_server(('127.0.0.1', 22222))
    for text, error, reason in wrong:
        found, said = write(text)
        assert found == error, (text[:60], found, said)
        assert said.startswith(reason) and said.endswith('\n') and len(said) < 1000, (
            text[:60],
            said,
        )
        assert commands() == before, (text[:60], commands())
        assert '# refused ' + said in state(), state()
    taken.close()
    # Lines of the same open file are counted on, and a success clears the message.
    node = os.open(NODE, os.O_RDWR)
    try:
        os.write(node, b'start\nfoo\n')
    except OSError:
        pass
    assert read(node).startswith('line 2: "foo"')
    try:
        os.write(node, b'start\nbar\n')
    except OSError:
        pass
    assert read(node).startswith('line 4: "bar"')
    os.write(node, b'start\n')
    assert read(node).startswith('# khttpd ')
    os.close(node)
    assert '# refused' not in state()


def sent():
    """Of two sends the first one has delivered its text when the second one fails, which prevents
    the other commands."""
    before = commands()
    with socket.create_server(('127.0.0.1', 5007)) as peer:
        error, said = write('send 127.0.0.1:5007 one\nsend 127.0.0.1:1 two\ntimeout idle 5\n')
        assert error == errno.ECONNREFUSED and said.startswith('line 2: "send '), said
        with peer.accept()[0] as connection:
            assert connection.makefile().read() == 'one\n'
    assert commands() == before


def bounds():
    """Each limit can be reached, and not exceeded."""
    nothing = 'unlisten\nclear\n'
    rules = ''.join(f'field /{number:02} X-Y: '.ljust(1023, 'z') + '\n' for number in range(64))
    assert len(rules) == 65536
    full = [
        (
            ''.join(f'listen 127.0.0.1:{port}\n' for port in range(4000, 4064)),
            'listen 127.0.0.1:4064\n',
            errno.E2BIG,
        ),
        (
            ''.join(f'root built-in for h{number}\n' for number in range(1024)),
            'root built-in for more\n',
            errno.ENOSPC,
        ),
        (rules, 'metrics /s\n', errno.ENOSPC),
    ]
    for text, more, error in full:
        assert write(nothing + text)[0] == 0, text[:60]
        before = commands()
        found, said = write(more)
        assert found == error and said.startswith('line 1: '), (more, found, said)
        assert commands() == before, more
    assert write(nothing + 'root built-in\nlisten 8080\n')[0] == 0


def large():
    """A write may have 128 KiB."""
    line = 'timeout idle 61\n'
    text = line * (131072 // len(line))
    assert len(text) == 131072
    assert write(text)[0] == 0
    assert 'timeout idle 61' in commands()
    assert write(text + '\n')[0] == errno.E2BIG


def unfinished():
    """A line without a line feed is executed when the last descriptor is closed."""
    node = os.open(NODE, os.O_WRONLY)
    os.write(node, b'timeout idle 62')
    other = os.dup(node)
    os.close(node)
    assert 'timeout idle 62' not in commands()
    os.close(other)
    assert 'timeout idle 62' in commands()
    node = os.open(NODE, os.O_WRONLY)
    os.write(node, b'timeout idle x')
    try:
        os.close(node)
        raise AssertionError('close did not fail')
    except OSError as e:
        assert e.errno == errno.EINVAL, e
    assert '# refused line 1: "x": ' in state()
    # A process that exits without closing.
    if (child := os.fork()) == 0:
        node = os.open(NODE, os.O_WRONLY)
        os.write(node, b'timeout idle 63')
        os._exit(0)
    os.waitpid(child, 0)
    assert 'timeout idle 63' in commands()


def failure(function, *arguments):
    """Returns the errno of a call, or 0."""
    try:
        function(*arguments)
        return 0
    except OSError as e:
        return e.errno


def attempt(node, text):
    """Returns the errno of a write, or 0."""
    return failure(os.write, node, text)


def interrupted():
    """A failed write keeps the unfinished line of earlier writes, and close does not execute a
    part of it."""
    unreadable = ctypes.CDLL(None, use_errno=True)
    for end in ['', '\n']:
        assert write('timeout idle 60\n')[0] == 0
        node = os.open(NODE, os.O_RDWR)
        os.write(node, b'# a comment\n# timeout idle 6')
        assert (
            unreadable.write(node, ctypes.c_void_p(4096), 5) == -1
            and ctypes.get_errno() == errno.EFAULT
        )
        assert attempt(node, b'x' * 131072) == errno.E2BIG
        assert attempt(node, b'7\nfoo\n') == errno.EINVAL
        assert read(node).startswith('line 3: "foo"'), read(node)
        os.write(node, b'timeout idle 6')
        assert attempt(node, b'9' * 131072) == errno.E2BIG
        if end:
            os.write(node, b'7\n')
        os.close(node)
        assert ('timeout idle 67' in commands()) == bool(end), commands()
        assert 'timeout idle 6' not in commands(), commands()


def together():
    """Writes to the same open file are serialised, so that no unfinished line is lost."""
    large = b'root /usr/share/doc/python3.13/html\n'
    seen = False
    while not seen:
        assert write('root built-in\ntimeout idle 60\n')[0] == 0
        node = os.open(NODE, os.O_RDWR)
        loading = threading.Thread(target=attempt, args=(node, large + b'timeout'))
        loading.start()
        # Repeats the load if it has ended before it was seen.
        while not seen and loading.is_alive():
            seen = '# loading-files' in state()
            time.sleep(0.01)
        assert attempt(node, b' idle 68\n') == 0
        loading.join()
        assert 'timeout idle 68' in commands(), commands()
        os.close(node)
    assert write('root built-in\n')[0] == 0


def writer(number, enough):
    turn = 0
    while turn < 20 or not enough.is_set():
        value = 1 + number * 20 + turn % 20
        turn += 1
        assert (
            write(''.join(f'timeout {name} {value}\n' for name in ('idle', 'head', 'send')))[0] == 0
        )


def writers():
    """Concurrent writes are atomic."""
    enough = multiprocessing.Event()
    tasks = [multiprocessing.Process(target=writer, args=(number, enough)) for number in range(64)]
    for task in tasks:
        task.start()
    seen = set()
    while any(task.is_alive() for task in tasks):
        values = [
            line.split()[2]
            for line in commands()
            if line.split()[:2] in (['timeout', 'idle'], ['timeout', 'head'], ['timeout', 'send'])
        ]
        assert len(values) == 3 and len(set(values)) == 1, values
        seen.add(values[0])
        if len(seen) > 3:
            enough.set()
    for task in tasks:
        task.join()
        assert task.exitcode == 0


def snapshot():
    """An open file shows one snapshot, in reads of any size, until a write on it."""
    node = os.open(NODE, os.O_RDWR)
    whole = state()
    write('timeout idle 64\n')
    pieces = []
    while piece := os.read(node, 1):
        pieces.append(piece)
    assert b''.join(pieces).decode() == whole
    assert os.read(node, 10) == b''
    os.write(node, b'help\n')
    help_text = read(node)
    assert help_text.startswith('# listen ') and '\n# help ' in help_text
    os.write(node, b'timeout idle 65\n')
    assert 'timeout idle 65' in read(node)
    poll = select.poll()
    poll.register(node, select.POLLIN | select.POLLOUT)
    assert poll.poll(0)[0][1] == select.POLLIN | select.POLLOUT
    os.close(node)


def again():
    """Writing what was read changes nothing."""
    assert (
        write(
            'clear\nroot built-in\nerror 404 /404.html\nlisten 127.0.0.1:5003\ntimeout send 7\nstop\n'
        )[0]
        == 0
    )
    before = state()
    error, said = write(before)
    assert error == 0, said
    plain = [
        line for line in before.splitlines() if 'milliseconds' in line or not line.startswith('#')
    ]
    after = [
        line for line in state().splitlines() if 'milliseconds' in line or not line.startswith('#')
    ]
    assert plain == after, (plain, after)


def logged():
    """The settings of the access log are shown as commands, and bounded."""
    before = commands()
    settings = [
        'log json',
        'log off for *.example.org',
        'log-buffer 65536',
        'client-address off',
        'client-address X-Real-IP from 10.0.0.0/8',
    ]
    assert write('\n'.join(settings) + '\n')[0] == 0
    shown = commands()
    assert [line for line in shown if line.startswith(('log', 'client'))] == settings, shown
    assert write('\n'.join(shown) + '\n')[0] == 0 and commands() == shown
    hosts = ''.join(f'log common for h{number}.example\n' for number in range(64))
    networks = ''.join(f'client-address A from 192.0.2.{number}\n' for number in range(8))
    for text, reason in [
        (hosts, 'line 64: "log common for h63.example": too many hosts; '),
        (networks, 'line 8: "client-address A from 192.0.2.7": too many networks; '),
    ]:
        error, said = write(text)
        assert error == errno.E2BIG and said.startswith(reason), (error, said)
        assert commands() == shown
    assert write('log off\n' + hosts + 'client-address off\n' + networks)[0] == 0
    # Without a host, all exceptions are forgotten.
    assert write('log off\nlog-buffer 1048576\nclient-address off\n')[0] == 0
    assert commands() == before, (before, commands())


if __name__ == "__main__":
    assert write('unlisten\nlisten 8080\nstart\n')[0] == 0
    globals()[sys.argv[1]]()
