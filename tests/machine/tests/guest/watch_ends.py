# SPDX-License-Identifier: GPL-2.0-only
"""Commands, mounts and namespaces while khttpd watches files: watch_ends.py CASE [COUNT]

    waiting            file systems that may wait for ever
    unmounted          a file system that is unmounted
    interrupted COUNT  a command during a load of COUNT files
    commands           commands all the time
    views              a writer in a mount namespace of its own
    ends COUNT         commands and ends of servers while files change"""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time

import status
from watch import TREE, begin, fetch, put, refused, run, shown, wait_for


def waiting():
    """No load waits for a process or another host."""
    begin()
    # 9p, whose server is the host, and a kernel's own file system.
    for root in "/share", "/proc/tty":
        said = refused(f"root {root}")
        assert f"{root}: watch yes: the file system may wait for ever" in said, said
    # The name of a root is watched, too.
    os.makedirs("/share/below")
    assert not run("mount -t tmpfs none /share/below").returncode
    assert "watch yes: the file system" in refused("root /share/below")
    assert not run("umount /share/below").returncode
    status.command("root /share", "watch no")
    status.command("clear", f"root {TREE}", "watch yes")
    # Neither a mount below a root nor a link into one is entered.
    os.makedirs(f"{TREE}/mounted")
    assert not run(f"mount -t tmpfs none {TREE}/mounted").returncode
    put("mounted/file", "file")
    os.symlink("mounted/file", f"{TREE}/link")
    status.command("follow-links yes")
    assert fetch("mounted/file")[0] == fetch("link")[0] == 404
    put("next.html", "next")
    wait_for("next.html", "next")
    assert "needs cross-mounts no" in refused("cross-mounts yes")
    assert not run(f"umount {TREE}/mounted").returncode
    # Layers of an overlay may be anything, so that it must not be that of a container.
    layers = f"lowerdir={TREE}/a:{TREE}/b"
    overlay = f"mkdir {TREE}/a {TREE}/b && mount -t overlay -o {layers} none {TREE}"
    ask = f"printf 'root {TREE}\\nwatch yes\\n' >&3; cat <&3; cat /dev/khttpd"
    for mount, said in ("true", "# watched 1"), (overlay, "the file system may wait for ever"):
        script = f"mount -t tmpfs none {TREE} && {mount} && exec 3<> /dev/khttpd; {ask}"
        found = run(f'unshare -Urnm sh -c "{script}"')
        assert said in found.stdout, found


def unmounted():
    """The watch keeps no file system mounted, and the old site stays."""
    os.makedirs(TREE, exist_ok=True)
    for _ in range(3):
        assert not run(f"mount -t tmpfs none {TREE}").returncode
        put("index.html", "mounted")
        put("a/file", "file")
        # The new file system may have the number of the last one.
        status.command("clear", f"root {TREE}", "watch yes", "reload")
        assert fetch("") == (200, "mounted")
        put("index.html", "changed")
        wait_for("", "changed")
        put("index.html", "changed again")
        failures = status.count("watch-failures")
        # While the site is loaded, the file system is busy.
        status.wait_until(lambda: not run(f"umount {TREE}").returncode)
        # It tells that when its last user has gone, so that nothing of khttpd's uses it.
        status.wait_until(lambda n=failures: status.count("watch-failures") > n)
        assert fetch("")[0] == 200 and fetch("a/file") == (200, "file")
        assert "another file system" in shown("watch-failed")[0], shown("watch-failed")


def interrupted(count):
    """A command interrupts a load of changed files, which begins anew."""
    begin()
    for number in range(count):
        put(f"{number % 50}/{number}.html", f"{number}")
    status.command("reload")

    def is_interrupted(attempt):
        put("index.html", f"{attempt}")
        status.wait_until(lambda: shown("loading-files"))
        loads = status.count("watch-loads")
        status.command("timeout idle 70")
        if status.count("watch-loads") != loads:
            return False
        wait_for("", f"{attempt}")
        assert status.count("watch-loads") > loads and not shown("watch-failed")
        return True

    # A load may end before the command comes, but not each time.
    assert any(map(is_interrupted, range(50)))


def commands():
    """Commands can't keep changes from being loaded."""
    begin()
    over = threading.Event()

    def command():
        while not over.wait(0.1):
            status.command("timeout idle 70")

    commander = threading.Thread(target=command)
    commander.start()
    try:
        for number in range(3):
            put("index.html", f"{number}")
            wait_for("", f"{number}")
    finally:
        over.set()
        commander.join()


def views():
    """Paths are those of the writer's mount namespace, as long as a process is in it."""
    begin()
    script = (
        f"mount -t tmpfs none {TREE} && echo private > {TREE}/index.html && "
        f"printf 'root {TREE}\\nwatch yes\\nreload\\n' > /dev/khttpd && echo done && read line && "
        f"echo changed > {TREE}/index.html && read line"
    )
    with subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout.readline() == "done\n"
        assert fetch("") == (200, "private\n")
        writer.stdin.write("\n")
        writer.stdin.flush()
        wait_for("", "changed\n")
    # Now no process is left there.
    assert not run("unshare -m sh -c 'echo reload > /dev/khttpd'").returncode
    assert fetch("") == (200, "index")
    put("index.html", "changed")
    status.wait_until(lambda: shown("watch-failed"))
    assert "no process is left" in shown("watch-failed")[0], shown("watch-failed")
    assert fetch("") == (200, "index")
    status.command("reload")
    assert fetch("") == (200, "changed") and not shown("watch-failed")


def ends(count):
    """Nothing waits for a reload for long, and nothing is left of one."""
    over = threading.Event()

    def change():
        number = 0
        while not over.is_set():
            number += 1
            with contextlib.suppress(FileNotFoundError):
                put(f"{number % 50}/{number % 500}.html", "x" * (number % 100_000), replace=True)
                if number % 7 == 0:
                    shutil.rmtree(f"{TREE}/{number // 7 % 50}", ignore_errors=True)

    begin()
    changer = threading.Thread(target=change)
    changer.start()
    enter = "nsenter --net=/run/netns/watched"
    try:
        for number in range(count):
            if number % 4 == 0:
                # In a namespace that ends.
                assert not run("ip netns add watched").returncode
                text = f"root {TREE}\\nwatch yes\\n"
                # The load fails if a file vanishes meanwhile.
                run(f"{enter} sh -c \"printf '{text}' > /dev/khttpd\"")
            for text in "reload", "max-old-sites 1", "watch no", "watch yes", "clear":
                with contextlib.suppress(OSError):
                    status.command(text)
                time.sleep(number % 3 * 0.2)
            with contextlib.suppress(OSError):
                status.command(f"root {TREE}", "watch yes", "when-busy skip")
            time.sleep(number % 5 * 0.5)
            if number % 4 == 0:
                assert not run("ip netns delete watched").returncode
            if number % 2:
                found = run("rmmod khttpd && insmod khttpd.ko")
                assert not found.returncode, found
    finally:
        over.set()
        changer.join()


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
