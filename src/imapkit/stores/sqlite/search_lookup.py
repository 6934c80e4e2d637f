"""Looking a needle up in the file of the search index: its listed words, and the trigrams of what is not listed (STORE rule 21).

The rule it must not break: a content is certain only if its text of that very column has the needle; what may have it is possible.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Final, cast

import apsw
import numpy as np

from imapkit.query.index import TextColumn
from imapkit.record import record
from imapkit.stores.log.search import Narrowed

from .search_words import RANGE, SHIFT, Numbers, Piece, contents_in, numbers_with, pieces

PAIR: Final = 2
GRAM: Final = 3
MOST_GRAMS: Final = 5
"""Of one needle: more of them cost time and hardly leave out more."""
APART: Final = 2
"""So far lie two of them from each other at least: then they overlap, and few texts have all without the needle."""
MOST_LOOKED_AT: Final = 200
"""Characters of a needle that are considered."""
_COMMON: Final = {
    char: 10 - at // 4 for at, char in enumerate(" ETAOINSRHLX.DCUMP-@:FGWYB0123456789/=_VK,;<>()JQZ")
}
"""How common a character is in mail; any other is rare."""
MOST_TERMS: Final = 200
"""Trigrams that begin with a pair; a pair with more of them is in most texts."""
MOST_WORDS: Final = 2000
"""Listed words that hold a needle; the first ones are the commonest."""
MOST_PIECES: Final = 4
"""Runs of a needle between white space that are looked up, the longest ones."""
MOST_RANGES: Final = 16
"""Of one look-up, which nothing interrupts for up to 40 ms: 131,072 contents, or fewer where numbers were left out."""
REPLACED: Final = "\ufffd"
_LISTED: Final = {TextColumn.BODY, TextColumn.HEADERS}
"""The texts whose words are listed."""
_NONE: Final = np.empty(0, np.int64)


@record
class Part:
    """The contents of one look-up."""

    above: int
    last: int
    first_range: int
    last_range: int


def find_part(db: apsw.Connection, above: int, done: int) -> Part | None:
    """The first contents above one of which the index knows; None: there are none up to ``done``."""
    if above >= done:
        return None
    query = "SELECT id FROM ranges WHERE id >= ? ORDER BY id LIMIT ?"
    found = [cast(int, row[0]) for row in db.execute(query, ((above + 1) >> RANGE, MOST_RANGES + 1))]
    if len(found) > MOST_RANGES:
        return Part(above, (found[-1] << RANGE) - 1, found[0], found[-2])
    return Part(above, done, (above + 1) >> RANGE, done >> RANGE)


def read_vocabulary(db: apsw.Connection, table: str) -> bytes:
    """The listed words by their numbers, a newline before and behind each. Raises CorruptError."""
    found = [b"\n"]
    number = 0
    for first, words in cast(
        "Iterable[tuple[int, bytes]]", db.execute(f"SELECT * FROM {table}_words ORDER BY id")
    ):
        if first != number:  # the words behind would have other numbers
            raise apsw.CorruptError(f"{number} listed words before number {first}")
        number += words.count(b"\n")
        found.append(words)
    return b"".join(found)


def look_up(db: apsw.Connection, table: str, column: TextColumn, needle: str, part: Part) -> Narrowed:
    """What is known of the contents of a part. The needle is as the tokenizer reads it."""
    search = _LookUp(db, table, part)
    wanted = pieces(needle)
    skipped = search.numbers("SELECT id FROM skipped WHERE id > ? AND id <= ?", part.above, part.last)
    if len(wanted) == 1 and wanted[0].text == needle and column in _LISTED and REPLACED not in needle:
        listed, is_complete = search.listed(wanted[0])
        left = search.left(wanted[0]) if is_complete else None
        possible = None if left is None else _array(np.concatenate((left, skipped)))
        return Narrowed(_array(listed), possible, part.last)
    found: Numbers | None = None
    for piece in sorted(wanted, key=lambda piece: -len(piece.text))[:MOST_PIECES]:
        having = search.having(piece)
        if having is not None:
            found = having if found is None else np.intersect1d(found, having, assume_unique=True)
    return Narrowed((), None if found is None else _array(np.concatenate((found, skipped))), part.last)


def _array(numbers: Numbers) -> array[int]:
    return array("q", numbers.tobytes())


class _LookUp:
    """Looks into one table for some contents."""

    def __init__(self, db: apsw.Connection, table: str, part: Part) -> None:
        self._db = db
        self._table = table
        self._part = part
        self._vocabulary = read_vocabulary(db, table)

    def numbers(self, query: str, *values: str | int) -> Numbers:
        rows = cast("Iterable[tuple[int]]", self._db.execute(query, values))
        return np.fromiter(chain.from_iterable(rows), np.int64)

    def having(self, piece: Piece) -> Numbers | None:
        """The contents of which a word may hold the piece; None: it is too short or too common to tell."""
        left = self.left(piece)
        if left is None:
            return None
        listed, is_complete = self.listed(piece)
        return np.union1d(left, listed) if is_complete else None

    def listed(self, piece: Piece) -> tuple[Numbers, bool]:
        """The contents of which a listed word holds the piece; and whether all those words were looked at."""
        part = self._part
        words = numbers_with(self._vocabulary, piece, MOST_WORDS + 1)
        if not words:
            return _NONE, True
        firsts = array("q", [number << SHIFT | part.first_range for number in words[:MOST_WORDS]])
        query = (
            f"SELECT s.id & ?3, s.contents FROM carray(?1) AS w CROSS JOIN {self._table}_sets AS s"
            " ON s.id BETWEEN w.value AND w.value + ?2"
        )
        bound = (apsw.carray(firsts), part.last_range - part.first_range, (1 << SHIFT) - 1)
        rows = cast("Iterable[tuple[int, bytes]]", self._db.execute(query, bound))
        found = contents_in(rows)
        return found[(found > part.above) & (found <= part.last)], len(words) <= MOST_WORDS

    def left(self, piece: Piece) -> Numbers | None:
        """The contents whose other words have the trigrams of the piece; None: too short or too common."""
        text = piece.between(" ")
        if len(text) < PAIR:
            return None
        chosen = grams(text)
        if len(text) == PAIR:
            chosen = self._beginning(text)
            if len(chosen) > MOST_TERMS:
                return None
        if not chosen:
            return _NONE
        return self.numbers(
            f"SELECT rowid FROM {self._table} WHERE {self._table} MATCH ? AND rowid > ? AND rowid <= ? ORDER BY rowid",
            (" OR " if len(text) == PAIR else " AND ").join(_quoted(chosen)),
            self._part.above,
            self._part.last,
        )

    def _beginning(self, pair: str) -> list[str]:
        """The trigrams that begin with a pair, up to one too many."""
        query = f"SELECT term FROM {self._table}_terms WHERE term >= ? AND term <= ? LIMIT ?"
        rows = self._db.execute(query, (pair, pair + "\U0010ffff", MOST_TERMS + 1)).fetchall()
        return [cast(str, row[0]) for row in rows]


def grams(needle: str) -> list[str]:
    """Some of the trigrams of a needle, likely to be in few texts; none for a short needle."""
    needle = needle[:MOST_LOOKED_AT]
    places = sorted(
        range(len(needle) - GRAM + 1), key=lambda place: _commonness(needle[place : place + GRAM])
    )
    chosen: list[int] = []
    for place in places:
        if all(abs(place - other) >= APART for other in chosen):
            chosen.append(place)
            if len(chosen) == MOST_GRAMS:
                break
    if len(chosen) == 1:
        chosen = [0, len(needle) - GRAM]  # a short needle: all of it
    return list(dict.fromkeys(needle[place : place + GRAM] for place in chosen))


def _commonness(gram: str) -> int:
    return sum(map(_COMMON.get, gram, repeat(0)))


def _quoted(grams: Iterable[str]) -> Iterator[str]:
    return ('"{}"'.format(gram.replace('"', '""')) for gram in grams)
