# SPDX-License-Identifier: GPL-2.0-only
"""The module contains no explicit panic."""

from rules.files import rust
from rules.rust import code

METHODS = {"expect", "unwrap"}
MACROS = {"panic", "todo", "unimplemented", "unreachable"}


def check():
    """Finds calls that panic."""
    for path in rust():
        found = code(path.read_text())
        for before, token, after in zip(found, found[1:], found[2:]):
            if (
                token.text in METHODS
                and (before.text, after.text) == (".", "(")
                or token.text in MACROS
                and after.text == "!"
            ):
                yield f"{path}:{token.line}: {token.text}"
