"""The order that SORT asks for (RFC 5256 section 3): columns of sort keys in, positions out.

Keys are compared as they are: text was mapped by i;unicode-casemap when it was stored. The rules this file must not break: messages
with equal keys stay in mailbox order, also under REVERSE; and no step is longer than a few milliseconds, however many messages there are.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Final, TypeVar

from ..record import record

T = TypeVar("T")

Work = Generator[None, None, T]
"""Something under way: each ``next`` is a bounded piece of work, the result is its return value."""

RUN: Final = 4096
"""Messages sorted in one go; longer runs come of merging."""


@record
class SortColumn:
    """One criterion: a key for each message, in mailbox order."""

    keys: Sequence[int] | Sequence[str]
    reverse: bool = False


def sort(count: int, columns: Sequence[SortColumn]) -> Work[list[int]]:
    """The positions 0 to ``count`` - 1, sorted by the first column, where equal by the second, and so on."""
    order = list(range(count))
    # A stable sort by each criterion, the last one first: so REVERSE works for text as for numbers
    for column in reversed(columns):
        order = yield from _sort_by(order, column.keys.__getitem__, column.reverse)
    return order


def _sort_by(
    order: list[int], key: Callable[[int], int] | Callable[[int], str], reverse: bool
) -> Work[list[int]]:
    """A stable sort in steps: runs, then runs merged two by two (list.sort finds the two runs and only merges)."""
    runs: list[list[int]] = []
    for start in range(0, len(order), RUN):
        run = order[start : start + RUN]
        run.sort(key=key, reverse=reverse)
        runs.append(run)
        yield
    while len(runs) > 1:
        merged: list[list[int]] = []
        for at in range(0, len(runs) - 1, 2):
            both = runs[at] + runs[at + 1]
            both.sort(key=key, reverse=reverse)
            merged.append(both)
            yield
        if len(runs) % 2:
            merged.append(runs[-1])
        runs = merged
    return runs[0] if runs else []
