# SPDX-License-Identifier: GPL-2.0-only
"""Finds the files of the project, relative to the current folder."""

import os
from pathlib import Path

# Folders without source code, and endings of build products.
SKIPPED = {"__pycache__", "corpus"}
MADE = {".bc", ".cmd", ".d", ".ko", ".mod", ".o", ".rmeta"}
# A room may import from those after it; the last two do not import from each other.
ROOMS = ["khttpd", "device", "server", "site", "protocol", "sys"]
SOURCE = {".c", ".h", ".py", ".rs", ".sh"}


def below(*folders):
    """Yields all files below folders except build products, sorted."""
    for folder in folders:
        for root, inside, names in os.walk(folder):
            inside[:] = sorted(name for name in inside if name not in SKIPPED)
            # cargo marks its folders.
            if "CACHEDIR.TAG" in names:
                inside.clear()
                continue
            for name in sorted(names):
                path = Path(root, name)
                if path.suffix not in MADE and not name.endswith(".mod.c"):
                    yield path


def is_source(path):
    """Tells whether a file is source code, by its ending or its `#!`."""
    if path.suffix:
        return path.suffix in SOURCE
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def is_for_tests(path):
    """Tells whether a Rust file below src/ contains tests or examples."""
    return (
        path.name == "tests.rs"
        or path.name.endswith("_tests.rs")
        or not {"tests", "examples"}.isdisjoint(path.parts)
    )


def rust():
    """Yields the Rust files of the module and of `protocol`, without tests and examples."""
    for path in below("src"):
        if path.suffix == ".rs" and not is_for_tests(path):
            yield path


def room(path):
    """Names the room that a file below src/ belongs to."""
    name = path.parts[1].removesuffix(".rs")
    return name if name in ROOMS else "khttpd"
