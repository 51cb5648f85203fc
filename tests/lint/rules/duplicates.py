# SPDX-License-Identifier: GPL-2.0-only
"""Type names are unique in the module and `protocol` together."""

from pathlib import Path

from rules.modules import read_crate

# Names that Rust itself repeats.
ALLOWED = {"Error", "IntoIter", "Item", "Iter", "Output", "Result", "Target"}


def check():
    """Finds the definitions of names that are defined more than once."""
    places = {}
    for root, folder in (("src/khttpd.rs", "src"), ("src/protocol/lib.rs", "src/protocol")):
        for module in read_crate(Path(root), Path(folder)).all():
            for item in module.types:
                places.setdefault(item.name, []).append(
                    f"{item.file}:{item.line}: {item.kind} {item.name}"
                )
    for name in sorted(places):
        if len(places[name]) > 1 and name not in ALLOWED:
            yield from places[name]
