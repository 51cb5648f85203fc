# SPDX-License-Identifier: GPL-2.0-only
"""Both lock files have the current version of `protocol`."""

import re
from pathlib import Path

CURRENT = re.compile(r'^\[workspace\.package\]\nversion = "([^"]+)"', re.MULTILINE)
LOCKED = re.compile(r'^name = "protocol"\nversion = "([^"]+)"', re.MULTILINE)


def check():
    """Finds lock files with another version."""
    current = CURRENT.search(Path("Cargo.toml").read_text())[1]
    for path in (Path("Cargo.lock"), Path("tests/fuzz/Cargo.lock")):
        locked = LOCKED.search(path.read_text())[1]
        if locked != current:
            yield f"{path}: protocol {locked}, now {current}"
