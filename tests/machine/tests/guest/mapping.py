# SPDX-License-Identifier: GPL-2.0-only
"""Maps a file for writing, says so, and sleeps:  mapping.py FILE"""

import mmap
import sys
import time

with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0):
    print("mapped", flush=True)
    time.sleep(3600)
