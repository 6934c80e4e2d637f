"""What FETCH answers: ``FetchData`` gathers the data of a message (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2).

A helper of FETCH; not a feature. Read liberally: a client meets missing and doubled spaces, data without a value, lists where names should
stand, and words that nobody declared, which are kept raw. The rule this file must not break: ``items`` keeps all that came, in its order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, Self, TypeVar, cast

from ..errors import ParseError
from ..protocol.bodypart import BodyPart
from ..protocol.envelope import Envelope
from ..protocol.registry import Grammar, Point
from ..record import record
from ..wire.cursor import Cursor
from ..wire.frame import Literal
from ..wire.writer import Writer
from .fetch_section import (
    WHOLE,
    Section,
    read_origin,
    read_section,
    write_origin,
    write_section,
)

T = TypeVar("T")

_NAME: Final = re.compile(rb"[^\x00-\x20()\[\]\x7f<]+")


class Datum(Protocol):
    """One item of a response. ``put`` sets what it says in the whole; ``write`` begins with the item's name."""

    def put(self, data: FetchData) -> None: ...

    def write(self, w: Writer) -> None: ...


@record
class RawDatum:
    """An item that nobody declared."""

    name: str
    raw: bytes

    def put(self, data: FetchData) -> None:
        data.extra[self.name] = self.raw

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii", "replace"))
        if self.raw:
            w.sp().raw(self.raw)


@record
class BodySection:
    """ "BODY" section ["<" number64 ">"] SP nstring; data None is NIL."""

    section: Section
    data: Literal | None
    origin: int | None = None

    def put(self, data: FetchData) -> None:
        data.sections.append(self)

    def write(self, w: Writer) -> None:
        w.raw(b"BODY")
        write_section(w, self.section)
        write_origin(w, self.origin)
        w.sp()
        write_literal(w, self.data)


@record
class BinarySection:
    """ "BINARY" section-binary SP (nstring / literal8): a part without its transfer encoding (RFC 3516)."""

    path: tuple[int, ...]
    data: Literal | None
    origin: int | None = None

    def put(self, data: FetchData) -> None:
        data.binary.append(self)

    def write(self, w: Writer) -> None:
        w.raw(b"BINARY")
        write_section(w, Section(self.path))
        write_origin(w, self.origin)
        w.sp()
        write_literal(w, self.data, binary=True)


def write_literal(w: Writer, data: Literal | None, *, binary: bool = False) -> None:
    """nstring, always as a literal: what clients expect of bodies."""
    if data is None:
        w.raw(b"NIL")
        return
    octets = data.read()
    w.literal(octets, binary=binary and b"\0" in octets)


@dataclass(slots=True, eq=False)
class FetchData:
    """msg-att: all that one or more FETCH responses say of a message. None: not told.

    ``items`` is what came; the other attributes are read from it. ``error`` says why a response could not be read (then little is set).
    Two are equal that say the same, whether anybody has looked at them or not (see ``fetch_quick``).
    """

    seq: int
    items: list[Datum] = field(default_factory=list)
    error: str | None = None
    uid: int | None = field(default=None, init=False, compare=False)
    flags: tuple[str, ...] | None = field(default=None, init=False, compare=False)
    internaldate: datetime | None = field(default=None, init=False, compare=False)
    size: int | None = field(default=None, init=False, compare=False)
    envelope: Envelope | None = field(default=None, init=False, compare=False)
    body: BodyPart | None = field(default=None, init=False, compare=False)
    bodystructure: BodyPart | None = field(default=None, init=False, compare=False)
    sections: list[BodySection] = field(default_factory=list, init=False, compare=False)
    binary: list[BinarySection] = field(default_factory=list, init=False, compare=False)
    binary_sizes: dict[tuple[int, ...], int] = field(default_factory=dict, init=False, compare=False)
    modseq: int | None = field(default=None, init=False, compare=False)
    email_id: str | None = field(default=None, init=False, compare=False)
    thread_id: str | None = field(default=None, init=False, compare=False)
    extra: dict[str, bytes] = field(default_factory=dict, init=False, compare=False)
    """Items that nobody declared, raw, by name."""

    def __post_init__(self) -> None:
        for item in self.items:
            item.put(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FetchData):
            return NotImplemented
        return (self.seq, self.items, self.error) == (other.seq, other.items, other.error)

    __hash__ = None  # type: ignore[assignment]

    def add(self, items: Iterable[Datum]) -> None:
        """Take in more of the same message; what is newer counts."""
        for item in items:
            self.items.append(item)
            item.put(self)

    def get(self, cls: type[T]) -> T | None:
        """The last datum of one class: for items of extensions."""
        return next((item for item in reversed(self.items) if isinstance(item, cls)), None)

    def section(self, section: Section = WHOLE, origin: int | None = None) -> Literal | None:
        """The octets of one section; None when they did not come or are NIL.

        ``origin``: of the piece that begins there. Without it, a piece is not taken for the whole.
        """
        for found in reversed(self.sections):
            if found.section == section and (
                found.origin == origin or (origin == 0 and found.origin is None)
            ):
                return found.data
        return None

    @classmethod
    def read(cls, c: Cursor, g: Grammar, number: int) -> Self:
        """message-data = nz-number SP "FETCH" SP msg-att."""
        items: list[Datum] = []
        c.skip_spaces()
        _read_list(c, g, items)
        if c.lenient:
            _read_tail(c, g, items)
        return cls(number, items)

    def write(self, w: Writer) -> None:
        w.number(self.seq).raw(b" FETCH ").list_of(self.items, lambda item: item.write(w))


def _read_list(c: Cursor, g: Grammar, items: list[Datum]) -> None:
    """The items up to the closing parenthesis; spaces may be missing or too many, and a list may stand in the list.

    Some servers break the line before the last parenthesis: a client takes the end of the line for it.
    """
    c.expect(b"(")
    c.enter()
    c.skip_spaces()
    while not c.accept(b")") and not (c.lenient and c.at_end and items):
        if c.peek_is(b"("):
            _read_list(c, g, items)
        else:
            items.append(read_datum(c, g))
        c.skip_spaces()
    c.leave()


def _read_tail(c: Cursor, g: Grammar, items: list[Datum]) -> None:
    """What broken servers send behind the end of the list: items, if they can be read as such; else it is dropped."""
    c.skip_spaces()
    while not c.at_end:
        start, depth = c.pos, c.depth
        try:
            item = read_datum(c, g)
        except ParseError:
            c.depth = depth
            c.pos = c.end
            return
        if isinstance(item, RawDatum) and start == c.pos - len(item.name):
            c.pos = c.end  # a word without a value is no item
            return
        items.append(item)
        c.skip_spaces()
        while c.accept(b")"):
            c.skip_spaces()


def read_datum(c: Cursor, g: Grammar) -> Datum:
    """One item: its name and its value."""
    name = c.match(_NAME, "a FETCH item or ')'").upper()
    read = g.reader(Point.FETCH_DATA, name)
    if read is not None:
        return cast(Datum, read(c, g))
    start = c.pos
    if c.peek_is(b"["):
        read_section(c)
        read_origin(c)
    label = name + c.buf[start : c.pos]
    c.skip_spaces()
    raw = b"" if c.at_end or c.peek_is(b")") else c.skip_value()
    return RawDatum(label.decode("ascii", "replace"), raw)
