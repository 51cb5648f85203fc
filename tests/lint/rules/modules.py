# SPDX-License-Identifier: GPL-2.0-only
"""Reads the modules of a crate and resolves paths to the files with the definitions."""

from pathlib import Path
from typing import NamedTuple

from rules.rust import OPENING, closing, code

DEFINING = {"const", "enum", "fn", "macro_rules", "static", "struct", "trait", "type", "union"}
TYPES = {"enum", "struct", "trait", "type", "union"}
QUALIFIERS = {"async", "auto", "const", "default", "extern", "mut", "unsafe", '"'}
# Tokens that may precede an item.
BEFORE_ITEM = {";", "{", "}", ")", "pub", "unsafe"}


class Item(NamedTuple):
    """An item, its kind and the place of its definition."""

    name: str
    kind: str
    file: Path
    line: int


class Use(NamedTuple):
    """A name that a `use` binds in a module; `*` for all names."""

    name: str
    path: tuple
    line: int
    is_private: bool


class Module:
    """A module: a file, or `mod name { … }` in a file."""

    def __init__(self, name, file, parent, folder):
        self.name, self.file, self.parent, self.folder = name, file, parent, folder
        self.crate = parent.crate if parent else self
        # Other crates of the project, by name.
        self.crates = parent.crates if parent else {}
        self.children, self.items, self.uses, self.paths, self.types = {}, {}, [], [], []

    def all(self):
        """Yields this module and its descendants."""
        yield self
        for child in self.children.values():
            yield from child.all()

    def entities(self, name, seen=frozenset()):
        """Finds the modules and items that a name can mean in this module."""
        found = list(self.items.get(name, []))
        if name in self.children:
            found.append(self.children[name])
        if (self, name) in seen:
            return found
        seen = seen | {(self, name)}
        for use in self.uses:
            if use.name == name:
                found += self.resolve(use.path, seen)
        if not found:
            for use in self.uses:
                if use.name == "*":
                    for target in self.resolve(use.path, seen):
                        if isinstance(target, Module):
                            found += target.entities(name, seen)
        return found

    def resolve(self, path, seen=frozenset()):
        """Resolves a path from this module; to nothing if it leads to another project."""
        first, rest = path[0], path[1:]
        if first == "crate":
            found = [self.crate]
        elif first == "self":
            found = [self]
        elif first == "super":
            found = [self.parent] if self.parent else []
            while rest[:1] == ("super",) and found:
                found, rest = [found[0].parent] if found[0].parent else [], rest[1:]
        else:
            found = self.entities(first, seen) or (
                [self.crates[first]] if first in self.crates else []
            )
        for segment in rest:
            # A variant or an associated item counts as its type.
            items = [entity for entity in found if isinstance(entity, Item)]
            found = items + [
                inner
                for entity in found
                if isinstance(entity, Module)
                for inner in entity.entities(segment, seen)
            ]
        return found


def read_crate(root, folder, crates=None):
    """Reads a crate: its root file, the folder of its modules, the crates that it uses by name."""
    module = Module("crate", root, None, folder)
    module.crates.update(crates or {})
    read_file(module)
    return module


def read_file(module):
    """Reads the file of a module and of its descendants."""
    found = code(module.file.read_text())
    read_items(module, found, 0, len(found))


def read_items(module, found, index, end):
    """Reads the tokens of a module from an index to an end."""
    # The kinds of the open blocks: `impl`, `trait`, `extern`, or empty for all others.
    blocks, opens = [], ""
    while index < end:
        text = found[index].text
        before = found[index - 1].text if index else ";"
        begins_item = before in BEFORE_ITEM
        if text == "{":
            blocks.append(opens)
            opens = ""
        elif text == "}" and blocks:
            blocks.pop()
        elif text == ";":
            opens = ""
        elif text == "use" and begins_item:
            index = read_use(module, found, index)
            continue
        elif text == "mod" and begins_item and found[index + 1].is_word:
            index = read_module(module, found, index)
            continue
        elif text in ("impl", "trait", "extern") and begins_item:
            opens = text
        if text in DEFINING and before in BEFORE_ITEM | QUALIFIERS:
            define(module, text, found[index + 2 if text == "macro_rules" else index + 1], blocks)
        if found[index].is_word and before not in ("::", "."):
            index = read_path(module, found, index)
        else:
            index += 1


def define(module, kind, name, blocks):
    """Records an item, if its keyword precedes a name."""
    if not name.is_word or name.text in DEFINING | QUALIFIERS:
        return
    item = Item(name.text, kind, module.file, name.line)
    # Items in functions and `impl` blocks have no path.
    if set(blocks) <= {"extern"}:
        module.items.setdefault(name.text, []).append(item)
    if kind in TYPES and blocks[-1:] not in (["impl"], ["trait"]):
        module.types.append(item)


def read_path(module, found, index):
    """Records the path at an index; returns the index after it."""
    path, line = [found[index].text], found[index].line
    while index + 2 < len(found) and found[index + 1].text == "::" and found[index + 2].is_word:
        index += 2
        path.append(found[index].text)
    module.paths.append((tuple(path), line))
    return index + 1


def read_module(module, found, index):
    """Reads `mod name;` or `mod name { … }`; returns the index after it."""
    name = found[index + 1].text
    folder = module.folder / name
    if found[index + 2].text == "{":
        end = closing(found, index + 2)
        child = module.children[name] = Module(name, module.file, module, folder)
        read_items(child, found, index + 3, end)
        return end + 1
    for file in (module.folder / f"{name}.rs", folder / "mod.rs"):
        if file.exists():
            child = module.children[name] = Module(name, file, module, folder)
            read_file(child)
    return index + 3


def read_use(module, found, index):
    """Reads a `use`; returns the index after it."""
    end = index
    while found[end].text != ";":
        end += 1
    is_private = index == 0 or found[index - 1].text not in ("pub", ")")
    for name, path, line in leaves(found[index + 1 : end], ()):
        module.uses.append(Use(name, path, line, is_private))
    return end + 1


def leaves(tree, prefix):
    """Yields the names in the tree of a `use`, each with its path and line."""
    path, index = prefix, 0
    while index < len(tree):
        token = tree[index]
        if token.text == "{":
            for branch in branches(tree[index + 1 : closing(tree, index)]):
                yield from leaves(branch, path)
            return
        if token.text == "as":
            yield tree[index + 1].text, path, token.line
            return
        if token.text == "*":
            yield "*", path, token.line
            return
        if token.is_word and not (token.text == "self" and path):
            path += (token.text,)
        index += 1
    if path:
        yield path[-1], path, tree[0].line


def branches(tree):
    """Yields the branches of a tree in braces."""
    begin, depth = 0, 0
    for index, token in enumerate(tree):
        depth += (token.text in OPENING) - (token.text in OPENING.values())
        if token.text == "," and depth == 0:
            if index > begin:
                yield tree[begin:index]
            begin = index + 1
    if begin < len(tree):
        yield tree[begin:]
