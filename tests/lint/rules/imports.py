# SPDX-License-Identifier: GPL-2.0-only
"""Finds the imports between the files of a crate."""

from typing import NamedTuple

from rules.modules import Item, Module


class Import(NamedTuple):
    """A path in a file that resolves to a definition in another file."""

    user: object
    line: int
    path: str
    used: object


def imports(crate):
    """Finds all imports between the files of a crate.

    - `mod child;` is not an import.
    - `use` is an import if the file itself uses the name. A re-export for other files is not.
    - An imported module is not an import; the paths that begin with its name are.
    """
    found = set()
    for module in crate.all():
        words = {path[0] for path, _ in module.paths}
        known = {use.name for use in module.uses} | set(module.items)
        for use in module.uses:
            definitions = defined(module, use.path)
            # Methods of a trait are called without the name of the trait.
            if (
                use.name in words
                or use.is_private
                and any(item.kind == "trait" for item in definitions)
            ):
                found |= {
                    Import(module.file, use.line, "::".join(use.path), item.file)
                    for item in definitions
                }
        for path, line in module.paths:
            # A single word can only be a name that a glob import binds.
            if len(path) > 1 or path[0] not in known:
                found |= {
                    Import(module.file, line, "::".join(path), item.file)
                    for item in defined(module, path)
                }
    return sorted(edge for edge in found if edge.user != edge.used)


def defined(module, path):
    """Resolves a path to items.

    A name without a definition in its module is taken to be defined there by a macro.
    """
    found = module.resolve(path)
    if found or len(path) == 1:
        return [entity for entity in found if isinstance(entity, Item)]
    holders = [entity for entity in module.resolve(path[:-1]) if isinstance(entity, Module)]
    return [
        Item(path[-1], "macro", holder.file, 0) for holder in holders if not brings_unknown(holder)
    ]


def brings_unknown(module):
    """Tells whether a module has a glob import from another project."""
    return any(use.name == "*" and not module.resolve(use.path) for use in module.uses)
