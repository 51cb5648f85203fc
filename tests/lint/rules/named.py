# SPDX-License-Identifier: GPL-2.0-only
"""Tests that the documents name exist."""

import re
from pathlib import Path

from rules.files import below

NAME = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`")
FUNCTION = re.compile(r"\bfn ([a-z0-9_]+)")
# Sections that name tests: in all of their text, or in the last column of their tables.
SECTIONS = [
    ("Documentation/http.md", None, "tables"),
    ("SECURITY.md", "## Surfaces", "tables"),
    ("SECURITY.md", "## Hardening", "text"),
]


def functions(*folders):
    """Collects the names of all Rust functions below folders."""
    return {
        name
        for path in below(*folders)
        if path.suffix == ".rs"
        for name in FUNCTION.findall(path.read_text())
    }


def lines(document, heading, part):
    """Yields the parts of a document that name tests, each with its line number."""
    path = Path(document)
    inside = heading is None
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if heading and line.startswith("## "):
            inside = line.startswith(heading)
        if inside and part == "text":
            yield number, line
        elif inside and line.startswith("|"):
            yield number, line.rstrip(" |").rpartition("|")[2]


def check():
    """Finds names without a function."""
    known = functions("src", "tests/machine/tests")
    for document, heading, part in SECTIONS:
        for number, text in lines(document, heading, part):
            for name in NAME.findall(text):
                if name not in known:
                    yield f"{document}:{number}: no such test: {name}"
