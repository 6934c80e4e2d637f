"""Every import of the package, read from the syntax tree: at the top, inside functions, under TYPE_CHECKING.

`graph()` maps a module of the package to the modules it names. An import of a name that is itself a module
(`from imapkit.wire import cursor`) counts as an import of that module, not of the package around it.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
PACKAGE = "imapkit"


class Import(NamedTuple):
    """One imported module, and the line that imports it."""

    target: str
    line: int


def module_name(path: Path) -> str:
    """`imapkit.wire.cursor` for src/imapkit/wire/cursor.py; a package has the name of its directory."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    return {module_name(path): path for path in sorted((SOURCE / PACKAGE).rglob("*.py"))}


def imports_of(source: str, name: str, is_package: bool, known: frozenset[str]) -> Iterator[Import]:
    """What the module *name* with this source imports; *known* are the modules of the package."""
    for node in ast.walk(ast.parse(source, filename=name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                around = name.split(".") if is_package else name.split(".")[:-1]
                around = around[: len(around) - (node.level - 1)]
                base = ".".join([*around, base] if base else around)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield Import(inner if inner in known else base, node.lineno)


@cache
def graph() -> dict[str, tuple[Import, ...]]:
    """The imports of every module, in order of appearance."""
    known = frozenset(modules())
    return {
        name: tuple(imports_of(path.read_text(), name, path.name == "__init__.py", known))
        for name, path in modules().items()
    }


def find_cycle(edges: dict[str, set[str]]) -> list[str] | None:
    """One cycle of the graph as a path whose first and last node are the same, or None."""
    done: set[str] = set()
    for start in sorted(edges):
        path: list[str] = []
        # Depth first with an explicit stack: (node, the neighbours still to visit).
        stack: list[tuple[str, Iterator[str]]] = []
        if start not in done:
            stack.append((start, iter(sorted(edges[start]))))
            path.append(start)
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                path.pop()
                done.add(node)
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                stack.append((following, iter(sorted(edges.get(following, ())))))
    return None
