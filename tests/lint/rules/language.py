# SPDX-License-Identifier: GPL-2.0-only
"""Texts name the actor: client, peer, administrator, caller."""

import re
from pathlib import Path

from rules.files import below

WORDS = re.compile(r"\b(who|whoever|whom|somebody|nobody|anybody)\b", re.IGNORECASE)
# Some uses are correct.
LIMIT = 25


def check():
    """Lists all lines with such a word if there are too many."""
    found = []
    for path in [*below("src", "man", "Documentation"), Path("README.md"), Path("SECURITY.md")]:
        if path.suffix == ".png":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if WORDS.search(line):
                found.append(f"{path}:{number}: {line.strip()}")
    if len(found) > LIMIT:
        yield from found
        yield f"{len(found)} lines, {LIMIT} allowed"
