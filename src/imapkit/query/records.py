"""The search keys of IMAP4rev1 and IMAP4rev2 (RFC 3501 and RFC 9051, section 6.4.4), as records.

A string matches where it is a substring, compared by i;unicode-casemap; dates disregard time and zone. ``READERS`` has every word;
``query.keys`` has the pleasant names.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Final, Self

from ..errors import UsageError
from ..protocol import flags
from ..protocol.dates import read_date, write_date
from ..protocol.numset import NumSet, encode_numset, read_numset
from ..protocol.registry import Grammar, Reader
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from . import plan
from .index import MessageSet, NumberColumn, TextColumn
from .key import Not, Or, SearchKey, read_text, write_text
from .plan import Run, Steps

LARGEST: Final = (1 << 63) - 1
"""Above every value of a number column."""


@record
class All(SearchKey):
    """ "ALL"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"ALL")

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within


@record
class Flagged(SearchKey):
    """ "ANSWERED" / "UNANSWERED" …: a system flag that is set, or is not. ``word`` is one of FLAG_WORDS."""

    word: str

    def write(self, w: Writer) -> None:
        w.raw(self.word.encode("ascii"))

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        flag, wanted = FLAG_WORDS[self.word]
        having = run.index.with_flag(flag)
        return within & having if wanted else within - having

    def __invert__(self) -> SearchKey:
        return Flagged(self.word.removeprefix("UN") if self.word.startswith("UN") else "UN" + self.word)


FLAG_WORDS: Final = {
    "ANSWERED": (flags.ANSWERED, True),
    "DELETED": (flags.DELETED, True),
    "DRAFT": (flags.DRAFT, True),
    "FLAGGED": (flags.FLAGGED, True),
    "SEEN": (flags.SEEN, True),
    "UNANSWERED": (flags.ANSWERED, False),
    "UNDELETED": (flags.DELETED, False),
    "UNDRAFT": (flags.DRAFT, False),
    "UNFLAGGED": (flags.FLAGGED, False),
    "UNSEEN": (flags.SEEN, False),
}


@record
class Keyword(SearchKey):
    """ "KEYWORD" SP flag-keyword / "UNKEYWORD" SP flag-keyword. Keywords compare without regard to case."""

    keyword: str
    wanted: bool = True

    @classmethod
    def read(cls, c: Cursor, g: Grammar, wanted: bool = True) -> Self:
        c.sp()
        return cls(c.atom("a keyword").decode("utf-8", "surrogateescape"), wanted)

    def write(self, w: Writer) -> None:
        if self.keyword.startswith("\\"):
            raise UsageError(f"{self.keyword} is a system flag: it has a search key of its own")
        w.raw(b"KEYWORD " if self.wanted else b"UNKEYWORD ")
        flags.write_flag(w, self.keyword)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        having = run.index.with_flag(self.keyword)
        return within & having if self.wanted else within - having

    def __invert__(self) -> SearchKey:
        return Keyword(self.keyword, not self.wanted)


class Age(enum.Enum):
    r"""Keys about \Recent, which only IMAP4rev1 has."""

    NEW = "NEW"
    OLD = "OLD"
    RECENT = "RECENT"


@record
class Recent(SearchKey):
    """ "NEW" / "OLD" / "RECENT" (RFC 3501 only)."""

    age: Age

    def write(self, w: Writer) -> None:
        w.raw(self.age.value.encode("ascii"))

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        recent = run.recent()
        if self.age is Age.OLD:
            return within - recent
        found = within & recent
        return found - run.index.with_flag(flags.SEEN) if self.age is Age.NEW else found


@record
class Text(SearchKey):
    """ "FROM" SP astring and its like: a substring of one text, or of several. ``word`` is one of TEXT_WORDS."""

    word: str
    text: str

    @property
    def cost(self) -> int:
        return plan.BODY if TextColumn.BODY in TEXT_WORDS[self.word] else plan.FIELD

    def write(self, w: Writer) -> None:
        w.raw(self.word.encode("ascii")).sp()
        write_text(w, self.text)

    def check(self, run: Run) -> None:
        run.needle(self.text)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        needle = run.needle(self.text)
        if not needle and self.word in FIELD_WORDS:
            return (yield from plan.with_header(run, self.word, needle, within))
        found = run.index.nothing()
        for column in TEXT_WORDS[self.word]:
            more = yield from plan.with_text(run, column, needle, within)
            found = found | more
            within = within - more
        return found


FIELD_WORDS: Final = frozenset(("BCC", "CC", "FROM", "SUBJECT", "TO"))
"""Words that speak of a header field: with an empty string they find what has the field, as HEADER does."""
TEXT_WORDS: Final = {
    "BCC": (TextColumn.BCC,),
    "BODY": (TextColumn.BODY,),
    "CC": (TextColumn.CC,),
    "FROM": (TextColumn.FROM,),
    "SUBJECT": (TextColumn.SUBJECT,),
    "TEXT": (TextColumn.HEADERS, TextColumn.BODY, TextColumn.PARTS),
    "TO": (TextColumn.TO,),
}


@record
class Header(SearchKey):
    """ "HEADER" SP header-fld-name SP astring. An empty string: the field is there."""

    name: str
    text: str

    @property
    def cost(self) -> int:
        return plan.HEADER

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        name = read_text(c)
        c.sp()
        return cls(name, read_text(c))

    def write(self, w: Writer) -> None:
        w.raw(b"HEADER ")
        write_text(w, self.name)
        w.sp()
        write_text(w, self.text)

    def check(self, run: Run) -> None:
        run.needle(self.text)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        return plan.with_header(run, self.name, run.needle(self.text), within)


@record
class Day(SearchKey):
    """ "SINCE" SP date and its like. ``word`` is one of DAY_WORDS."""

    word: str
    day: date

    def write(self, w: Writer) -> None:
        w.raw(self.word.encode("ascii")).sp()
        write_date(w, self.day)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        column, span = DAY_WORDS[self.word]
        low, high = span(self.day.toordinal())
        return within & run.index.between(column, low, high)


Span = Callable[[int], tuple[int, int]]


def _before(day: int) -> tuple[int, int]:
    return 0, day - 1


def _sent_before(day: int) -> tuple[int, int]:
    """SENT… speaks of the Date field (RFC 9051 section 6.4.4): a message without one was sent on no day."""
    return 1, day - 1


def _on(day: int) -> tuple[int, int]:
    return day, day


def _since(day: int) -> tuple[int, int]:
    return day, LARGEST


DAY_WORDS: Final[dict[str, tuple[NumberColumn, Span]]] = {
    "BEFORE": (NumberColumn.INTERNAL_DAY, _before),
    "ON": (NumberColumn.INTERNAL_DAY, _on),
    "SINCE": (NumberColumn.INTERNAL_DAY, _since),
    "SENTBEFORE": (NumberColumn.SENT_DAY, _sent_before),
    "SENTON": (NumberColumn.SENT_DAY, _on),
    "SENTSINCE": (NumberColumn.SENT_DAY, _since),
}


@record
class Larger(SearchKey):
    """ "LARGER" SP number64: more octets than that."""

    octets: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number64("a size in octets"))

    def write(self, w: Writer) -> None:
        w.raw(b"LARGER ").number(self.octets)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        if self.octets >= LARGEST:
            return run.index.nothing()
        return within & run.index.between(NumberColumn.SIZE, self.octets + 1, LARGEST)


@record
class Smaller(SearchKey):
    """ "SMALLER" SP number64: fewer octets than that."""

    octets: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number64("a size in octets"))

    def write(self, w: Writer) -> None:
        w.raw(b"SMALLER ").number(self.octets)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        if self.octets == 0:
            return run.index.nothing()
        return within & run.index.between(NumberColumn.SIZE, 0, self.octets - 1)


@record
class Uids(SearchKey):
    """ "UID" SP sequence-set."""

    uids: NumSet

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(read_numset(c))

    def write(self, w: Writer) -> None:
        w.raw(b"UID " + encode_numset(self.uids))

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within & run.resolve_uids(self.uids)


# Reading: one entry per word


def _constant(key: SearchKey) -> Callable[[Cursor, Grammar], SearchKey]:
    return lambda c, g: key


def _read_text_key(word: str, c: Cursor, g: Grammar) -> Text:
    c.sp()
    return Text(word, read_text(c))


def _read_day(word: str, c: Cursor, g: Grammar) -> Day:
    c.sp()
    return Day(word, read_date(c))


def _readers() -> Iterator[tuple[str, Reader, type[SearchKey]]]:
    yield "ALL", All.read, All
    for word in FLAG_WORDS:
        yield word, _constant(Flagged(word)), Flagged
    for age in Age:
        yield age.value, _constant(Recent(age)), Recent
    for word in TEXT_WORDS:
        yield word, partial(_read_text_key, word), Text
    for word in DAY_WORDS:
        yield word, partial(_read_day, word), Day
    yield "KEYWORD", Keyword.read, Keyword
    yield "UNKEYWORD", partial(Keyword.read, wanted=False), Keyword
    yield "HEADER", Header.read, Header
    yield "LARGER", Larger.read, Larger
    yield "SMALLER", Smaller.read, Smaller
    yield "UID", Uids.read, Uids
    yield "OR", Or.read, Or
    yield "NOT", Not.read, Not


READERS: Final = tuple(_readers())
"""(word, its reader, its record) of every key that is a word."""
