"""Write the forwarding methods of both clients: one for each verb (op) of each feature, with its signature and docstring.

The source is the text of the feature files, so types are copied as they were written. Only client/_async/verbs.py is made here;
unasync makes its twin.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from imapkit.features.catalogue import built_in
from scripts.generators import Files, tidy
from scripts.generators import Generator as FileGenerator

TARGET = Path("src/imapkit/client/_async/verbs.py")
# Verbs whose form in the client is written by hand (client/_async/client.py), or is called otherwise there.
BY_HAND = {"select", "examine", "resync", "logout", "append"}
WIDTH = 128
RENAMED = {"close": "close_and_expunge"}

HEAD = '''# Generated from imapkit/features by scripts/gen_client.py; do not edit: the next run overwrites it.
"""Every verb of every feature as a method; each forwards to the verb, and imports its feature when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    {needed}

T = TypeVar("T")


class AsyncVerbs:
    """The verbs. Messages are named by UID unless ``uid=False`` says otherwise."""

    @property
    def session(self) -> AsyncConnection:
        """What the server said of itself and of the session."""
        raise NotImplementedError

    async def run(self, op: Op[T]) -> T:
        """Run a verb to its result."""
        raise NotImplementedError

'''


def render(root: Path) -> Files:
    """The file as it should be."""
    methods: list[str] = []
    imports: set[str] = set()
    for feature in built_in():
        for name, verb in feature.ops.items():
            if name not in BY_HAND:
                methods.append(_method(name, verb, imports))
    head = HEAD.format(needed="\n    ".join(sorted(imports | _OWN)))
    return {TARGET: tidy(head + "\n".join(methods), TARGET)}


_OWN = {"from ...ports.client import Op", "from .connection import AsyncConnection"}


def _method(name: str, verb: Callable[..., Generator[Any, Any, Any]], imports: set[str]) -> str:
    """The method, and in *imports* what its annotations need."""
    node = ast.parse(inspect.getsource(verb)).body[0]
    assert isinstance(node, ast.FunctionDef)
    module = verb.__module__.removeprefix("imapkit.")
    result = _result(node)
    arguments = node.args
    takes_session = bool(arguments.args) and arguments.args[0].arg == "session"
    if takes_session:
        del arguments.args[0]
    for annotation in [result, *(one.annotation for one in _every(arguments))]:
        if annotation is not None:
            _collect(annotation, verb, imports)
    passed = [*(["self.session"] if takes_session else []), *(one.arg for one in arguments.args)]
    passed += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    passed += [f"{one.arg}={one.arg}" for one in arguments.kwonlyargs]
    arguments.args.insert(0, ast.arg("self"))
    doc = ast.get_docstring(node, clean=False) or ""
    prefix = "r" if "\\" in doc else ""
    shown = ast.unparse(arguments)
    return (
        f"    async def {RENAMED.get(name, name)}({shown}) -> {ast.unparse(result)}:\n"
        f'        {prefix}"""{_indent(doc)}"""\n'
        f"        from ...{module} import {name} as verb\n\n"
        f"        return await self.run(verb({', '.join(passed)}))\n"
    )


def _indent(doc: str) -> str:
    """The docstring one level deeper, paragraphs with long lines filled anew."""
    paragraphs = inspect.cleandoc(doc).split("\n\n")
    filled = [
        textwrap.fill(" ".join(text.splitlines()), WIDTH, break_on_hyphens=False, break_long_words=False)
        if any(len(line) > WIDTH for line in text.splitlines())
        else text
        for text in paragraphs
    ]
    shown = textwrap.indent("\n\n".join(filled), "        ").lstrip()
    return shown + ("\n        " if "\n" in shown else "")


def _every(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.args, *arguments.kwonlyargs, *([arguments.vararg] if arguments.vararg else [])]


def _result(node: ast.FunctionDef) -> ast.expr:
    """The T of ``Op[T]``."""
    if not isinstance(node.returns, ast.Subscript) or ast.unparse(node.returns.value) != "Op":
        raise ValueError(f"the verb {node.name} does not return Op[...]")
    return node.returns.slice


def _collect(annotation: ast.expr, verb: Callable[..., object], imports: set[str]) -> None:
    """Where each name of an annotation comes from: the feature's own module, or what that imports."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and not hasattr(builtins, node.id):
            imports.add(f"from {_origin(node.id, verb)} import {node.id}")


def _origin(name: str, verb: Callable[..., object]) -> str:
    """The module to import a name from, as verbs.py has to write it."""
    tree = ast.parse(Path(inspect.getsourcefile(verb) or "").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any((one.asname or one.name) == name for one in node.names):
            if not node.level:
                return node.module or ""
            here = verb.__module__.removeprefix("imapkit.").split(".")[: -node.level]
            return "..." + ".".join([*here, node.module or ""]).strip(".")
    return "..." + verb.__module__.removeprefix("imapkit.")


GENERATOR = FileGenerator("client verbs", render)
