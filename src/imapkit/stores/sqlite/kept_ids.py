"""Who answers whom, kept as numbers: each message id that was ever named is a small number, for as long as the mailbox is open.

The rule this file must not break: equal message ids have equal numbers, and a message without one has -1.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from imapkit.query.sort import Work

Ids = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_PACE: Final = 50_000
"""Ids that get their numbers in one step."""


class Numbered:
    """Message ids and their numbers, which are given in the order of first sight."""

    def __init__(self) -> None:
        # hash() is keyed anew in each process and has 64 bits: two ids with one hash do not happen
        self._hashes = np.empty(0, np.int64)
        self._numbers: Ids = np.empty(0, np.int32)

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def octets(self) -> int:
        return self._hashes.nbytes + self._numbers.nbytes

    def numbers(self, ids: list[str]) -> Work[Ids]:
        found: list[Ids] = [np.empty(0, np.int32)]
        for start in range(0, len(ids), _PACE):
            part = ids[start : start + _PACE]
            found.append(self._of(np.fromiter(map(hash, part), np.int64, len(part))))
            yield
        return np.concatenate(found)

    def _of(self, hashes: npt.NDArray[np.int64]) -> Ids:
        distinct, where = np.unique(hashes, return_inverse=True)
        at = np.searchsorted(self._hashes, distinct)
        known = np.zeros(len(distinct), np.bool_)
        inside = at < len(self._hashes)
        known[inside] = self._hashes[at[inside]] == distinct[inside]
        if not known.all():
            new = ~known
            fresh = np.arange(len(self), len(self) + np.count_nonzero(new), dtype=np.int32)
            self._hashes = np.insert(self._hashes, at[new], distinct[new])
            self._numbers = np.insert(self._numbers, at[new], fresh)
            at = np.searchsorted(self._hashes, distinct)
        return self._numbers[at][where]


class OwnIds:
    """The number of each message's own id."""

    def __init__(self, ids: Numbered, values: Ids | None = None) -> None:
        self._ids = ids
        self.values: Ids = np.empty(0, np.int32) if values is None else values

    def __len__(self) -> int:
        return len(self.values)

    @property
    def octets(self) -> int:
        return self.values.nbytes + self._ids.octets

    def folded(self, keep: Mask) -> OwnIds:
        return OwnIds(self._ids, self.values[keep])

    def extended(self, texts: list[str]) -> Work[OwnIds]:
        numbers = yield from self._ids.numbers(texts)
        numbers[~np.fromiter(map(bool, texts), np.bool_, len(texts))] = -1
        return OwnIds(self._ids, np.concatenate((self.values, numbers)))


class Ancestors:
    """The numbers of the ids that each message refers to, the oldest first, one message after the other."""

    def __init__(self, ids: Numbered, counts: Ids | None = None, values: Ids | None = None) -> None:
        self._ids = ids
        self.counts: Ids = np.empty(0, np.int32) if counts is None else counts
        self.values: Ids = np.empty(0, np.int32) if values is None else values

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def octets(self) -> int:
        return self.counts.nbytes + self.values.nbytes

    def folded(self, keep: Mask) -> Ancestors:
        return Ancestors(self._ids, self.counts[keep], self.values[np.repeat(keep, self.counts)])

    def extended(self, texts: list[str]) -> Work[Ancestors]:
        split: list[list[str]] = []
        for start in range(0, len(texts), _PACE):
            split += [text.split(" ") if text else [] for text in texts[start : start + _PACE]]
            yield
        counts = np.fromiter(map(len, split), np.int32, len(split))
        numbers = yield from self._ids.numbers(list(chain.from_iterable(split)))
        return Ancestors(
            self._ids, np.concatenate((self.counts, counts)), np.concatenate((self.values, numbers))
        )
