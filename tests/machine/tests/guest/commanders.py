# SPDX-License-Identifier: GPL-2.0-only
"""Processes of chaos.py that write commands to the control node and read its state."""

import errno
import os
import select
import time

from shared_state import (
    CONTROL,
    DEAD,
    POLITE,
    PORT,
    PORTS,
    RUDE,
    SITES,
    STOP,
    command,
    counts,
    opened,
    over,
)


def one_of(*texts):
    return lambda rng: rng.choice(texts)


def with_number(text, first, last):
    return lambda rng: text.format(rng.randint(first, last))


# Functions that make a command with a random generator, and the errors that the command may meet.
COMMANDS = [
    (one_of(*(f'listen {port}' for port in PORTS[:-1])), ()),
    (one_of('listen 127.0.0.2:8086 [::1]:8087'), ()),
    (one_of('listen 10.99.99.99:8088'), (errno.EADDRNOTAVAIL,)),
    (
        one_of('unlisten 8085\nlisten 127.0.0.1:8085', 'unlisten 127.0.0.1:8085\nlisten 8085'),
        (errno.ENOENT,),
    ),
    (one_of(*(f'unlisten {port}' for port in PORTS)), (errno.ENOENT,)),
    (one_of(f'unlisten\nlisten {PORT}\nstart'), ()),
    (one_of(f'unlisten\nlisten {PORT}\nstart'), ()),
    (one_of('tls-agent 9\nlisten 127.0.0.2:8086 tls', 'tls-agent [::1]:9 uid 1'), ()),
    (one_of('listen 127.0.0.2:8086 tls', 'tls-agent off'), (errno.EDESTADDRREQ,)),
    (one_of('start'), (errno.EADDRNOTAVAIL,)),
    (one_of('stop', 'stop\nstart'), (errno.EADDRNOTAVAIL,)),
    (with_number('max-connections {}', 8, 2000), ()),
    (with_number('max-old-sites {}', 0, 4), ()),
    (with_number('max-head-bytes {}', 8192, 32768), ()),
    (one_of('if-modified-since exact', 'if-modified-since before'), ()),
    (one_of('merge-slashes on', 'merge-slashes off'), ()),
    (one_of('log json', 'log combined', 'log off', 'log common for 127.0.0.1'), ()),
    (one_of('log-buffer 65536', 'log-buffer 262144'), ()),
    (one_of('client-address X-Real-IP from 127.0.0.0/8', 'client-address off'), ()),
    (with_number('min-rate {}', 1, 100), ()),
    (with_number('timeout idle {}', 1, 60), ()),
    (with_number('timeout head {}', 5, 60), ()),
    (with_number('timeout send {}', STOP, 60), ()),
    (with_number('timeout stop {}', STOP, 60), ()),
    (with_number('timeout adopted {}', 1, 60), ()),
    (
        one_of(
            f'root {SITES}/a', f'root {SITES}/b', 'root built-in', f'root {SITES}/a for 127.0.0.1'
        ),
        (),
    ),
    (one_of(f'root {SITES}/b for *.example', 'clear\nroot built-in'), ()),
    (one_of(f'root {SITES}/a for http://*', f'root {SITES}/b for https://a.example'), ()),
    (one_of('root /missing', f'root {SITES}/a\nroot /missing/too for a.example'), (errno.ENOENT,)),
    (one_of('reload'), ()),
    (one_of('clear'), ()),
    (
        one_of(
            'cache-control * no-cache',
            'field * X-Chaos: 1',
            'field * always X-Chaos: 2',
            'metrics /metrics',
            'hidden-files yes',
            'index page.txt index.html',
            'try-suffix .txt',
            'autoindex yes',
            'exclude *.none',
            'when-busy skip',
            'watch yes',
            'watch no',
        ),
        (),
    ),
    (
        one_of(
            'redirect 301 /old /page.txt', 'trailing-slash serve', 'media-type *.bin application/x'
        ),
        (),
    ),
    (one_of('compress *.txt'), (errno.EOPNOTSUPP,)),
    (one_of('hand-over /handed/* 9', 'hand-over *.handed [::1]:9 always'), ()),
    (one_of('no-hand-over /handed/*', 'no-hand-over *.handed'), (errno.ENOENT,)),
    (one_of(f'relay 127.0.0.1:{RUDE}', f'relay 127.0.0.1:{RUDE}', f'relay 127.0.0.1:{DEAD}'), ()),
    (with_number('send 127.0.0.1:' + str(POLITE) + ' text {}', 0, 9999), ()),
    (one_of(f'send 127.0.0.1:{DEAD} text'), (errno.ECONNREFUSED,)),
    (one_of('reset counters', 'help', '# nothing', ''), ()),
    (one_of('nothing', 'listen', 'timeout idle 0', 'root relative'), (errno.EINVAL,)),
]


def last_command(node, text):
    """Writes and closes, which completes the last line; returns 0 or the first errno."""
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
        if rng.random() < 0.2:
            text = f'begin\n{text}\ncommit'
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
    assert [line.split()[1] for line in lines if line.startswith('timeout ')] == [
        'idle',
        'head',
        'send',
        'stop',
        'adopted',
    ], text
    numbers = [
        line
        for line in lines
        if line.startswith('# ') and line.split()[1] not in ('khttpd', 'refused')
    ]
    assert len(numbers) > 15 and all(int(line.split()[2]) >= 0 for line in numbers), text
