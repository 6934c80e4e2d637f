"""Imports point down only. The table below is the architecture; a new top-level module needs a row in it.

Checked over every import, those inside functions and under TYPE_CHECKING too: none points up, the siblings of
layer 5 do not know each other, there is no cycle of modules nor of packages, and the library core imports the
standard library alone.
"""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable

import pytest

from .imports import PACKAGE, Import, find_cycle, graph, imports_of, modules

LAYERS: dict[int, tuple[str, ...]] = {
    0: ("errors", "record", "_pure"),
    1: ("wire",),
    2: ("protocol", "sasl", "message", "query"),
    3: ("ports",),
    4: ("features",),
    5: ("client", "server", "stores"),
    6: ("tools", "testing"),
}
# Layers whose members never import each other.
STRANGERS = {5}
# What `pip install imapkit` brings, with nothing else: these import the standard library alone.
CORE = {
    "errors",
    "record",
    "_pure",
    "wire",
    "protocol",
    "sasl",
    "message",
    "query",
    "ports",
    "features",
    "client",
}
# The entrance (imapkit/__init__.py) names everything lazily, so it is above all but the tools.
ENTRANCE = 5.5
# The module that runs the command line: `python -m imapkit`.
TOP = {"__main__": 7.0}

LEVEL: dict[str, float] = {part: level for level, parts in LAYERS.items() for part in parts} | TOP


def part_of(module: str) -> str:
    """`wire` for imapkit.wire.cursor; the empty string for the entrance."""
    return module.partition(".")[2].partition(".")[0]


def level_of(module: str) -> float:
    part = part_of(module)
    return LEVEL[part] if part else ENTRANCE


def inside() -> dict[str, tuple[Import, ...]]:
    """The imports of the package's own modules, the entrance's apart: it may name anything."""
    return {
        name: tuple(item for item in imports if item.target.split(".")[0] == PACKAGE)
        for name, imports in graph().items()
        if name != PACKAGE
    }


def test_every_module_has_a_layer() -> None:
    strange = {module for module in modules() if module != PACKAGE and part_of(module) not in LEVEL}
    assert not strange, f"no layer in LAYERS for {sorted(strange)}"


def test_imports_point_down() -> None:
    wrong = [
        f"{modules()[name]}:{item.line}: {part_of(name)} imports {item.target}, which is above it"
        for name, imports in inside().items()
        for item in imports
        if part_of(item.target) in LEVEL or item.target == PACKAGE
        if level_of(item.target) > level_of(name)
    ]
    assert not wrong, "\n".join(wrong)


def test_imports_exist() -> None:
    """A wrong name in a function-level import would otherwise be found by a user."""
    wrong = [
        f"{modules()[name]}:{item.line}: there is no module {item.target}"
        for name, imports in inside().items()
        for item in imports
        if item.target not in modules()
    ]
    assert not wrong, "\n".join(wrong)


def test_siblings_do_not_know_each_other() -> None:
    wrong = [
        f"{modules()[name]}:{item.line}: {part_of(name)} imports {item.target}, its sibling"
        for name, imports in inside().items()
        for item in imports
        if part_of(name) != part_of(item.target)
        and level_of(name) == level_of(item.target)
        and level_of(name) in STRANGERS
    ]
    assert not wrong, "\n".join(wrong)


def test_no_cycle_of_modules() -> None:
    edges = {name: {item.target for item in imports} - {name} for name, imports in inside().items()}
    cycle = find_cycle(edges)
    assert cycle is None, " -> ".join(cycle or [])


def test_no_cycle_of_packages() -> None:
    edges: dict[str, set[str]] = defaultdict(set)
    for name, imports in inside().items():
        edges[part_of(name)] |= {part_of(item.target) for item in imports} - {part_of(name)}
    cycle = find_cycle(edges)
    assert cycle is None, " -> ".join(cycle or [])


def test_core_imports_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names | {PACKAGE}
    wrong = [
        f"{modules()[name]}:{item.line}: the core imports {item.target}"
        for name, imports in graph().items()
        if part_of(name) in CORE or name == PACKAGE
        for item in imports
        if item.target.split(".")[0] not in allowed
    ]
    assert not wrong, "\n".join(wrong)


_PROBE = f"""
import sys, time
before = set(sys.modules)
start = time.perf_counter()
import {PACKAGE}
{PACKAGE}.Client
took = time.perf_counter() - start
print(f"{{took * 1000:.0f}}", *sorted(set(sys.modules) - before))
"""


def test_the_client_loads_neither_third_parties_nor_the_server(
    record_property: Callable[[str, object], None],
) -> None:
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    took, *loaded = done.stdout.split()
    # Reported, not asserted: a busy machine is not a slower import. The budget is 60 ms.
    record_property("import_milliseconds", took)
    foreign = {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names | {PACKAGE}}
    assert not foreign
    assert not [name for name in loaded if part_of(name) in {"server", "stores", "tools", "testing"}]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import imapkit.wire.cursor", {"imapkit.wire.cursor"}),
        ("from imapkit.wire import cursor, NAME", {"imapkit.wire.cursor", "imapkit.wire"}),
        ("from ..wire.cursor import Cursor", {"imapkit.wire.cursor"}),
        ("from . import sibling", {"imapkit.protocol"}),
        ("def f():\n    from ..server import listener", {"imapkit.server"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy", {"typing", "numpy"}),
    ],
)
def test_the_reader_of_imports(source: str, expected: set[str]) -> None:
    """The check itself is checked: each spelling of an import is seen."""
    known = frozenset({"imapkit.wire", "imapkit.wire.cursor", "imapkit.protocol.x"})
    found = imports_of(source, "imapkit.protocol.x", is_package=False, known=known)
    assert {item.target for item in found} == expected


def test_the_finder_of_cycles() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": set()}) is None
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
