"""WITHIN (RFC 5032): the search keys OLDER and YOUNGER, by the age of a message in seconds.

The rule: the age is that of INTERNALDATE, exact to the second, and both keys match a message that is exactly as old as they say.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Self

from ..errors import UsageError
from ..protocol.registry import Feature, Grammar, Point
from ..query.index import MessageSet, NumberColumn
from ..query.key import SearchKey
from ..query.plan import Run, Steps
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

feature = Feature(
    "WITHIN",
    spec=("RFC 5032",),
    summary="SEARCH OLDER and YOUNGER: the age of messages in seconds",
    capabilities=("WITHIN",),
)

_FIRST: Final = -(1 << 62)
_LAST: Final = 1 << 62


@feature.word(Point.SEARCH_KEY, "OLDER")
@record
class Older(SearchKey):
    """ "OLDER" SP nz-number: came that many seconds ago, or earlier."""

    seconds: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_interval(c))

    def write(self, w: Writer) -> None:
        _write_interval(w, b"OLDER ", self.seconds)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within & run.index.between(NumberColumn.INTERNAL_TIME, _FIRST, int(run.now()) - self.seconds)


@feature.word(Point.SEARCH_KEY, "YOUNGER")
@record
class Younger(SearchKey):
    """ "YOUNGER" SP nz-number: came that many seconds ago, or later."""

    seconds: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_interval(c))

    def write(self, w: Writer) -> None:
        _write_interval(w, b"YOUNGER ", self.seconds)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within & run.index.between(NumberColumn.INTERNAL_TIME, int(run.now()) - self.seconds, _LAST)


def OLDER(age: int | timedelta) -> Older:
    """Messages that came so many seconds ago, or earlier."""
    return Older(_seconds(age))


def YOUNGER(age: int | timedelta) -> Younger:
    """Messages that came so many seconds ago, or later."""
    return Younger(_seconds(age))


def _seconds(age: int | timedelta) -> int:
    return int(age.total_seconds()) if isinstance(age, timedelta) else age


def _read_interval(c: Cursor) -> int:
    c.sp()
    return c.nz_number("a number of seconds above zero")


def _write_interval(w: Writer, word: bytes, seconds: int) -> None:
    if not 0 < seconds < 1 << 32:
        raise UsageError(f"an age of {seconds} seconds cannot be asked for: it is above zero and below 2**32")
    w.raw(word).number(seconds)
