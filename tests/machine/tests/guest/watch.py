# SPDX-License-Identifier: GPL-2.0-only
"""Files that change while khttpd watches them: watch.py CASE [COUNT]

    changes            new, changed, renamed and removed files and directories
    bursts COUNT       COUNT files that are replaced at once, several times
    links              a root whose name leads to another directory
    waiting            file systems that may wait for ever
    unmounted          a file system that is unmounted
    rules              a malformed .khttpd
    rights             a file that the writer could not read
    interrupted COUNT  a command during a load of COUNT files
    views              a writer in a mount namespace of its own
    ends COUNT         commands and ends of servers while files change"""

import contextlib
import errno
import http.client
import os
import shutil
import subprocess
import sys
import threading
import time

import status

TREE = "/tmp/watched"


def run(command):
    """Runs a command of the shell."""
    return subprocess.run(command, shell=True, check=False, capture_output=True, text=True)


def put(path, text, replace=False):
    """Writes a file below the tree, in place or by a rename."""
    path = f"{TREE}/{path}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    name = f"{path}.tmp" if replace else path
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    if replace:
        os.rename(name, path)


def fetch(path, client=None):
    """Returns status and content."""
    if client is None:
        client = http.client.HTTPConnection("127.0.0.1", 8080)
    client.request("GET", f"/{path}")
    response = client.getresponse()
    return response.status, response.read().decode()


def wait_for(path, text):
    """Waits until a path has this content, or none."""
    expected = (404, None) if text is None else (200, text)

    def is_there():
        found, content = fetch(path)
        return (found, None if found == 404 else content) == expected

    status.wait_until(is_there)


def shown(name):
    """Returns the texts behind a key of the state."""
    with open("/dev/khttpd", encoding="utf-8") as node:
        return [line.split(" ", 2)[2].strip() for line in node if line.startswith(f"# {name} ")]


def begin(*commands):
    """Watches a new tree."""
    shutil.rmtree(TREE, ignore_errors=True)
    put("index.html", "index")
    status.command("clear", f"root {TREE}", "watch yes", *commands)
    assert fetch("") == (200, "index")


def changes():
    """Each change is served without a command."""
    begin()
    put("index.html", "changed")
    wait_for("", "changed")
    put("new.html", "new")
    wait_for("new.html", "new")
    put("new.html", "renamed onto", replace=True)
    wait_for("new.html", "renamed onto")
    os.rename(f"{TREE}/new.html", f"{TREE}/moved.html")
    wait_for("moved.html", "renamed onto")
    wait_for("new.html", None)
    os.chmod(f"{TREE}/moved.html", 0o600)
    wait_for("moved.html", None)
    os.chmod(f"{TREE}/moved.html", 0o644)
    wait_for("moved.html", "renamed onto")
    with open(f"{TREE}/moved.html", "a", encoding="utf-8") as file:
        file.write(" and longer")
        file.flush()
        # Before it is closed.
        wait_for("moved.html", "renamed onto and longer")
    put("a/b/c/deep.html", "deep")
    wait_for("a/b/c/deep.html", "deep")
    # The directories are watched, too.
    put("a/b/c/deep.html", "deeper")
    wait_for("a/b/c/deep.html", "deeper")
    os.rename(f"{TREE}/a/b", f"{TREE}/a/d")
    wait_for("a/d/c/deep.html", "deeper")
    wait_for("a/b/c/deep.html", None)
    shutil.rmtree(f"{TREE}/a")
    wait_for("a/d/c/deep.html", None)
    put(".khttpd", "error 404 /moved.html\n")
    status.wait_until(lambda: fetch("none") == (404, "renamed onto and longer"))
    put("404.html", "missing")
    os.remove(f"{TREE}/.khttpd")
    status.wait_until(lambda: fetch("none") == (404, "missing"))
    assert not shown("watch-failed"), shown("watch-failed")
    # A change that no rule watches.
    status.command("watch no")
    loads = status.count("watch-loads")
    put("index.html", "not watched")
    time.sleep(2)
    assert fetch("") == (200, "changed") and status.count("watch-loads") == loads
    assert not shown("watched")
    status.command("watch yes")
    assert fetch("") == (200, "not watched")
    put("index.html", "watched again")
    wait_for("", "watched again")


def bursts(count):
    """The last state of a burst is served, and there is at most one load a second."""
    begin()
    started, loads = time.monotonic(), status.count("watch-loads")
    for state in range(4):
        for number in range(count):
            put(f"{number % 10}/{number}.html", f"{state} {number}", replace=True)
    for number in range(0, count, 3):
        os.remove(f"{TREE}/{number % 10}/{number}.html")
    for number in range(count):
        wait_for(f"{number % 10}/{number}.html", f"3 {number}" if number % 3 else None)
    seconds = time.monotonic() - started
    loads = status.count("watch-loads") - loads
    print(f"{loads} loads in {seconds:.1f} s", flush=True)
    assert 1 <= loads <= seconds + 1, (loads, seconds)


def refused(*commands):
    """Returns the message of commands that must fail."""
    with open("/dev/khttpd", "r+", encoding="ascii", buffering=1) as node:
        try:
            node.write("".join(f"{line}\n" for line in commands))
        except OSError as error:
            assert error.errno == errno.EOPNOTSUPP, error
            return node.read()
    raise AssertionError(f"{commands} were carried out")


def links():
    """A flipped link, and a directory that takes the place of the root, are found."""
    begin()
    releases = "/tmp/releases"
    shutil.rmtree(releases, ignore_errors=True)
    for release in "1", "2", "3":
        os.makedirs(f"{releases}/{release}")
        with open(f"{releases}/{release}/index.html", "w", encoding="ascii") as file:
            file.write(release)
    os.symlink("1", f"{releases}/current")
    status.command("clear", f"root {releases}/current", "watch yes")
    for release in "2", "3", "1":
        os.symlink(release, f"{releases}/next")
        os.rename(f"{releases}/next", f"{releases}/current")
        wait_for("", release)
    # What the link leads to is watched, and what it led to is not.
    with open(f"{releases}/1/index.html", "w", encoding="ascii") as file:
        file.write("changed")
    wait_for("", "changed")
    status.command("clear", f"root {releases}/2/", "watch yes")
    os.rename(f"{releases}/2", f"{releases}/old")
    os.rename(f"{releases}/3", f"{releases}/2")
    wait_for("", "3")
    # A file behind a link, in a directory that is not served.
    os.makedirs(f"{TREE}/..data")
    put("..data/linked.html", "linked")
    os.symlink("..data/linked.html", f"{TREE}/linked.html")
    status.command("clear", f"root {TREE}", "watch yes", "follow-links yes")
    wait_for("linked.html", "linked")
    put("..data/linked.html", "changed")
    wait_for("linked.html", "changed")
    # However many links lead into a directory, it has one mark.
    put("a/b/file.html", "file")
    for number in range(0, 100, 2):
        os.symlink("../a/b/file.html", f"{TREE}/..data/{number}")
        os.symlink("a/b/file.html", f"{TREE}/{number}.html")
        os.symlink("..data/linked.html", f"{TREE}/{number + 1}.html")
    wait_for("99.html", "changed")
    wait_for("98.html", "file")
    # The root, ..data, a and a/b.
    assert shown("watched") == ["4"], shown("watched")
    # The name of a root must mean something of its own.
    for name in f"{TREE}/a/.", f"{TREE}/a/..":
        assert "must end in a name" in refused(f"root {name}"), name


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
    for name in "mounted", "before":
        os.makedirs(f"{TREE}/{name}")
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
    overlay = f"mkdir {TREE}/a {TREE}/b && mount -t overlay -o lowerdir={TREE}/a:{TREE}/b none {TREE}"
    ask = f"printf 'root {TREE}\nwatch yes\n' > /dev/khttpd"
    for mount, is_watched in ("true", True), (overlay, False):
        script = f"mount -t tmpfs none {TREE} && {mount} && {ask}"
        found = run(f'unshare -Urnm sh -c "{script} && grep -qx \'# watched [1-9]*\' /dev/khttpd"')
        assert (not found.returncode) == is_watched, found
    assert "Operation not supported" in found.stderr, found


def rules():
    """A malformed .khttpd leaves the old site, says so, and is mended by the next change."""
    begin()
    put(".khttpd", "redirect 301 /old /new\n")
    status.wait_until(lambda: fetch("old")[0] == 301)
    put(".khttpd", "redirect 301 /old\n")
    put("other.html", "other")
    status.wait_until(lambda: shown("watch-failed"))
    reason = shown("watch-failed")[0]
    assert reason.startswith(f"{TREE}/.khttpd: line 1: "), reason
    assert fetch("old")[0] == 301 and fetch("other.html")[0] == 404
    assert status.count("watch-failures") > 0
    put(".khttpd", "watch yes\n")
    status.wait_until(lambda: "only the control node" in "".join(shown("watch-failed")))
    os.remove(f"{TREE}/.khttpd")
    wait_for("other.html", "other")
    wait_for("old", None)
    assert not shown("watch-failed")
    log = run("dmesg").stdout
    assert f"khttpd: watch: {reason}; the old site is served" in log, log


def rights():
    """A reload has the rights of the writer, not those of the kernel."""
    begin()
    # Neither may root read all files then.
    without = "setpriv --bounding-set=-dac_override,-dac_read_search"
    said = run(f"{without} sh -c 'echo reload > /dev/khttpd'")
    assert not said.returncode, said
    put("next.html", "next")
    wait_for("next.html", "next")
    put("secret.html", "secret")
    # Other users may read it, but not this group.
    os.chown(f"{TREE}/secret.html", 1000, 0)
    os.chmod(f"{TREE}/secret.html", 0o604)
    status.wait_until(lambda: "permission denied" in "".join(shown("watch-failed")))
    assert fetch("secret.html")[0] == 404
    assert f"{TREE}/secret.html: " in shown("watch-failed")[0], shown("watch-failed")
    os.chmod(f"{TREE}/secret.html", 0o644)
    wait_for("secret.html", "secret")


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
