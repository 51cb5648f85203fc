# SPDX-License-Identifier: GPL-2.0-only
"""Compares all files of a root that are served as curl decodes them: decode.py DIRECTORY CODING

Prints the number of files that came in the content coding."""

import filecmp
import os
import subprocess
import sys
import urllib.parse


def main(root, coding):
    """Requests and compares."""
    os.makedirs("/tmp/decoded", exist_ok=True)
    files = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if not name.startswith(".") and not os.path.islink(os.path.join(folder, name))
    ]
    with open("/tmp/urls", "w", encoding="utf-8") as urls:
        urls.write(f'compressed\nfail\nheader = "Accept-Encoding: {coding}"\n')
        urls.write('write-out = "%header{content-encoding}\\n"\n')
        for number, path in enumerate(files):
            reference = urllib.parse.quote(path.removeprefix(root))
            urls.write(f'url = "http://127.0.0.1:8080{reference}"\n')
            urls.write(f'output = "/tmp/decoded/{number}"\n')
    said = subprocess.run(["curl", "-sSK", "/tmp/urls"], check=True, capture_output=True, text=True)
    for number, path in enumerate(files):
        decoded = f"/tmp/decoded/{number}"
        assert filecmp.cmp(path, decoded, shallow=False), path
        os.remove(decoded)
    print(said.stdout.split("\n").count(coding))


main(*sys.argv[1:])
