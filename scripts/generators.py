"""What a generator of files is, and the one way in which all of them write and check.

A generator says which files it alone owns (globs) and renders their whole text. Checking compares whole files, and
finds files that a generator owns but no longer renders.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Files = dict[Path, str]


@dataclass(frozen=True)
class Generator:
    """One kind of generated file. Paths are relative to the root of the repository."""

    name: str
    render: Callable[[Path], Files]
    owns: tuple[str, ...] = ()

    def stray(self, root: Path, rendered: Files) -> list[Path]:
        """Files in the generator's own places that it does not write."""
        present = {path.relative_to(root) for glob in self.owns for path in root.glob(glob) if path.is_file()}
        return sorted(present - rendered.keys())

    def check(self, root: Path) -> list[str]:
        """What differs between the files and what the generator would write; nothing when all is well."""
        rendered = self.render(root)
        problems = [f"{path}: not made by the generator {self.name}" for path in self.stray(root, rendered)]
        for path, text in rendered.items():
            file = root / path
            if not file.exists():
                problems.append(f"{path}: missing")
            elif file.read_text(encoding="utf-8") != text:
                problems.append(f"{path}: differs from its source")
        return problems

    def write(self, root: Path) -> list[Path]:
        """Write what differs, remove what is stray; the paths touched."""
        rendered = self.render(root)
        touched = self.stray(root, rendered)
        for path in touched:
            (root / path).unlink()
        for path, text in rendered.items():
            file = root / path
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
                touched.append(path)
        return touched


def tidy(source: str, name: Path) -> str:
    """The source with imports sorted and lines laid out as ruff does for every file of the repository."""
    for arguments in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(name), "-"],
            input=source, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        if done.returncode != 0:
            raise ValueError(f"{name}: the generated text is not valid Python:\n{done.stdout}{done.stderr}")
        source = done.stdout
    return source


def run(generators: list[Generator], root: Path, check: bool) -> int:
    """Check or write everything; 0 when nothing differed (or all was written), 1 otherwise."""
    if not check:
        for generator in generators:
            for path in generator.write(root):
                print(f"{generator.name}: {path}")
        return 0
    problems = [problem for generator in generators for problem in generator.check(root)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print("scripts/generate.py writes them all.", file=sys.stderr)
    return 1 if problems else 0
