# SPDX-License-Identifier: GPL-2.0-only
"""The rights to write to the control node:  rights.py CASE"""

import errno
import os
import socket
import subprocess
import sys
import time

from node import NODE, attempt, commands, failure, read, state, write

WITHOUT = 'setpriv --bounding-set -net_admin --inh-caps -net_admin'


def logged():
    """Counts the lines that khttpd has logged."""
    return subprocess.run(['dmesg'], check=True, capture_output=True, text=True).stdout.count(
        'khttpd: '
    )


def lent():
    """The opener of a file does not get the files, or the state, of a task that uses it."""
    os.makedirs('/tmp/lent', mode=0o700)
    with open('/tmp/lent/index.html', 'w', encoding='ascii') as page:
        page.write('secret')
    user = 'setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin'
    opener = 'import os, socket, sys; socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"x"], [os.open("/dev/khttpd", os.O_RDWR)])'
    assert write('clear\nroot built-in\ntimeout idle 60\n')[0] == 0
    before = commands()
    ours, theirs = socket.socketpair()
    os.chmod(NODE, 0o666)
    subprocess.run(
        user.split() + ['python3', '-c', opener, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        check=True,
    )
    os.chmod(NODE, 0o600)
    _, [node], _, _ = socket.recv_fds(ours, 1, 1)
    for command in (b'root /tmp/lent\n', b'reload\n', b'perm-required 0\n'):
        assert attempt(node, command) == errno.EPERM, command
        assert 'the task that opened the file may not read' in (said := read(node)), said
    assert attempt(node, b'timeout idle 63\n') == 0
    assert commands() == [line.replace('idle 60', 'idle 63') for line in before]
    assert attempt(node, b'timeout idle 60\n') == 0
    # A reader in another network namespace.
    subprocess.run('ip netns add other'.split(), check=True)
    shown = subprocess.run(
        'ip netns exec other cat'.split(), stdin=node, capture_output=True, text=True, check=False
    )
    assert 'not permitted' in shown.stderr and not shown.stdout, shown
    subprocess.run('ip netns del other'.split(), check=True)
    os.close(node)
    assert commands() == before


def flood():
    """Leaves unfinished lines in files whose last reference is in a socket."""
    for _ in range(200):
        node = os.open(NODE, os.O_WRONLY)
        os.write(node, b'x')
        ours, theirs = socket.socketpair()
        socket.send_fds(ours, [b'x'], [node])
        os.close(node)
        ours.close()
        theirs.close()


def quiet():
    """A writer without rights leaves no trace in log and state, and log lines of a namespace's
    administrator are rate-limited."""
    assert write('start\n')[0] == 0
    before = logged()
    for text in ('help', 'stop', 'foo', 'x' * 200_000):
        subprocess.run(
            WITHOUT.split() + ['bash', '-c', 'cat > /dev/khttpd'],
            input=text + '\n',
            text=True,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    assert logged() == before and '# refused' not in state(), state()
    namespace = 'unshare --user --map-root-user --net bash -c'.split()
    for text, most in (('foo', 10), ('listen 80', 10), ('help', 310)):
        before = logged()
        begin = time.monotonic()
        subprocess.run(
            namespace + [f'for i in $(seq 200); do echo {text} > /dev/khttpd; done'],
            stderr=subprocess.DEVNULL,
            check=False,
        )
        spans = 2 + (time.monotonic() - begin) // 5
        assert logged() - before <= most * spans, (text, logged() - before, spans)
    # Files that are closed without close(2), one in a socket each.
    before, begin = logged(), time.monotonic()
    subprocess.run(['unshare', '-Urn', 'python3', __file__, 'flood'], check=True)
    spans = 2 + (time.monotonic() - begin) // 5
    assert logged() - before <= 10 * spans, (logged() - before, spans)
    before = logged()
    for _ in range(100):
        assert write('foo\n')[0] == errno.EINVAL
    assert logged() - before == 100, logged() - before


def borrowed():
    """An unfinished line is not executed with the rights or in the network namespace of the
    writer that completes it."""
    before = commands()
    other = 'ip netns exec other'
    node = os.open(NODE, os.O_RDWR)

    def says(prefix, command):
        arguments = prefix.split() + ['bash', '-c', f'{command} >&{node}']
        return subprocess.run(
            arguments, pass_fds=[node], stderr=subprocess.PIPE, text=True, check=False
        ).stderr

    assert 'not permitted' in says(WITHOUT, 'printf stop')
    assert read(node) == 'unfinished commands: needs CAP_NET_ADMIN in its network namespace\n'
    assert says(WITHOUT, 'echo help') == ''
    # The unfinished line stays, and a writer with the right can complete it.
    assert attempt(node, b'timeout idle') == 0
    assert 'not permitted' in says(WITHOUT, 'echo 7')
    assert attempt(node, b' 69\ntimeout idle') == 0
    assert 'timeout idle 69' in commands()
    subprocess.run('ip netns add other'.split(), check=True)
    assert 'not permitted' in says(other, 'echo 7')
    assert attempt(node, b' 60\n') == 0
    assert says(other, 'printf "timeout idle"') == ''
    assert attempt(node, b' 7\n') == errno.EPERM
    assert read(node) == 'unfinished commands: begun in another network namespace\n'
    assert failure(os.close, node) == errno.EPERM
    # The process that closes last has no right to the command.
    node = os.open(NODE, os.O_RDWR)
    os.write(node, b'timeout idle 7')
    last = subprocess.Popen(WITHOUT.split() + ['cat'], pass_fds=[node], stdin=subprocess.PIPE)
    os.close(node)
    last.stdin.close()
    assert last.wait() == 0
    assert 'timeout idle 7' not in commands()
    subprocess.run('ip netns del other'.split(), check=True)
    assert write('timeout idle 60\n')[0] == 0
    assert [line for line in before if 'idle' not in line] == [
        line for line in commands() if 'idle' not in line
    ]


def credentials():
    """An unfinished line is not carried out with the file rights, the capabilities or the root of
    another task, which completes it or closes the file."""
    os.makedirs('/tmp/secret', mode=0o700)
    with open('/tmp/secret/index.html', 'w', encoding='ascii') as page:
        os.fchmod(page.fileno(), 0o600)
        page.write('secret')
    user = 'setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin'
    before = write('perm-required 0\n')[0] == 0 and commands()

    def says(prefix, text):
        arguments = prefix.split() + ['bash', '-c', f'printf "{text}" >&{node}']
        return subprocess.run(
            arguments, pass_fds=[node], stderr=subprocess.PIPE, text=True, check=False
        ).stderr

    # The user may write commands, but not read the files.
    node = os.open(NODE, os.O_RDWR)
    assert 'ermission denied' in says(user, r'root /tmp/secret\n')
    for end in (lambda: attempt(node, b'\n'), lambda: 0):
        assert says(user, 'root /tmp/secret') == ''
        error = end()
        assert error in (0, errno.EPERM), (errno.errorcode[error], read(node), commands())
        assert failure(os.close, node) == errno.EPERM, commands()
        assert commands() == before, commands()
        node = os.open(NODE, os.O_RDWR)
    # A transaction that the user has begun.
    for end in (lambda: attempt(node, b'commit\n'), lambda: 0):
        assert says(user, r'begin\nroot /tmp/secret\n') == ''
        assert end() in (0, errno.EPERM)
        assert failure(os.close, node) == errno.EPERM
        assert commands() == before, commands()
        node = os.open(NODE, os.O_RDWR)
    # Another root, the same credentials.
    assert attempt(node, b'timeout idle') == 0
    assert 'not permitted' in says('unshare --mount', r' 61\n')
    assert read(node) == 'unfinished commands: begun by a task with other rights or another root\n'
    # Other processes with the same rights.
    assert says('env', r' 6') == '' and says('env', r'2\n') == ''
    assert 'timeout idle 62' in commands()
    assert says(user, 'timeout idle') == '' and says(user, r' 60\n') == ''
    os.close(node)
    assert commands() == before
    assert write('clear\nroot built-in\n')[0] == 0


if __name__ == "__main__":
    if sys.argv[1] != 'flood':
        assert write('unlisten\nlisten 8080\nstart\n')[0] == 0
    globals()[sys.argv[1]]()
