# SPDX-License-Identifier: GPL-2.0-only
"""Writes the benchmark's site into a folder:  site.py FOLDER"""

import gzip
import os
import sys

FILES = 10000


def text(name, size):
    """Returns text that contains the name, so that all files differ."""
    line = f"<p>This is {name}, and it is served as it is.</p>\n".encode()
    return (line * (size // len(line) + 1))[:size]


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    # Heads contain the time; keep it constant.
    os.utime(path, (1700000000, 1700000000))


os.umask(0o022)
os.makedirs(sys.argv[1], exist_ok=True)
os.chdir(sys.argv[1])
SIZES = {"612.html": 612, "16k.html": 16 << 10, "1m.html": 1 << 20, "64m.html": 64 << 20}
for name, size in SIZES.items():
    write(name, text(name, size))
style = text("style.css", 16 << 10)
write("style.css", style)
write("style.css.gz", gzip.compress(style, mtime=0))
os.makedirs("many", exist_ok=True)
for number in range(FILES):
    name = f"many/{number:05}.html"
    write(name, text(name, 612))
