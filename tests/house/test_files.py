"""What every file of the repository owes its reader: a size, a docstring, no loose ends, no foreign paths."""

import ast
import importlib
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from .imports import ROOT, SOURCE, modules

LINES = 600
GENERATED = re.compile(r"generated from .*do not edit", re.IGNORECASE)
# Spelled in pieces, so that this file does not hold what it looks for.
LOOSE_ENDS = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME")) + r")\b")
FOREIGN = re.compile(
    r"(?<![\w.:/-])/(?:" + "|".join(("work", "farm", "root", "opt")) + r")/|\.\./" + "shared/|/tmp/" + "spec"
)


@cache
def tracked() -> tuple[Path, ...]:
    """The text files that belong to the repository (or would, once added)."""
    # CI may run as another user than the owner of the clone, which git would refuse.
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=30)
    paths = [ROOT / name.decode() for name in done.stdout.split(b"\0") if name]
    return tuple(path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192])


def python() -> list[Path]:
    """The Python files, scripts without an extension apart."""
    return [path for path in tracked() if path.suffix == ".py"]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def is_generated(path: Path) -> bool:
    return bool(GENERATED.search("\n".join(read(path).splitlines()[:5])))


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_python_file_is_too_long() -> None:
    long = {where(path): len(read(path).splitlines()) for path in python() if not is_generated(path)}
    assert not {name: lines for name, lines in long.items() if lines > LINES}


def test_every_module_says_what_it_is() -> None:
    """A docstring at the head; the empty __init__.py of a directory of tests is exempt."""
    silent = [
        where(path)
        for path in python()
        if (path.name != "__init__.py" or SOURCE in path.parents)
        if not ast.get_docstring(ast.parse(read(path), filename=where(path)))
    ]
    assert not silent


def test_no_loose_ends() -> None:
    found = [
        f"{where(path)}:{number}: {line.strip()}"
        for path in python()
        for number, line in enumerate(read(path).splitlines(), 1)
        if LOOSE_ENDS.search(line)
    ]
    assert not found, "\n".join(found)


def test_no_path_of_one_machine() -> None:
    found = [
        f"{where(path)}:{number}: {line.strip()[:120]}"
        for path in tracked()
        for number, line in enumerate(read(path).splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert not found, "\n".join(found)


def test_every_directory_of_modules_is_a_package() -> None:
    bare = {
        where(path.parent)
        for path in python()
        if path.is_relative_to(SOURCE / "imapkit") or path.is_relative_to(ROOT / "tests")
        if not (path.parent / "__init__.py").exists()
    }
    assert not bare


def test_names_of_test_files_are_unique() -> None:
    names = Counter(path.name for path in python() if path.name.startswith("test_"))
    assert not [name for name, count in names.items() if count > 1]


def exported(path: Path) -> list[str] | None:
    """The literal `__all__` of a module, or None when it has none."""
    for node in ast.parse(read(path), filename=where(path)).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return [str(item.value) for item in ast.walk(node) if isinstance(item, ast.Constant)]
    return None


PACKAGES = sorted(name for name, path in modules().items() if path.name == "__init__.py")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_that_reexports_lists_what_it_exports(name: str) -> None:
    """An `__init__.py` that imports names from below has an `__all__`, and each name in it is there."""
    path = modules()[name]
    names = exported(path)
    imports = [
        node for node in ast.parse(read(path), filename=where(path)).body if isinstance(node, ast.ImportFrom)
    ]
    reexports = [node for node in imports if node.level or (node.module or "").startswith("imapkit")]
    if names is None:
        assert not reexports, f"{where(path)} re-exports names and has no __all__"
        return
    assert len(names) == len(set(names))
    module = importlib.import_module(name)
    assert not [entry for entry in names if not hasattr(module, entry)]
