# SPDX-License-Identifier: GPL-2.0-only
"""Splits Rust into tokens, without comments and without tests."""

import re
from typing import NamedTuple

TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*)
    | (?P<comment>/\*)
    | (?P<text>[bc]?"(?:[^"\\]|\\.)*"
        | [bc]?r(?P<hashes>\#*)".*?"(?P=hashes)
        | b?'(?:[^'\\\n]|\\[^\n]+?)')
    | (?P<lifetime>'\w+)
    | (?P<number>\d[\w]*)
    | (?P<word>(?:r\#)?[A-Za-z_]\w*)
    | (?P<sign>::|->|=>|.)
    """,
    re.VERBOSE | re.DOTALL,
)

OPENING = {"{": "}", "(": ")", "[": "]"}
ITEMS = {
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
}


class Token(NamedTuple):
    """A token with its line number. The text of a literal is replaced by its first character."""

    text: str
    line: int

    @property
    def is_word(self):
        return self.text[0].isalpha() or self.text[0] == "_"


def tokens(source):
    """Splits a source file into tokens."""
    found, position, line = [], 0, 1
    while position < len(source):
        match = TOKEN.match(source, position)
        kind, end = match.lastgroup, match.end()
        if kind == "comment":
            end = end_of_comment(source, position)
        elif kind in ("text", "hashes"):
            found.append(Token('"', line))
        elif kind == "number":
            found.append(Token("0", line))
        elif kind == "lifetime":
            found.append(Token("'", line))
        elif kind != "space":
            found.append(Token(match[0].removeprefix("r#"), line))
        line += source.count("\n", position, end)
        position = end
    return found


def end_of_comment(source, position):
    """Finds the position after a block comment, which may contain others."""
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(source, position):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(source)


def closing(found, index):
    """Finds the index of the bracket that closes the one at an index."""
    depth = 0
    for position in range(index, len(found)):
        if found[position].text in OPENING:
            depth += 1
        elif found[position].text in OPENING.values():
            depth -= 1
            if depth == 0:
                return position
    return len(found) - 1


def code(source):
    """Splits a source file into tokens, without attributes and without items for tests."""
    found, kept, index = tokens(source), [], 0
    while index < len(found):
        if (
            found[index].text != "#"
            or index + 1 == len(found)
            or found[index + 1].text not in ("[", "!")
        ):
            kept.append(found[index])
            index += 1
            continue
        bracket = index + 1 if found[index + 1].text == "[" else index + 2
        end = closing(found, bracket)
        attribute = [token.text for token in found[bracket + 1 : end]]
        index = end_of_item(found, end + 1) if is_for_tests(attribute) else end + 1
    return kept


def is_for_tests(attribute):
    """Tells whether an attribute marks an item as part of the tests."""
    if attribute[0] == "kunit_tests" or attribute == ["test"]:
        return True
    return (
        attribute[0] == "cfg"
        and "not" not in attribute
        and ("test" in attribute or "CONFIG_KUNIT" in attribute)
    )


def end_of_item(found, index):
    """Finds the index after the item at an index; the same index if it is not an item."""
    begin = index
    while index < len(found) and found[index].text == "#":
        index = closing(found, index + 1) + 1
    if found[index].text == "pub":
        index += 1
        if found[index].text == "(":
            index = closing(found, index) + 1
    keyword = found[index].text
    if keyword not in ITEMS:
        return begin
    braces_end_it = keyword not in ("use", "static") and (
        keyword != "const" or found[index + 1].text in ("fn", "unsafe")
    )
    while index < len(found):
        text = found[index].text
        if text == ";":
            return index + 1
        if text in OPENING:
            index = closing(found, index)
            if text == "{" and braces_end_it:
                return index + 1
        index += 1
    return index
