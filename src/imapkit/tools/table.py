"""Columns of text: fitted to the terminal, and whole, aligned lines where the output goes to a file or a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from .words import one_line

_GAP: Final = "  "
_LEAST: Final = 10
"""Cells below which no column is made narrower."""
_SHORT: Final = 16
"""Cells of a date: columns up to this stay whole as long as wider ones can give way."""


class Table:
    """Prints rows as they come, a batch at a time: columns are as wide as the rows so far need."""

    def __init__(
        self, head: Sequence[str], *, numbers: frozenset[int] = frozenset(), indent: int = 0
    ) -> None:
        """``numbers`` are the columns that go to the right."""
        self._head = [name.upper() for name in head]
        self._numbers = numbers
        self._indent = indent
        self._wanted = [width(name) for name in self._head]
        self._begun = False
        self._terminal = sys.stdout.isatty()

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Print some rows; the head before the first ones."""
        lines = [[one_line(cell) for cell in row] for row in rows]
        self._wanted = [
            max(column) for column in zip(self._wanted, *(map(width, line) for line in lines), strict=True)
        ]
        widths = list(self._wanted)
        if self._terminal:
            gaps = len(_GAP) * (len(self._head) - 1)
            _narrow(widths, shutil.get_terminal_size().columns - self._indent - gaps)
        if not self._begun:
            self._begun = True
            head = self._line(self._head, widths)
            bold = self._terminal and "NO_COLOR" not in os.environ
            print(f"\x1b[1m{head}\x1b[0m" if bold else head)
        for line in lines:
            print(self._line(line, widths))

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        fitted = [
            _cell(text, room, right=column in self._numbers)
            for column, (text, room) in enumerate(zip(cells, widths, strict=True))
        ]
        return (" " * self._indent + _GAP.join(fitted)).rstrip()


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[int] = frozenset(),
    indent: int = 0,
) -> None:
    """Print all rows below a head line."""
    Table(head, numbers=numbers, indent=indent).add(rows)


def width(text: str) -> int:
    """Cells of a terminal that the text takes."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _narrow(widths: list[int], room: int) -> None:
    """Take from the widest column until all fit; from long texts first."""
    every = range(len(widths))
    for columns in ([column for column in every if widths[column] > _SHORT], every):
        while columns and sum(widths) > room:
            widest = max(columns, key=widths.__getitem__)
            if widths[widest] <= _LEAST:
                break
            widths[widest] -= 1


def _cell(text: str, room: int, *, right: bool) -> str:
    have = width(text)
    if have > room:
        text = _shortened(text, room)
        have = width(text)
    space = " " * (room - have)
    return space + text if right else text + space


def _shortened(text: str, room: int) -> str:
    used = 0
    for place, char in enumerate(text):
        used += _cells(char)
        if used > room - 1:
            return text[:place] + "…"
    return text
