"""How the demo speaks: headings, the Python lines that do the work, and what came of them; colours on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from .table import print_table
from .words import clean

_BOLD, _DIM, _GREEN, _BLUE, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[34m", "\x1b[0m"


class Stage:
    """Writes to standard output."""

    def __init__(self) -> None:
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._number = 0

    def title(self, text: str) -> None:
        print(self._in(_BOLD, text))

    def step(self, text: str, *code: str) -> None:
        """A numbered heading, and the lines of Python that follow from it."""
        self._number += 1
        print(f"\n{self._in(_BOLD + _GREEN, f'{self._number}. {text}')}")
        for line in code:
            print(f"   {self._in(_BLUE, f'>>> {line}')}")
        sys.stdout.flush()

    def say(self, *lines: str) -> None:
        for line in lines:
            print(f"   {clean(line)}".rstrip())
        sys.stdout.flush()

    def aside(self, text: str) -> None:
        print(f"   {self._in(_DIM, clean(text))}")

    def table(
        self, head: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int] = frozenset()
    ) -> None:
        print_table(head, rows, numbers=numbers, indent=3)

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colours else text
