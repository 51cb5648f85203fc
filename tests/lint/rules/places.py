# SPDX-License-Identifier: GPL-2.0-only
"""Unsafe code, raw bindings and what depends on the version of Linux are in src/sys only; `protocol`
uses neither kernel nor std."""

from rules.files import room, rust
from rules.rust import code


def check():
    """Finds code in the wrong place."""
    for path in rust():
        found = code(path.read_text())
        for token, after in zip(found, found[1:]):
            place = f"{path}:{token.line}"
            if room(path) != "sys":
                if token.text == "unsafe":
                    yield f"{place}: unsafe code outside src/sys"
                if (token.text, after.text) == ("bindings", "::"):
                    yield f"{place}: raw bindings outside src/sys"
                if token.text.startswith("khttpd_linux_"):
                    yield f"{place}: a version of Linux outside src/sys"
            if (
                room(path) == "protocol"
                and token.text in ("alloc", "kernel", "std")
                and after.text == "::"
            ):
                yield f"{place}: protocol uses {token.text}"
