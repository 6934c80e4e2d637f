"""What a client can ask of FETCH: one record an item (RFC 3501 and RFC 9051 section 6.4.5).

A helper of FETCH; not a feature. Each item is read and written here, and says by ``piece`` how a server answers it. Items are values:
a server keeps the compiled form of every list of items it has met.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final, Protocol, Self, cast

from ..errors import UsageError
from ..ports.store import Column
from ..protocol.registry import Grammar, Point
from ..record import value
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .fetch_body import find_section, ready_column
from .fetch_pieces import FLAGS, Content, Direct, Piece, Ready
from .fetch_section import (
    HEADER,
    TEXT,
    Partial,
    Section,
    read_partial,
    read_section,
    write_partial,
    write_section,
)

_NAME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9.\-]*")


class FetchItem(Protocol):
    """An item; hashable. Extensions declare theirs at ``Point.FETCH_ITEM``."""

    def write(self, w: Writer) -> None: ...

    def piece(self) -> Piece:
        """How a server answers it."""
        ...


class WordItem:
    """An item that is only a word."""

    __slots__ = ()
    name: ClassVar[bytes]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(self.name)


@value
class UidItem(WordItem):
    """UID."""

    name = b"UID"

    def piece(self) -> Piece:
        return Direct(b"UID ", Column.UID, b"%d")


@value
class FlagsItem(WordItem):
    """FLAGS."""

    name = b"FLAGS"

    def piece(self) -> Piece:
        return FLAGS


@value
class InternalDateItem(WordItem):
    """INTERNALDATE: when the message came."""

    name = b"INTERNALDATE"

    def piece(self) -> Piece:
        return Direct(b"INTERNALDATE ", Column.INTERNALDATE, b'"%b"')


@value
class SizeItem(WordItem):
    """RFC822.SIZE: octets of the whole message."""

    name = b"RFC822.SIZE"

    def piece(self) -> Piece:
        return Direct(b"RFC822.SIZE ", Column.SIZE, b"%d")


@value
class EnvelopeItem(WordItem):
    """ENVELOPE."""

    name = b"ENVELOPE"

    def piece(self) -> Piece:
        return Direct(b"ENVELOPE ", Column.ENVELOPE)


@value
class BodyItem(WordItem):
    """BODY: the structure without extension data."""

    name = b"BODY"

    def piece(self) -> Piece:
        return Direct(b"BODY ", Column.BODY)


@value
class BodyStructureItem(WordItem):
    """BODYSTRUCTURE."""

    name = b"BODYSTRUCTURE"

    def piece(self) -> Piece:
        return Direct(b"BODYSTRUCTURE ", Column.BODYSTRUCTURE)


@value
class SectionItem:
    r"""BODY[section]<partial>, or BODY.PEEK[…], which does not set \Seen."""

    section: Section = Section()
    partial: Partial | None = None
    peek: bool = False

    def write(self, w: Writer) -> None:
        w.raw(b"BODY.PEEK" if self.peek else b"BODY")
        write_section(w, self.section)
        write_partial(w, self.partial)

    def piece(self) -> Piece:
        w = Writer()
        w.raw(b"BODY")
        write_section(w, self.section)
        if self.partial is not None:
            w.raw(b"<%d>" % self.partial[0])
        label = w.sp().octets()
        ready = ready_column(self.section) if self.partial is None else None
        if ready is not None:
            return Ready(label, ready, marks_seen=not self.peek)
        columns, find = find_section(self.section, self.partial)
        return Content(label, columns, find, marks_seen=not self.peek)


@value
class Rfc822Item:
    r"""RFC822, RFC822.HEADER, RFC822.TEXT (rev1): old names of BODY[], BODY.PEEK[HEADER] and BODY[TEXT]."""

    text: str = ""

    def write(self, w: Writer) -> None:
        w.raw(_RFC822[self.text])

    def piece(self) -> Piece:
        columns, find = find_section(Section((), self.text))
        return Content(_RFC822[self.text] + b" ", columns, find, marks_seen=self.text != HEADER)


_RFC822: Final = {"": b"RFC822", HEADER: b"RFC822.HEADER", TEXT: b"RFC822.TEXT"}

FAST: Final[tuple[FetchItem, ...]] = (FlagsItem(), InternalDateItem(), SizeItem())
ALL: Final[tuple[FetchItem, ...]] = (*FAST, EnvelopeItem())
FULL: Final[tuple[FetchItem, ...]] = (*ALL, BodyItem())
MACROS: Final = {b"FAST": FAST, b"ALL": ALL, b"FULL": FULL}

WORDS: Final[tuple[type[WordItem], ...]] = (
    UidItem,
    FlagsItem,
    InternalDateItem,
    SizeItem,
    EnvelopeItem,
    BodyStructureItem,
)
"""Items that are declared by their name alone."""


def read_body_word(c: Cursor, g: Grammar) -> BodyItem | SectionItem:
    """Behind BODY: a section, or nothing."""
    return _read_section_item(c, peek=False) if c.peek_is(b"[") else BodyItem()


def read_body_peek_word(c: Cursor, g: Grammar) -> SectionItem:
    """Behind BODY.PEEK: always a section."""
    return _read_section_item(c, peek=True)


def _read_section_item(c: Cursor, peek: bool) -> SectionItem:
    section = read_section(c)
    return SectionItem(section, read_partial(c), peek)


def read_rfc822_word(c: Cursor, g: Grammar) -> Rfc822Item:
    return Rfc822Item()


def read_rfc822_header_word(c: Cursor, g: Grammar) -> Rfc822Item:
    return Rfc822Item(HEADER)


def read_rfc822_text_word(c: Cursor, g: Grammar) -> Rfc822Item:
    return Rfc822Item(TEXT)


def checked_items(given: object) -> tuple[FetchItem, ...]:
    """What a caller wants fetched. Raises UsageError for what is no item."""
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise UsageError(f"what to fetch is a list of objects, as [Flags, Envelope], not {given!r}")
    found = tuple(given)
    for item in found:
        if isinstance(item, type) or not hasattr(item, "piece"):
            raise UsageError(f"what to fetch is told by objects, as Flags, Envelope or Body, not by {item!r}")
    return cast("tuple[FetchItem, ...]", found)


def read_item(c: Cursor, g: Grammar) -> FetchItem:
    """fetch-att."""
    found = _NAME.match(c.buf, c.pos)
    if found is None:
        raise c.fail("a fetch item")
    c.pos = found.end()
    return g.read_word(Point.FETCH_ITEM, c, found[0].upper())  # type: ignore[return-value]  # declared with piece


def read_items(c: Cursor, g: Grammar) -> tuple[FetchItem, ...]:
    """ "ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"."""
    start = c.pos
    if c.peek_is(b"("):
        items = c.paren_list(lambda: read_item(c, g))
        if not items:
            c.pos = start
            raise c.fail("a list of at least one fetch item")
        return tuple(items)
    for name, macro in MACROS.items():
        if c.accept_word(name):
            return macro
    return (read_item(c, g),)


def write_items(w: Writer, items: tuple[FetchItem, ...]) -> None:
    """One item bare, several in parentheses."""
    if len(items) == 1:
        items[0].write(w)
    else:
        w.list_of(items, lambda item: item.write(w))
