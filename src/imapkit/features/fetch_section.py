"""The name of a part of a message: ``[1.2.HEADER.FIELDS (From To)]<0.100>`` (RFC 3501 and RFC 9051 section 6.4.5).

A helper of FETCH and BINARY, for what is asked and for what is answered; not a feature. Read strictly on a server. A client also takes
what it does not know, as text.

section      = "[" [section-spec] "]"
section-spec = section-msgtext / (section-part ["." section-text])
"""

from __future__ import annotations

import re
from typing import Final

from ..record import value
from ..wire.cursor import Cursor
from ..wire.writer import Writer

HEADER: Final = "HEADER"
FIELDS: Final = "HEADER.FIELDS"
FIELDS_NOT: Final = "HEADER.FIELDS.NOT"
MIME: Final = "MIME"
TEXT: Final = "TEXT"

Partial = tuple[int, int]
"""Origin and length, in octets."""

_PATH: Final = re.compile(rb"[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*")
_TEXT: Final = re.compile(
    rb"(?:HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|MIME|TEXT)(?![A-Za-z0-9.])", re.IGNORECASE
)
_LOOSE: Final = re.compile(rb"[^\]\r\n]*")
_ORIGIN: Final = re.compile(rb"<([0-9]{1,18})(?:\.[0-9]{1,18})?>")


@value
class Section:
    """``path`` is the part number; ``text`` is "", HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, MIME or TEXT.

    A client keeps a text that it does not know as it came.
    """

    path: tuple[int, ...] = ()
    text: str = ""
    fields: tuple[bytes, ...] = ()

    @property
    def number(self) -> str:
        """The part number as IMAP writes it; empty for the message itself."""
        return ".".join(map(str, self.path))


WHOLE: Final = Section()


def read_section(c: Cursor) -> Section:
    """section, with its brackets."""
    c.expect(b"[")
    start = c.pos
    found = _read_spec(c)
    if found is not None and c.accept(b"]"):
        return found
    if not c.lenient:
        raise c.fail("']'" if found is not None else "a section: a part number, HEADER, TEXT or MIME")
    c.pos = start
    text = c.match(_LOOSE, "a section")
    c.expect(b"]")
    return Section((), text.decode("ascii", "replace"))


def _read_spec(c: Cursor) -> Section | None:
    """section-spec; None when there is something else between the brackets."""
    if c.peek_is(b"]"):
        return WHOLE
    path = read_path(c)
    if path and not c.accept(b"."):
        return Section(path)
    found = _TEXT.match(c.buf, c.pos)
    if found is None:
        return None
    text = found[0].upper().decode("ascii")
    if text == MIME and not path:
        return None
    c.pos = found.end()
    if text not in (FIELDS, FIELDS_NOT):
        return Section(path, text)
    if not c.accept_sp() and not c.lenient:
        raise c.fail("a space and a list of header fields")
    if not c.peek_is(b"("):
        if c.lenient:
            return None
        raise c.fail("a list of header fields")
    start = c.pos
    fields = tuple(c.paren_list(lambda: c.astring("a header field name")))
    if not fields and not c.lenient:
        c.pos = start
        raise c.fail("a list of at least one header field")
    return Section(path, text, fields)


def read_path(c: Cursor) -> tuple[int, ...]:
    """section-part = nz-number *("." nz-number); () when there is none."""
    found = _PATH.match(c.buf, c.pos)
    if found is None:
        return ()
    c.pos = found.end()
    return tuple([int(number) for number in found[0].split(b".")])


def write_section(w: Writer, section: Section) -> None:
    """section, with its brackets."""
    w.raw(b"[").raw(section.number.encode("ascii"))
    if section.path and section.text:
        w.raw(b".")
    w.raw(_LOOSE_SAFE.sub(b"?", section.text.encode("ascii", "replace")))
    if section.fields:
        w.sp().list_of(section.fields, w.astring)
    w.raw(b"]")


_LOOSE_SAFE: Final = re.compile(rb"[\]\r\n\x00]")


def read_partial(c: Cursor) -> Partial | None:
    """partial = "<" number64 "." nz-number64 ">"; None when there is none."""
    if not c.accept(b"<"):
        return None
    origin = c.number64("the first octet")
    c.expect(b".")
    start = c.pos
    length = c.number64("a number of octets above zero")
    if length == 0:
        c.pos = start
        raise c.fail("a number of octets above zero")
    c.expect(b">")
    return origin, length


def write_partial(w: Writer, partial: Partial | None) -> None:
    if partial is not None:
        w.raw(b"<%d.%d>" % partial)


def read_origin(c: Cursor) -> int | None:
    """The ``<origin>`` of an answer; some servers send the length too."""
    found = _ORIGIN.match(c.buf, c.pos)
    if found is None:
        return None
    c.pos = found.end()
    return int(found[1])


def write_origin(w: Writer, origin: int | None) -> None:
    if origin is not None:
        w.raw(b"<%d>" % origin)
