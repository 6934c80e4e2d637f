"""Runs the rows: every row on every server in turn, round by round, so that noise of the machine meets all alike."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench import (
    rows_cold,
    rows_compress,
    rows_fetch,
    rows_idle,
    rows_indexed,
    rows_mixed,
    rows_names,
    rows_search,
    rows_session,
    rows_sort,
    rows_sync,
    rows_write,
)
from bench.bed import Bed, Row
from bench.load import NotOffered, WrongAnswer

ROWS: list[Row] = [
    *rows_cold.ROWS,
    *rows_cold.first_times(rows_sort.FIRST, quick=False),
    *rows_idle.ROWS,
    *rows_session.ROWS,
    *rows_fetch.ROWS,
    *rows_compress.ROWS,
    *rows_sort.ROWS,
    *rows_search.ROWS,
    *rows_sync.ROWS,
    *rows_write.ROWS,
    *rows_indexed.ROWS,
    *rows_mixed.ROWS,
    *rows_names.ROWS,
    *rows_search.LAST,
]


@dataclass
class Cell:
    """What one server gave for one row."""

    values: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    wrong: str = ""
    slow: bool = False
    not_offered: bool = False
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median; None where the answer was wrong or there is none."""
        return statistics.median(self.values) if self.values and not self.wrong else None


@dataclass
class Line:
    """One row with the cells of all servers, in the order of the servers."""

    row: Row
    cells: list[Cell]

    def reached(self) -> float | None:
        """How much of what is aimed at the first server has (below one: it falls short); None where that cannot be said."""
        ours, ratio = self.cells[0].value, self.ratio()
        if self.row.limit is not None and ours:
            return ours / self.row.limit if self.row.more_is_better else self.row.limit / ours
        return None if self.row.target is None or ratio is None else ratio / self.row.target

    def ratio(self) -> float | None:
        """How much better the first server is than the best of the others (above one: better)."""
        ours, peers = self.cells[0].value, [cell.value for cell in self.cells[1:] if cell.value]
        if not ours or not peers:
            return None
        return ours / max(peers) if self.row.more_is_better else min(peers) / ours


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def run_rows(beds: Sequence[Bed], rows: Iterable[Row], rounds: int) -> list[Line]:
    """All rows on all beds."""
    lines = []
    for row in rows:
        line = Line(row, [Cell() for _ in beds])
        started = time.perf_counter()
        for round_ in range(1 if row.once else rounds):
            for bed, cell in zip(beds, line.cells, strict=True):
                cell.not_offered |= row.alone and bed is not beds[0]
                if not (cell.wrong or cell.slow or cell.not_offered):
                    _one(bed, row, round_, cell)
        lines.append(line)
        shown = "  ".join(_shown(cell) for cell in line.cells)
        say(f"{row.name:40} {row.unit:10} {shown}   [{time.perf_counter() - started:.1f} s]")
    return lines


def _shown(cell: Cell) -> str:
    if cell.value is None:
        return "-" if cell.not_offered else "(!)"
    return f"{cell.value:.4g}"


def _one(bed: Bed, row: Row, round_: int, cell: Cell) -> None:
    bed.cpu_used, bed.note = 0.0, ""
    started = time.perf_counter()
    try:
        cell.values.append(row.run(bed, round_))
        cell.cpu.append(bed.cpu_used)
        cell.note = bed.note
    except NotOffered:
        cell.not_offered = True
    except (WrongAnswer, OSError) as error:
        cell.wrong = " ".join([str(error) or type(error).__name__, *getattr(error, "__notes__", ())])
        say(f"    (!) {bed.server.name}: {row.name}: {cell.wrong}")
        bed.drop_connections()
    cell.slow = time.perf_counter() - started > row.patience
