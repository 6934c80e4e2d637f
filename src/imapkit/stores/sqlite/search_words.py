"""The common words of an account's texts, and which contents hold each (STORE rule 21): what lies in no trigram.

A word is a run without white space. The rules it must not break: a content is listed under a word only if its text has that word; and
each word of a text is either listed or left to the trigrams. So a needle without white space, which can only be inside a word, is
certain where a listed word holds it, and possible where the trigrams say so.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, count, pairwise
from typing import Final

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.record import record

MOST_WORDS: Final = 1 << 16
"""Of one vocabulary (a number has 16 bits): the next ones stay with the trigrams. It is read whole for each search, in a millisecond."""
LONGEST: Final = 64
"""Characters of a word of the vocabulary."""
COMMON: Final = 8
"""In so many texts of one batch a word is common."""
MOST_COUNTED: Final = 100_000
"""Words of one batch that are counted: memory."""
AT_ONCE: Final = 1 << 16
"""Characters that are parted into words at once, or more to the end of one: a millisecond or two."""
RANGE: Final = 13
"""Bits of a content's number within its range: the contents of a word are one row for each range."""
SHIFT: Final = 40
"""A row's key is the number of the word above so many bits, and the number of the range in them."""
_SPACE: Final = re.compile(r"\s")
_OFFSET: Final = (1 << RANGE) - 1

Numbers = npt.NDArray[np.int64]


@record
class Piece:
    """A run of a needle without white space. What has white space beside it in the needle begins or ends a word."""

    text: str
    begins: bool
    ends: bool

    def between(self, mark: str) -> str:
        return mark * self.begins + self.text + mark * self.ends


def pieces(needle: str) -> list[Piece]:
    """What a text that holds the needle has, each within one word."""
    runs = needle.split()
    last = len(runs) - 1
    return [
        Piece(run, at > 0 or needle[0].isspace(), at < last or needle[-1].isspace())
        for at, run in enumerate(runs)
    ]


def words_of(text: str) -> Iterator[set[str]]:
    """The words of a text: a long one in pieces."""
    at = 0
    while at < len(text):
        space = _SPACE.search(text, at + AT_ONCE)
        end = len(text) if space is None else space.start()
        yield set(text[at:end].split())
        at = end


def numbers_with(vocabulary: bytes, piece: Piece, most: int) -> list[int]:
    """The numbers of the words that hold the piece, up to ``most``. In the vocabulary a newline stands before and behind each word."""
    wanted = piece.between("\n").encode()
    found: list[int] = []
    number, counted = -1, 0
    at = vocabulary.find(wanted)
    while at >= 0 and len(found) < most:
        number += vocabulary.count(b"\n", counted, at + 1)
        found.append(number)
        counted = at + 1
        # From the end of this word on: its newline stands before the next one, too.
        at = vocabulary.find(wanted, vocabulary.index(b"\n", counted))
    return found


def contents_in(rows: Iterable[tuple[int, bytes]]) -> Numbers:
    """The contents of (range, its contents) for any words, ascending. Raises CorruptError."""
    ranges: dict[int, list[bytes]] = {}
    for number, data in rows:
        ranges.setdefault(number, []).append(data)
    found = []
    for number, data_of in sorted(ranges.items()):
        marks = np.zeros(1 << RANGE, np.bool_)
        octets = b"".join(data_of)
        offsets = np.frombuffer(octets[: len(octets) & ~1], "<u2")
        if len(octets) % 2 or (offsets > _OFFSET).any():
            raise apsw.CorruptError(f"no set of contents in range {number}")
        marks[offsets] = True
        found.append(np.flatnonzero(marks) + (number << RANGE))
    return np.concatenate(found) if found else np.empty(0, np.int64)


@record
class Batch:
    """What is written of one table for a batch of contents."""

    first_word: int
    """The number of the first of ``words``."""
    words: list[str]
    """New ones of the vocabulary."""
    ranges: list[tuple[int]]
    """Of the contents."""
    keys: list[int]
    contents: list[bytes]
    """For each of ``keys``: two octets for each content, to be put behind what is there."""
    left: list[tuple[int, str]]
    """(content, the words that the trigrams are made of)."""


class Sorter:
    """Parts the words of a batch of texts into those of the vocabulary and others."""

    def __init__(self, vocabulary: dict[str, int]) -> None:
        """``vocabulary`` has the number of each word; new ones are added."""
        self._vocabulary = vocabulary
        self._known = set(vocabulary)
        self._counts: Counter[str] = Counter()
        self._contents: list[int] = []
        self._listed: list[array[int]] = []
        """For each content the numbers of its words."""
        self._left: list[str] = []
        self._more: list[str] = []
        self._new: list[str] = []

    def add(self, content: int, words: set[str], more: str = "") -> None:
        """The words of a text. ``more``: what is looked into for candidates only, so that no word is listed for it."""
        known = words & self._known
        left = words - known
        if len(self._counts) + len(left) <= MOST_COUNTED:
            self._counts.update(left)
        self._contents.append(content)
        self._listed.append(array("H", list(map(self._vocabulary.__getitem__, known))))
        self._left.append(" ".join(left))
        self._more.append(" ".join(more.split()))

    def settle(self) -> Iterator[None]:
        """Make what is common ones of the vocabulary, a text at a time. Once, when all texts were added."""
        counts, room = self._counts, max(0, MOST_WORDS - len(self._vocabulary))
        common = [word for word, texts in counts.items() if texts >= COMMON and len(word) <= LONGEST]
        self._new = sorted(common, key=counts.__getitem__, reverse=True)[:room]
        self._vocabulary.update(zip(self._new, count(len(self._vocabulary)), strict=False))
        fresh = set(self._new)
        for at, left in enumerate(self._left if fresh else ()):
            words = set(left.split())
            known = fresh & words
            self._listed[at].extend(map(self._vocabulary.__getitem__, known))
            self._left[at] = " ".join(words - known)
            yield

    def batch(self) -> Batch:
        """What is to be written."""
        numbers = np.fromiter(chain.from_iterable(self._listed), np.int64)
        contents = np.repeat(np.asarray(self._contents, np.int64), [len(listed) for listed in self._listed])
        keys = (numbers << SHIFT) | (contents >> RANGE)
        order = keys.argsort(kind="stable")
        keys = keys[order]
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        octets = (contents[order] & _OFFSET).astype("<u2").tobytes()
        bounds = [*(2 * firsts).tolist(), len(octets)]
        return Batch(
            len(self._vocabulary) - len(self._new),
            self._new,
            [(number,) for number in sorted({content >> RANGE for content in self._contents})],
            keys[firsts].tolist(),
            [octets[start:end] for start, end in pairwise(bounds)],
            [
                (content, f" {left} {more}  ")
                for content, left, more in zip(self._contents, self._left, self._more, strict=True)
                if left or more
            ],
        )
