"""FETCH responses as nearly every server sends them, recognised in one match and read when they are touched (RFC 9051 section 7.5.2).

A helper of FETCH for a client; not a feature. ``quick_fetch`` knows answers of UID, FLAGS, INTERNALDATE, RFC822.SIZE, MODSEQ, ENVELOPE,
BODYSTRUCTURE and one body section, each at most once and in any order. The rules this file must not break: what is recognised is read
without fail, so that a broken message is known as such at once; what comes of it is what ``FetchData.read`` gives; all else is left to
that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ..protocol.body import body_of
from ..protocol.dates import parse_date_time
from ..protocol.envelope import envelope_of
from ..protocol.flags import canonical
from ..protocol.registry import Grammar
from ..wire.cursor import Cursor
from ..wire.frame import Frame, Literal
from ..wire.limits import CLIENT
from .fetch_data import BodySection, FetchData
from .fetch_items import (
    BodyStructureItem,
    EnvelopeItem,
    FetchItem,
    FlagsItem,
    InternalDateItem,
    SectionItem,
    SizeItem,
    UidItem,
)
from .fetch_section import Section, read_section

_SHORT: Final = 256
"""Octets up to which lists of flags and names of sections are remembered: a server may send very long ones."""

_SEQ, _UID, _FLAGS, _DATE, _SIZE, _MODSEQ, _ENVELOPE, _BODY, _SECTION, _ORIGIN, _MARK = range(1, 12)


def _pattern() -> bytes:
    """The whole response. No string has a backslash in it, so that its octets are what stands between the quotes.

    Multiparts go three deep, and a message may stand in the outermost: what mail programs make. Deeper ones are read plainly.
    """
    string = rb'"[^"\\\r\n]*+"'
    nstring = rb"(?:NIL|" + string + rb")"
    pair = string + rb" " + string
    params = rb"(?:NIL|\(" + pair + rb"(?: " + pair + rb")*+\))"
    address = rb"\((?:" + nstring + rb" ){3}" + nstring + rb"\)"
    addresses = rb"(?:NIL|\((?:" + address + rb")++\))"
    envelope = rb"\((?:%b ){2}(?:%b ){6}%b %b\)" % (nstring, addresses, nstring, nstring)
    disposition = rb"(?:NIL|\(%b %b\))" % (string, params)
    language = rb"(?:NIL|%b|\(%b(?: %b)*+\))" % (string, string, string)
    extension = rb"(?: %b(?: %b(?: %b)?+)?+)?+" % (disposition, language, nstring)
    number = rb"[0-9]{1,18}+"
    fields = rb"%b (?:%b ){3}%b" % (params, nstring, number)
    tail = rb"(?: %b%b)?+\)" % (nstring, extension)
    text = rb"(?i:\"text\") %b %b %b" % (string, fields, number)
    other = rb"(?!(?i:\"text\"|\"message\"))%b %b %b" % (string, string, fields)
    leaf = rb"\((?:%b|%b)%b" % (text, other, tail)
    end = rb" %b(?: %b%b)?+\)" % (string, params, extension)
    simple = rb"(?:%b|\((?:%b)++%b)" % (leaf, leaf, end)
    message = rb"\((?i:\"message\" \"rfc822\") %b %b %b %b%b" % (fields, envelope, simple, number, tail)
    body = rb"(?:%b|\((?:%b|%b|\((?:%b)++%b)++%b)" % (leaf, leaf, message, simple, end, end)
    values = (
        rb"UID ([0-3]?[0-9]{1,9})",
        rb"FLAGS \(([^()\x00-\x1f\x7f]*+)\)",
        rb'INTERNALDATE "([^"\\\r\n]*+)"',
        rb"RFC822\.SIZE ([0-9]{1,18})",
        rb"MODSEQ \(([0-9]{1,18})\)",
        rb"ENVELOPE (%b)" % envelope,
        rb"BODYSTRUCTURE (%b)" % body,
        rb"BODY\[([0-9A-Za-z.]*+(?: \([0-9A-Za-z -]++\))?+)\](?:<([0-9]{1,18})>)?+ (\{[0-9]{1,18}\}\r\n)",
    )
    once = rb"|".join(rb"(?(%d)(?!))%b" % (number, item) for number, item in enumerate(values, _UID))
    return rb"\* ([0-9]{1,10}) FETCH \((?:(?:%b)(?: (?=[A-Z])|(?=\))))++\)\Z" % once


@lru_cache(maxsize=1)
def _compiled() -> re.Pattern[bytes]:
    return re.compile(_pattern())


_GROUPS: Final[dict[type[FetchItem], int]] = {
    UidItem: _UID,
    FlagsItem: _FLAGS,
    InternalDateItem: _DATE,
    SizeItem: _SIZE,
    EnvelopeItem: _ENVELOPE,
    BodyStructureItem: _BODY,
    SectionItem: _MARK,
}


def groups_of(items: Sequence[FetchItem]) -> tuple[int, ...] | None:
    """What ``told`` must be asked for these items; None when it cannot say whether they all came."""
    found = [_GROUPS.get(type(item), 0) for item in items]
    return tuple(found) if all(found) and len(set(found)) == len(found) > 1 else None


class LazyFetchData(FetchData):
    """A response that was recognised, and of which nothing was read yet but the UID."""

    __slots__ = ("_found", "_grammar", "_literal", "told")

    def __init__(self, found: re.Match[bytes], grammar: Grammar, literal: Literal | None) -> None:
        self._found = found
        self._grammar = grammar
        self._literal = literal
        self.told = found.group
        """Called with what ``groups_of`` gave: None stands for each item that did not come."""
        uid = found[_UID]
        self.uid = int(uid) if uid is not None else None

    if not TYPE_CHECKING:  # else every misspelt attribute would be an object to type checkers

        def __getattr__(self, name: str) -> object:
            """An attribute that nobody touched yet."""
            read = _READERS.get(name)
            if read is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            value = read(self)
            setattr(self, name, value)
            return value

    def __reduce__(self) -> tuple[object, ...]:
        return FetchData, (self.seq, self.items, self.error)

    def _frame(self) -> Frame:
        mark = self._found.end(_MARK)
        literals = {} if self._literal is None else {mark: self._literal}
        return Frame(self._found.string, literals)

    def _items(self) -> list[Any]:
        c = Cursor(self._frame(), lenient=True, limits=CLIENT)
        c.pos = self._found.end(_SEQ) + len(" FETCH ")
        return FetchData.read(c, self._grammar, self.seq).items

    def _flags(self) -> tuple[str, ...] | None:
        flags = self._found[_FLAGS]
        if flags is None:
            return None
        return _known_flags(flags) if len(flags) <= _SHORT else _flag_list(flags)

    def _sections(self) -> list[BodySection]:
        text, origin, _ = self._found.group(_SECTION, _ORIGIN, _MARK)
        if text is None:
            return []
        section = _known_section(text) if len(text) <= _SHORT else _section(text)
        return [BodySection(section, self._literal, None if origin is None else int(origin))]

    def _number(self, group: int) -> int | None:
        number = self._found[group]
        return None if number is None else int(number)


def _flag_list(flags: bytes) -> tuple[str, ...]:
    return tuple([canonical(flag.decode("utf-8", "surrogateescape")) for flag in flags.split()])


def _section(text: bytes) -> Section:
    return read_section(Cursor(b"[" + text + b"]", lenient=True))


_known_flags = lru_cache(maxsize=1024)(_flag_list)
_known_section = lru_cache(maxsize=256)(_section)


_READERS: Final[dict[str, Callable[[LazyFetchData], object]]] = {
    "seq": lambda data: int(data._found[_SEQ]),
    "items": LazyFetchData._items,
    "error": lambda data: None,
    "flags": LazyFetchData._flags,
    "internaldate": lambda data: None if (date := data._found[_DATE]) is None else parse_date_time(date),
    "size": lambda data: data._number(_SIZE),
    "envelope": lambda data: None if (raw := data._found[_ENVELOPE]) is None else envelope_of(raw),
    "body": lambda data: None,
    "bodystructure": lambda data: None if (raw := data._found[_BODY]) is None else body_of(raw),
    "sections": LazyFetchData._sections,
    "binary": lambda data: [],
    "binary_sizes": lambda data: {},
    "modseq": lambda data: data._number(_MODSEQ),
    "email_id": lambda data: None,
    "thread_id": lambda data: None,
    "extra": lambda data: {},
}


def quick_fetch(grammar: Grammar) -> Callable[[bytes, dict[int, Literal] | None], LazyFetchData | None]:
    """A reader of frames that gives None for all that it does not know.

    Only for a grammar that has all those items, as a client's has.
    """
    match = _compiled().match

    def read(buf: bytes, literals: dict[int, Literal] | None = None) -> LazyFetchData | None:
        found = match(buf)
        if found is None:
            return None
        mark = found.end(_MARK)
        if mark < 0:
            return None if literals else LazyFetchData(found, grammar, None)
        if literals is not None and len(literals) == 1:
            literal = literals.get(mark)
            if literal is not None:
                return LazyFetchData(found, grammar, literal)
        return None

    return read
