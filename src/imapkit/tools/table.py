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


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[int] = frozenset(),
    indent: int = 0,
) -> None:
    """Print rows below a head line; ``numbers`` are the columns that go to the right."""
    lines = [[name.upper() for name in head], *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    terminal = sys.stdout.isatty()
    if terminal:
        _narrow(widths, shutil.get_terminal_size().columns - indent - len(_GAP) * (len(head) - 1))
    bold = terminal and "NO_COLOR" not in os.environ
    for count, line in enumerate(lines):
        cells = [
            _cell(text, room, right=column in numbers)
            for column, (text, room) in enumerate(zip(line, widths, strict=True))
        ]
        text = (" " * indent + _GAP.join(cells)).rstrip()
        print(f"\x1b[1m{text}\x1b[0m" if bold and count == 0 else text)


def width(text: str) -> int:
    """Cells of a terminal that the text takes."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _narrow(widths: list[int], room: int) -> None:
    """Take from the widest column until all fit."""
    while sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _LEAST:
            return
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
