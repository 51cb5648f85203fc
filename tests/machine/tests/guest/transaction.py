# SPDX-License-Identifier: GPL-2.0-only
"""Transactions of several writes to the control node:  transaction.py CASE"""

import ctypes
import errno
import os
import signal
import subprocess
import sys

from node import NODE, attempt, commands, failure, read, state, write


def long_roots():
    """Returns commands for as many roots as there may be, with paths as long as they may be."""
    path = '/tmp' + ('/' + 'd' * 254) * 16
    path = path[:4090]
    os.makedirs(path, exist_ok=True)
    with open(f'{path}/index.html', 'w', encoding='ascii') as page:
        page.write('deep')
    os.chmod(f'{path}/index.html', 0o644)
    return [f'root {path} for h{number}\n' for number in range(1024)]


def vast():
    """A state of more than 4 MiB can be read and, by any cat, written back."""
    error, said = write('begin\nclear\n' + ''.join(long_roots()) + 'commit\n')
    assert error == 0, said
    saved = state()
    assert len(saved) > 4 << 20
    with open('/tmp/saved', 'w', encoding='ascii') as file:
        file.write(saved)
    settings = commands()
    for program in ('dd bs=4096 status=none of=/dev/khttpd', 'cat'):
        assert write('clear\nroot built-in\n')[0] == 0
        with open('/tmp/saved', 'rb') as file, open(NODE, 'wb', buffering=0) as node:
            subprocess.run(program.split(), stdin=file, stdout=node, check=True)
        assert commands() == settings
    assert write('clear\nroot built-in\n')[0] == 0


def collected():
    """Lines between begin and commit are one transaction, however they are divided into writes."""
    assert write('listen 127.0.0.1:5006\nmax-connections 77\ntimeout idle 31\n')[0] == 0
    saved, wanted = state().encode(), commands()
    other = 'unlisten 127.0.0.1:5006\nmax-connections 78\ntimeout idle 32\n'
    end = saved.index(b'commit\n') + len(b'commit\n') - 1
    for size in (1, 7, 100, 4096, 1 << 18):
        assert write(other)[0] == 0
        before = commands()
        node = os.open(NODE, os.O_WRONLY)
        for at in range(0, len(saved), size):
            assert at > end or commands() == before, (size, at)
            os.write(node, saved[at : at + size])
        os.close(node)
        assert commands() == wanted, (size, commands())
    # The end of the file completes the last line.
    assert write(other)[0] == 0
    assert finish([saved[:end]]) == 0 and commands() == wanted
    # A transaction may be longer than a write of single commands, up to 8 MiB and 32768 commands.
    line = 'timeout idle 33\n'
    assert write('begin\n' + line * 32768 + 'commit\n')[0] == 0
    assert 'timeout idle 33' in commands()
    error, said = write('begin\n' + line * 32769 + 'commit\n')
    assert error == errno.E2BIG and said.startswith('line 32770: "timeout idle 33": too many'), said
    # Commands before and after it are transactions of their own.
    error, said = write('timeout idle 34\nbegin\nstop\ncommit\ntimeout idle 35\nlisten 0\n')
    assert error == errno.EINVAL and said.startswith('line 6: "0": '), said
    assert {'timeout idle 34', 'stop'} < set(commands()), commands()
    assert write('start\nunlisten 127.0.0.1:5006\n')[0] == 0


def finish(pieces):
    """Writes to a file of its own and closes it; returns the first errno, or 0."""
    node = os.open(NODE, os.O_WRONLY)
    found = [attempt(node, piece) for piece in pieces] + [failure(os.close, node)]
    return next((error for error in found if error), 0)


def dropped():
    """A transaction that fails or is not committed has no effect, and no line of it takes effect
    alone."""
    unreadable = ctypes.CDLL(None, use_errno=True)
    assert write('clear\nroot built-in\ntimeout idle 60\n')[0] == 0
    before = commands()
    assert finish([b'# a comment\nbegin\ntimeout idle 41\n', b'stop\n']) == errno.ECANCELED
    assert '# refused line 2: "begin": closed without "commit"' in state(), state()
    if (child := os.fork()) == 0:
        node = os.open(NODE, os.O_WRONLY)
        os.write(node, b'begin\ntimeout idle 42\n')
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert commands() == before
    for wrong, error, reason in (
        (b'foo\n', errno.EINVAL, 'line 3: "foo": '),
        (b'timeout idle 43\nbegin\n', errno.EINVAL, 'line 4: "begin": line 1 has begun'),
        (b'timeout idle 43\ncommit it\n', errno.EINVAL, 'line 4: "it": unexpected word'),
        (b'#' * (1 + (8 << 20)), errno.E2BIG, 'too many commands; the maximum is 8388608 bytes'),
        ((b'#' * 65535 + b'\n') * 127 + b'#' * 65530 + b'\n', errno.E2BIG, 'line 1: "begin": '),
        (b'#' * 131073, errno.E2BIG, 'too many commands; the maximum is 131072 bytes'),
        (None, errno.EFAULT, ''),
    ):
        node = os.open(NODE, os.O_RDWR)
        assert attempt(node, b'begin\ntimeout idle 43\n') == 0
        if wrong is None:
            unreadable.write(node, ctypes.c_void_p(4096), 5)
            assert ctypes.get_errno() == error
        else:
            assert attempt(node, wrong) == error, wrong[:50]
            assert (said := read(node)).startswith(reason), said
        for line in (b'timeout idle 44\n', b'commit\n'):
            assert attempt(node, line) == errno.ECANCELED, line
            assert 'not carried out, because the transaction of line ' in (said := read(node)), said
        assert failure(os.close, node) == 0
        assert commands() == before, (wrong[:50], commands())
    # What fails at the commit, by the number of its line.
    node = os.open(NODE, os.O_RDWR)
    assert attempt(node, b'\nbegin\ntimeout idle 45\n') == 0
    assert attempt(node, b'listen 10.99.99.99:80\n') == 0
    assert attempt(node, b'commit\n') == errno.EADDRNOTAVAIL
    assert read(node).startswith('line 4: "10.99.99.99:80": ')
    assert attempt(node, b'commit\n') == errno.EINVAL
    assert read(node).startswith('line 6: "commit": no transaction is open')
    assert commands() == before
    assert attempt(node, b'timeout idle 46\n') == 0
    assert 'timeout idle 46' in commands()
    # A new transaction follows one that has failed.
    assert attempt(node, b'begin\nfoo\n') == errno.EINVAL
    assert attempt(node, b'begin\ntimeout idle 60\n') == 0
    assert attempt(node, b'commit\n') == 0
    os.close(node)
    assert commands() == before
    stopped_by_a_signal(before)


def stopped_by_a_signal(before):
    """A signal ends the load of a commit, which has no effect."""
    large = b'begin\ntimeout idle 47\nroot /usr/share/doc/python3.13/html\n'
    libc = ctypes.CDLL(None, use_errno=True)
    seen = False
    while not seen:
        if (child := os.fork()) == 0:
            signal.signal(signal.SIGUSR1, lambda *_: None)
            node = os.open(NODE, os.O_WRONLY)
            assert attempt(node, large) == 0
            # Unlike os.write, it does not try again.
            written = libc.write(node, b'commit\n', 7)
            os._exit(0 if written == 7 else ctypes.get_errno())
        while not seen and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            seen = '# loading-files' in state()
        os.kill(child, signal.SIGUSR1)
        error = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        # The load may have ended before the signal.
        seen = seen and error == errno.EINTR
        assert seen or error == 0, errno.errorcode[error]
        if not seen:
            assert write('root built-in\ntimeout idle 60\n')[0] == 0
    assert commands() == before


if __name__ == "__main__":
    assert write('unlisten\nlisten 8080\nstart\n')[0] == 0
    globals()[sys.argv[1]]()
