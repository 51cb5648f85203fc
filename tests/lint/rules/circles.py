# SPDX-License-Identifier: GPL-2.0-only
"""Files of a room do not import each other in a circle; imports between rooms run one way."""

from pathlib import Path

from rules.files import ROOMS, room
from rules.imports import imports
from rules.modules import read_crate

# Defined at the root of the crate by the kernel's macro `module!`.
MADE_BY_KERNEL = "crate::LocalModule"


def check():
    """Finds circles, each with its imports, and imports against the order of the rooms."""
    protocol = read_crate(Path("src/protocol/lib.rs"), Path("src/protocol"))
    module = read_crate(Path("src/khttpd.rs"), Path("src"), {"protocol": protocol})
    edges = [edge for edge in imports(module) + imports(protocol) if edge.path != MADE_BY_KERNEL]
    for edge in edges:
        if not may_use(room(edge.user), room(edge.used)):
            yield f"{told(edge)}, against the order {' → '.join(ROOMS[:-1])}, {ROOMS[-1]}"
    for circle in circles([edge for edge in edges if room(edge.user) == room(edge.used)]):
        yield f"circle of {len(circle)} files: {' '.join(map(str, circle))}"
        for user in circle:
            for used in circle:
                between = [edge for edge in edges if (edge.user, edge.used) == (user, used)]
                if between:
                    yield f"    {user}:{between[0].line}: {used}: {names(between)}"


def told(edge):
    """Describes an import."""
    return f"{edge.user}:{edge.line}: {edge.path} is in {edge.used}"


def names(edges):
    """Lists the paths of imports, except those that begin with the name of another import."""
    brought = {
        edge.path.rpartition("::")[2]
        for edge in edges
        if edge.path.startswith(("super", "self", "crate"))
    }
    return ", ".join(
        dict.fromkeys(edge.path for edge in edges if edge.path.partition("::")[0] not in brought)
    )


def may_use(user, used):
    """Tells whether a room may use another."""
    return user == used or ROOMS.index(user) < ROOMS.index(used) and user != "protocol"


def circles(edges):
    """Finds the strongly connected files, largest set first, by Tarjan's algorithm."""
    graph = {}
    for edge in edges:
        graph.setdefault(edge.user, set()).add(edge.used)
        graph.setdefault(edge.used, set())
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in number:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == number[node]:
            at = stack.index(node)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return sorted((circle for circle in found if len(circle) > 1), key=len, reverse=True)
