"""Texts as ranks: numbers that compare as the texts do, so that sorting needs no text.

Ranks lie far apart: a text that comes later finds its own between those of its neighbours, which are found by bisection. The rule this
file must not break: equal texts have equal ranks, and of two others the lesser text has the lesser rank.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from imapkit.query.sort import Work

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]

GAP: Final = 1 << 30
_RUN: Final = 8192
_FEW: Final = 64
"""One in so many: fewer than that are bisected, of more all texts are read."""


class TextRanks:
    """The ranks of one column of texts, by place."""

    def __init__(self, values: Numbers | None = None) -> None:
        self.values: Numbers = np.empty(0, np.int64) if values is None else values

    def __len__(self) -> int:
        return len(self.values)

    @property
    def octets(self) -> int:
        return self.values.nbytes

    def folded(self, keep: npt.NDArray[np.bool_]) -> TextRanks:
        return TextRanks(self.values[keep])

    def takes(self, count: int) -> bool:
        """False: for so many it is quicker to begin anew with all texts."""
        return not len(self.values) or count * _FEW <= len(self.values)

    def extended(self, texts: list[str], order: Places, text_of: Callable[[int], str]) -> Work[TextRanks]:
        """With more texts: few, or all that there are. ``order``: the places that are known, by rank."""
        if not len(self.values):
            return TextRanks((yield from ranked(texts)))
        return TextRanks((yield from self._with(texts, order, text_of)))

    def _with(self, texts: list[str], order: Places, text_of: Callable[[int], str]) -> Work[Numbers]:
        known = _Known(order, text_of)
        rank: dict[str, int] = {}
        between: dict[int, list[str]] = {}
        values = self.values
        for text in sorted(set(texts)):
            at = bisect_left(known, text)
            if at < len(order) and known[at] == text:
                rank[text] = -1 - at  # the rank is looked up when all have theirs
            else:
                between.setdefault(at, []).append(text)
            yield
        ranks = _put_between(values[order], between, rank)
        if ranks is None:
            values = np.empty_like(values)
            values[order] = _spread(self.values[order])
            ranks = _put_between(values[order], between, rank)
            assert ranks is not None
        return np.concatenate((values, np.array([ranks[text] for text in texts], np.int64)))


class _Known(Sequence[str]):
    """The known texts in order, for bisect: each is read when it is looked at."""

    def __init__(self, order: Places, text_of: Callable[[int], str]) -> None:
        self._order = order
        self._text_of = text_of

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, at: int) -> str:  # type: ignore[override]  # bisect takes no slices
        return self._text_of(int(self._order[at]))

    def __iter__(self) -> Iterator[str]:
        return (self[at] for at in range(len(self)))


def _put_between(
    ranks: Numbers, between: dict[int, list[str]], known: dict[str, int]
) -> dict[str, int] | None:
    """The ranks of new texts, from sorted ``ranks``; None when somewhere is no room."""
    found = {text: int(ranks[-1 - at]) for text, at in known.items()}
    for at, texts in between.items():
        room = GAP * (len(texts) + 1)
        low = int(ranks[at - 1]) if at else int(ranks[0]) - room
        high = int(ranks[at]) if at < len(ranks) else low + room
        step = (high - low) // (len(texts) + 1)
        if not step:
            return None
        found.update({text: low + step * number for number, text in enumerate(texts, 1)})
    return found


def _spread(ranks: Numbers) -> Numbers:
    """Sorted ranks, far apart again."""
    return np.cumsum(np.diff(ranks, prepend=ranks[:1]) != 0) * GAP


def ranked(texts: list[str]) -> Work[Numbers]:
    """The rank of each of ``texts``."""
    distinct: set[str] = set()
    for start in range(0, len(texts), _RUN):
        distinct.update(texts[start : start + _RUN])
        yield
    rank: dict[str, int] = {}
    for piece in _sorted(list(distinct)):
        rank.update(zip(piece, range(len(rank) * GAP, (len(rank) + len(piece)) * GAP, GAP), strict=True))
        yield
    parts: list[Numbers] = [np.empty(0, np.int64)]
    for start in range(0, len(texts), _RUN):
        part = texts[start : start + _RUN]
        parts.append(np.fromiter(map(rank.__getitem__, part), np.int64, len(part)))
        yield
    return np.concatenate(parts)


def _sorted(texts: list[str]) -> Iterator[list[str]]:
    """The texts in order, in pieces: sorted run by run, cut at the same texts, then all between two cuts sorted together."""
    runs: list[list[str]] = []
    for start in range(0, len(texts), _RUN):
        runs.append(sorted(texts[start : start + _RUN]))
        yield []
    sample = sorted([text for run in runs for text in run[:: _RUN // 64]])
    starts = [0] * len(runs)
    for cut in [*sample[64::64], None]:
        piece: list[str] = []
        for number, run in enumerate(runs):
            end = len(run) if cut is None else bisect_left(run, cut, starts[number])
            piece += run[starts[number] : end]
            starts[number] = end
        piece.sort()
        yield piece
