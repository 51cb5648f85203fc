# SPDX-License-Identifier: GPL-2.0-only
"""C functions are declared in src/sys/ffi only."""

from pathlib import Path

from rules.files import rust
from rules.rust import code

HOME = Path("src/sys/ffi")


def check():
    """Finds `extern` blocks in other files."""
    for path in rust():
        found = code(path.read_text())
        for token, abi, after in zip(found, found[1:], found[2:]):
            if (token.text, abi.text, after.text) == ("extern", '"', "{") and HOME not in (path.with_suffix(""), path.parent):
                yield f"{path}:{token.line}: extern block outside {HOME}"
