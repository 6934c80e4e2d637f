"""The data of a FETCH response, one record an item (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2).

A helper of FETCH; not a feature. A value that is missing where a client expects one is read as NIL. The rule this file must not break:
what ``write`` writes, ``read`` reads again as the same record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from ..protocol.body import read_body, write_body
from ..protocol.bodypart import BodyPart
from ..protocol.dates import parse_date_time, write_date_time
from ..protocol.envelope import Envelope, read_envelope, write_envelope
from ..protocol.flags import read_flag_list, write_flag_list
from ..protocol.registry import Grammar
from ..record import record
from ..wire.cursor import Cursor
from ..wire.frame import HeldLiteral, Literal
from ..wire.writer import Writer
from .fetch_data import BodySection, FetchData, write_literal
from .fetch_section import (
    HEADER,
    TEXT,
    Section,
    read_origin,
    read_section,
)


@record
class UidDatum:
    """ "UID" SP uniqueid."""

    uid: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number("a UID"))

    def put(self, data: FetchData) -> None:
        data.uid = self.uid

    def write(self, w: Writer) -> None:
        w.raw(b"UID ").number(self.uid)


@record
class FlagsDatum:
    """ "FLAGS" SP "(" [flag-fetch *(SP flag-fetch)] ")"."""

    flags: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.skip_spaces()
        return cls(() if c.accept_nil() else read_flag_list(c))

    def put(self, data: FetchData) -> None:
        data.flags = self.flags

    def write(self, w: Writer) -> None:
        w.raw(b"FLAGS ")
        write_flag_list(w, self.flags)


@record
class InternalDateDatum:
    """ "INTERNALDATE" SP date-time. None: some servers send dates that are none."""

    moment: datetime | None

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        text = c.nstring()
        return cls(None if text is None else parse_date_time(text))

    def put(self, data: FetchData) -> None:
        data.internaldate = self.moment

    def write(self, w: Writer) -> None:
        w.raw(b"INTERNALDATE ")
        if self.moment is None:
            w.raw(b"NIL")
        else:
            write_date_time(w, self.moment)


@record
class SizeDatum:
    """ "RFC822.SIZE" SP number64."""

    size: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number64("a size"))

    def put(self, data: FetchData) -> None:
        data.size = self.size

    def write(self, w: Writer) -> None:
        w.raw(b"RFC822.SIZE ").number(self.size)


@record
class EnvelopeDatum:
    """ "ENVELOPE" SP envelope."""

    envelope: Envelope

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.skip_spaces()
        return cls(Envelope() if c.accept_nil() else read_envelope(c))

    def put(self, data: FetchData) -> None:
        data.envelope = self.envelope

    def write(self, w: Writer) -> None:
        w.raw(b"ENVELOPE ")
        write_envelope(w, self.envelope)


@record
class BodyDatum:
    """ "BODY" ["STRUCTURE"] SP body; ``extended`` for BODYSTRUCTURE."""

    body: BodyPart | None
    extended: bool = False

    def put(self, data: FetchData) -> None:
        if self.extended:
            data.bodystructure = self.body
        else:
            data.body = self.body

    def write(self, w: Writer) -> None:
        w.raw(b"BODYSTRUCTURE " if self.extended else b"BODY ")
        if self.body is None:
            w.raw(b"NIL")
        else:
            write_body(w, self.body, self.extended)


@record
class Rfc822Datum:
    """RFC822, RFC822.HEADER or RFC822.TEXT (rev1): told as the section that it is."""

    text: str
    data: Literal | None

    def put(self, data: FetchData) -> None:
        data.sections.append(BodySection(Section((), self.text), self.data))

    def write(self, w: Writer) -> None:
        w.raw(b"RFC822." + self.text.encode("ascii") if self.text else b"RFC822").sp()
        write_literal(w, self.data)


def read_value(c: Cursor) -> Literal | None:
    """nstring / literal8 as a handle; nothing before ``)`` or another item is NIL too."""
    c.skip_spaces()
    if c.lenient and (c.at_end or c.peek_is(b")")):
        return None
    if c.lenient and not c.at_string() and not c.accept_nil():
        return HeldLiteral(c.skip_value())
    return c.nstring_literal() if c.at_string() else None


def read_body_datum(c: Cursor, g: Grammar) -> BodyDatum | BodySection:
    """Behind BODY: a section and its octets, or the structure."""
    if not c.peek_is(b"["):
        return _read_structure(c, extended=False)
    section = read_section(c)
    origin = read_origin(c)
    return BodySection(section, read_value(c), origin)


def read_bodystructure_datum(c: Cursor, g: Grammar) -> BodyDatum:
    return _read_structure(c, extended=True)


def _read_structure(c: Cursor, extended: bool) -> BodyDatum:
    c.skip_spaces()
    return BodyDatum(None if c.accept_nil() else read_body(c), extended)


def read_rfc822_datum(c: Cursor, g: Grammar) -> Rfc822Datum:
    """Behind RFC822; some servers write RFC822[]."""
    if c.peek_is(b"["):
        return Rfc822Datum(read_section(c).text, read_value(c))
    return Rfc822Datum("", read_value(c))


def read_rfc822_header_datum(c: Cursor, g: Grammar) -> Rfc822Datum:
    return Rfc822Datum(HEADER, read_value(c))


def read_rfc822_text_datum(c: Cursor, g: Grammar) -> Rfc822Datum:
    return Rfc822Datum(TEXT, read_value(c))
