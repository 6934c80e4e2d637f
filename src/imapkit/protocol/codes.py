"""Response codes (RFC 9051 section 7.1, RFC 5530): the bracket in ``* OK [UIDNEXT 5] text``.

Features declare their codes at ``Point.CODE``; those without arguments are ``SimpleCode``. What nobody declared is kept as
``UnknownCode``: never an error for a client.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from ..errors import LimitExceeded, ParseError
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .registry import Feature, Grammar, Point, Reader

_NAME: Final = re.compile(rb"[^\x00-\x20()\[\]\x7f]+")


class Code(Protocol):
    """A response code record: ``write`` writes what stands between the brackets."""

    @property
    def name(self) -> str: ...

    def write(self, w: Writer) -> None: ...


@record
class SimpleCode:
    """A code that is only a word, such as ``[READ-ONLY]``."""

    name: str

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii"))


@record
class UnknownCode:
    """A code that nobody declared, or whose arguments make no sense; ``raw`` is what follows the name."""

    name: str
    raw: bytes

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii", "replace") + (b" " + self.raw if self.raw else b""))


def simple_code(feature: Feature, name: str) -> SimpleCode:
    """Declare a code without arguments and give its one record."""
    code = SimpleCode(name)
    feature.word_reader(Point.CODE, name, _reader_of(code), SimpleCode)
    return code


def _reader_of(code: SimpleCode) -> Reader:
    def read(c: Cursor, g: Grammar) -> SimpleCode:
        return code

    return read


def read_code(c: Cursor, g: Grammar) -> Code:
    """resp-text-code behind ``[``; leaves the cursor behind ``]``. Only a missing ``]`` is an error."""
    start = c.pos
    found = _NAME.match(c.buf, c.pos)
    name = found[0].upper() if found else b""
    read = g.reader(Point.CODE, name)
    if found is not None and read is not None:
        c.pos = found.end()
        depth = c.depth
        try:
            code = read(c, g)
            c.skip_spaces()
            if c.accept(b"]"):
                return code  # type: ignore[return-value]  # what is declared at Point.CODE has a name
        except (ParseError, LimitExceeded):
            c.depth = depth
    c.pos = start
    return _read_unknown(c)


def _read_unknown(c: Cursor) -> UnknownCode:
    """Everything up to the bracket that closes this one."""
    start = c.pos
    open_brackets = 1
    in_quotes = False
    while c.pos < c.end:
        octet = c.buf[c.pos]
        if octet == 0x22:
            in_quotes = not in_quotes
        elif not in_quotes and octet == 0x5B:
            open_brackets += 1
        elif not in_quotes and octet == 0x5D:
            open_brackets -= 1
            if not open_brackets:
                name, _, raw = c.buf[start : c.pos].partition(b" ")
                c.pos += 1
                return UnknownCode(name.decode("ascii", "replace").upper(), raw)
        c.pos += 1
    c.pos = start
    raise c.fail("a response code and ']'")
