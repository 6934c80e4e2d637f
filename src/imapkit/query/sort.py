"""The order that SORT asks for (RFC 5256 section 3): columns of sort keys in, positions out.

Keys are compared as they are: text was mapped by i;unicode-casemap when it was stored. The rules this file must not break: messages
with equal keys stay in mailbox order, also under REVERSE; and no step is longer than a few milliseconds, however many messages there are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Sequence
from itertools import chain
from typing import Final, TypeVar

from ..record import record

T = TypeVar("T")

Work = Generator[None, None, T]
"""Something under way: each ``next`` is a bounded piece of work, the result is its return value."""

Key = Callable[[int], int] | Callable[[int], str]

RUN: Final = 4096
"""Messages sorted in one go."""
_SAMPLE: Final = 4096


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


def _sort_by(order: list[int], key: Key, reverse: bool) -> Work[list[int]]:
    """A stable sort in steps: runs, cut at the same keys, then all pieces between two cuts sorted together."""
    if len(order) <= RUN:
        order.sort(key=key, reverse=reverse)
        return order
    runs: list[list[int]] = []
    for start in range(0, len(order), RUN):
        run = order[start : start + RUN]
        run.sort(key=key)
        runs.append(run)
        yield
    # Pieces are joined in mailbox order and equal keys are never apart, so list.sort keeps equals as they were
    buckets: list[list[int]] = []
    starts = [0] * len(runs)
    for cut in _cuts(runs, key):
        bucket: list[int] = []
        for number, run in enumerate(runs):
            end = bisect_left(run, cut, lo=starts[number], key=key)
            bucket += run[starts[number] : end]
            starts[number] = end
        buckets.append(bucket)
        yield
    buckets.append([at for start, run in zip(starts, runs, strict=True) for at in run[start:]])
    for bucket in buckets:
        bucket.sort(key=key, reverse=reverse)
        yield
    if reverse:
        buckets.reverse()
    return list(chain.from_iterable(buckets))


def _cuts(runs: list[list[int]], key: Key) -> Sequence[int | str]:
    """Keys that part all messages into about as many pieces as there are runs."""
    step = max(1, len(runs) * RUN // _SAMPLE)
    sample = sorted([key(at) for run in runs for at in run[::step]])
    apart = max(1, len(sample) // len(runs))
    return sample[apart::apart]
