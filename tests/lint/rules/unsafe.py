# SPDX-License-Identifier: GPL-2.0-only
"""SECURITY.md counts the unsafe blocks of each file and states what they rest on."""

import re
from pathlib import Path

from rules.files import room, rust
from rules.rust import code

PAGE = Path("SECURITY.md")
HEADING = "## Unsafe code\n"
# A row: file, number of blocks, what they rest on.
ROW = re.compile(r"^\| (?:`(?P<file>[^`]+)`|all) \| \d+ \|(?P<reason>.*)\|\n", re.MULTILINE)


def blocks(path):
    """Counts the unsafe blocks in a file."""
    found = code(path.read_text())
    return sum(
        (token.text, after.text) == ("unsafe", "{") for token, after in zip(found, found[1:])
    )


def counts():
    """Counts the unsafe blocks of each file with any."""
    numbers = {str(path): blocks(path) for path in rust() if room(path) == "sys"}
    return {path: number for path, number in sorted(numbers.items()) if number}


def page():
    """Returns SECURITY.md as it is, and with the right table.

    The last column is kept; it is empty for a new file.
    """
    text = PAGE.read_text()
    head, heading, section = text.partition(HEADING)
    rows = list(ROW.finditer(section))
    reasons = {row["file"]: row["reason"].strip() for row in rows}
    numbers = counts()
    table = "".join(
        f"| `{path}` | {number} | {reasons.get(path, '')} |\n" for path, number in numbers.items()
    )
    table += f"| all | {sum(numbers.values())} | |\n"
    return text, head + heading + section[: rows[0].start()] + table + section[rows[-1].end() :]


def check():
    """Finds rows that are wrong, missing or incomplete."""
    now, right = page()
    told, true = now.splitlines(), right.splitlines()
    for line in true:
        if line not in told:
            yield f"{PAGE}: missing row: {line}"
        elif ROW.match(line + "\n") and line.endswith("|  |"):
            yield f"{PAGE}: last column is empty: {line}"
    for line in told:
        if line not in true:
            yield f"{PAGE}: wrong row: {line}"
