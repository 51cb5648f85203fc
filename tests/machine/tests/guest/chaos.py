# SPDX-License-Identifier: GPL-2.0-only
"""All operations on the module, at the same time and in random order: chaos.py SEED CYCLES

The module is loaded and unloaded CYCLES times, while writers send commands, readers read the
state, relays are used, network namespaces with servers of their own are created and removed, and
clients send requests. Prints counts, or an error. The seed decides what each process does; when
they meet is up to the machine."""

import collections
import errno
import multiprocessing
import os
import random
import sys
import time
import traceback

from clients import PATHS, Connection, client, slow_client
from commanders import reader, writer
from namespaces import namespaces
from relays import relay, sink
from shared_state import (
    CONTROL,
    PORT,
    PORTS,
    RELAY,
    RUDE,
    SITES,
    UNLOAD_LIMIT,
    bodies,
    counts,
    failed,
    inhabitants,
    ip,
    libc,
    over,
    pause,
    read,
    unloads,
)
from system_calls import DELETE_MODULE, FINIT_MODULE, system_call

def load(parameters):
    with open('/root/khttpd.ko', 'rb') as file:
        system_call(FINIT_MODULE, file.fileno(), parameters.encode(), 0)


def unload():
    system_call(DELETE_MODULE, b'khttpd', os.O_NONBLOCK)


PARAMETERS = [
    ('', 0),
    ('port=8080', 0),
    (f'port=8080 root={SITES}/a', 0),
    (
        f'port=0 commands="root {SITES}/b;listen 8080 8081;relay 127.0.0.1:{RUDE};metrics /metrics"',
        0,
    ),
    ('max_connections=40 backlog=8 commands="listen 8085"', 0),
    ('backlog=0', errno.EINVAL),
    ('root=/missing', errno.ENOENT),
    ('commands="listen 8081;listen 10.99.99.99:80"', errno.EADDRNOTAVAIL),
]


def loader(rng, cycles):
    # The number of cycles is what ends the test.
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
        assert took < UNLOAD_LIMIT, f'the module cannot be unloaded: {holders()}'
        # Other processes use it by turns: now they pause.
        if took > 0.2:
            pause.value = 1
        time.sleep(0.002)
    pause.value = 0
    unloads.value += 1


def holders():
    """Returns the processes that have a node open, and where in the kernel they wait."""
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        try:
            files = {
                os.readlink(f'/proc/{process}/fd/{fd}') for fd in os.listdir(f'/proc/{process}/fd')
            }
        except OSError:
            continue
        if nodes := files & {CONTROL, RELAY}:
            name, place, call = (
                read(f'/proc/{process}/{file}').strip() for file in ('comm', 'wchan', 'syscall')
            )
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
                assert state != '0A' or port not in (
                    80,
                    *PORTS,
                ), f'{parameters}: a listener at port {port} is left'


def role(results, name, seed, function, arguments):
    # The name that ps and holders() show.
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
        files = {
            'index.html': 300,
            'page.txt': 5000,
            'large.bin': 1 << 20,
            'robots.txt': 40,
            'style.css': 9000,
        }
        for file, length in files.items():
            with open(f'{SITES}/{name}/{file}', 'wb') as out:
                content = f'{name} {file} '.encode() + rng.randbytes(length)
                out.write(content)
            bodies[f'/{file}'].add(content)
            # Writers choose either file as index.
            if file in ('index.html', 'page.txt'):
                bodies['/'].add(content)


def learn_built_in():
    load('')
    for path in PATHS:
        connection = Connection(('127.0.0.1', PORT))
        connection.send(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n')
        status, _, body = connection.response()
        connection.socket.close()
        if status == 200:
            bodies[path].add(body)
    unload()
    check_nothing_left('the first')


def main():
    seed, cycles = sys.argv[1], int(sys.argv[2])
    # Addresses of namespaces that do not exist at present must not be routed to the machine's
    # gateway.
    ip('route replace unreachable 10.100.0.0/15')
    make_sites()
    learn_built_in()
    results = multiprocessing.SimpleQueue()
    roles = [('sink', sink, ())]
    roles += [(f'writer {number}', writer, ()) for number in range(3)]
    roles += [(f'reader {number}', reader, ()) for number in range(2)]
    roles += [(f'relay {number}', relay, ()) for number in range(2)]
    roles += [(f'namespaces {number}', namespaces, (number,)) for number in range(2)]
    roles += [
        (f'outside {number}', client, (False, (f'10.{100 + number}.0.2', 80), True))
        for number in range(2)
    ]
    roles += [(f'client {closing}', client, (closing,)) for closing in (False, True)]
    roles += [('slow client', slow_client, ()), ('loader', loader, (cycles,))]
    tasks = [
        multiprocessing.Process(target=role, args=(results, name, seed, function, arguments))
        for name, function, arguments in roles
    ]
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
