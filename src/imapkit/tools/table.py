"""Columns of text: fitted to the terminal, and whole, aligned lines where the output goes to a file or a pipe."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence

from .words import one_line


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[int] = frozenset(),
    indent: int = 0,
) -> None:
    """Print rows below a head line; ``numbers`` are the columns that go to the right."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(head, clean, numbers, indent)
    else:
        _print_plain(head, clean, numbers, indent)


def width(text: str) -> int:
    """Cells of a terminal that the text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _print_plain(head: Sequence[str], rows: list[list[str]], numbers: frozenset[int], indent: int) -> None:
    lines = [[name.upper() for name in head], *rows]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            " " * (room - width(cell)) + cell if column in numbers else cell + " " * (room - width(cell))
            for column, (cell, room) in enumerate(zip(line, widths, strict=True))
        ]
        print(" " * indent + "  ".join(cells).rstrip())


def _print_rich(head: Sequence[str], rows: list[list[str]], numbers: frozenset[int], indent: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    last = len(head) - 1
    for column, name in enumerate(head):
        right = column in numbers
        table.add_column(
            name,
            justify="right" if right else "left",
            style="cyan" if column == 0 else "",
            overflow="ellipsis" if column == last else "fold",
            no_wrap=right or column == last,
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(Padding(table, (0, 0, 0, indent)))
