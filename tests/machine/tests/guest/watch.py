# SPDX-License-Identifier: GPL-2.0-only
"""Files that change while khttpd watches them: watch.py CASE [COUNT]

    changes            new, changed, renamed and removed files and directories
    bursts COUNT       COUNT files that are replaced at once, several times
    links              links and roots that lead to other directories
    leased             a file that can't be read for some time
    rules              a malformed .khttpd
    rights             a file that the writer could not read"""

import errno
import fcntl
import http.client
import os
import shutil
import signal
import subprocess
import sys
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
    node = os.open("/dev/khttpd", os.O_RDWR)
    try:
        os.write(node, "".join(f"{line}\n" for line in commands).encode())
    except OSError as error:
        assert error.errno == errno.EOPNOTSUPP, error
        return os.read(node, 4096).decode()
    finally:
        os.close(node)
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
    # No site need be loaded for a watch to end.
    put(".khttpd", "redirect 301 /old\n")
    status.wait_until(lambda: shown("watch-failed"))
    status.command("watch no")
    assert not shown("watched") and not shown("watch-failed")
    assert fetch("other.html") == (200, "other")


def leased():
    """A failure that passes without a change is attempted again."""
    begin()
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    with open(f"{TREE}/index.html", encoding="utf-8") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        put("next.html", "next")
        status.wait_until(lambda: "holds a lease" in "".join(shown("watch-failed")))
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    wait_for("next.html", "next")
    assert not shown("watch-failed")


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


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
