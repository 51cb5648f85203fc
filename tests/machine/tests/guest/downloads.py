# SPDX-License-Identifier: GPL-2.0-only
"""Download managers as users call them: downloads.py curl|wget|aria2|zsync|zsync_blocks|zchunk"""

import os
import shutil
import sys

import resumption
import status
from resumption import SIZE, digest, kill, random_file, resumed, run

SITE = "/tmp/site"
FILE = f"{SITE}/image.iso"
URL = "http://127.0.0.1:8080/image.iso"
RESULT = "/tmp/result/image.iso"

OLDER = "/tmp/older"
# Places in which it differs.
CHANGES = 100


def site():
    """Serves a large file."""
    random_file(FILE)
    shutil.rmtree(os.path.dirname(RESULT), ignore_errors=True)
    os.makedirs(os.path.dirname(RESULT))
    os.chdir(os.path.dirname(RESULT))
    status.command(f"root {SITE}", "reload")


def curl():
    """Resumes by a Range without If-Range."""
    resumed(["curl", "--fail", "--silent", "--show-error", "-C", "-", "-O", URL], [RESULT])


def wget():
    """Resumes by a Range without If-Range; a complete file is a 416."""
    said = resumed(["wget", "--tries=1", "-c", URL], [RESULT])
    assert "206 Partial Content" in said, said
    said = run("wget", "-c", URL)
    assert "fully retrieved; nothing to do" in said, said
    said = run("wget", "-N", URL)
    assert "304 Not Modified" in said, said


def aria2():
    """Resumes its segments, each by a Range. It learns the length by a request without a Range,
    whose response it does not take to its end."""
    command = ["aria2c", "-x8", "-s8", "-k1M", "--max-tries=1", "--auto-save-interval=1"]
    command += ["--file-allocation=none", "--console-log-level=info", URL]
    said = resumed(command, [RESULT], beside=SIZE // 2)
    assert said.count("206 Partial Content") > 1 and said.count("200 OK") == 1, said


def zsync():
    """Gets a file by ranges, and what is missing in its .part; goes on by itself when its
    connections are cut."""
    zsync_file()
    resumed(["zsync", f"{URL}.zsync"], [f"{RESULT}.part"], then=kill, beside=SIZE // 4)


def zsync_blocks():
    """Gets the blocks that an older file lacks, by many ranges in each request."""
    zsync_file()
    older_file()
    sent_for_changes("zsync", "-i", OLDER, f"{URL}.zsync")


def zchunk():
    """Gets the chunks that an older file lacks, by many ranges in each request."""
    older_file()
    for path in (OLDER, FILE):
        run("zck", path, cwd=os.path.dirname(path))
    status.command("reload")
    sent_for_changes("zckdl", "--source", f"{OLDER}.zck", f"{URL}.zck")
    run("unzck", f"{RESULT}.zck")


def older_file():
    """Writes a file that is the server's but for small changes in many places."""
    with open(FILE, "rb") as file:
        older = bytearray(file.read())
    for number in range(CHANGES):
        at = number * (SIZE // CHANGES)
        older[at : at + 8] = b"changed!"
    with open(OLDER, "wb") as file:
        file.write(older)


def sent_for_changes(*command):
    """Runs a program that gets the changes; asserts that it does not get the file."""
    before = status.count("bytes")
    said = run(*command)
    sent = status.count("bytes") - before
    print(f"{command[0]}: {sent} bytes sent for {CHANGES} changes", flush=True)
    assert sent < SIZE * 3 // 4, f"{sent} bytes sent: {said}"


def zsync_file():
    """Serves the description of the file that zsync reads."""
    run("zsyncmake", "-u", os.path.basename(FILE), "-o", f"{FILE}.zsync", FILE)
    status.command("reload")


if __name__ == "__main__":
    site()
    globals()[sys.argv[1]]()
    assert digest(RESULT) == digest(FILE), "the file is not the server's"
