# SPDX-License-Identifier: GPL-2.0-only
"""Source files have at most 400 lines."""

from rules.files import below, is_source

LIMIT = 400


def check():
    """Finds longer files, longest first."""
    lengths = [
        (path.read_bytes().count(b"\n"), path)
        for path in below("src", "tests", "tools", ".ci")
        if is_source(path)
    ]
    for length, path in sorted(lengths, reverse=True):
        if length > LIMIT:
            yield f"{path}: {length} lines, {LIMIT} allowed"
