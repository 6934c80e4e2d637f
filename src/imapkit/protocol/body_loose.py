"""BODY and BODYSTRUCTURE as real servers send them: the lenient reader behind ``body.read_body``.

Fields may be missing from the end, be NIL where the grammar wants a value, or stand in the place of their neighbours; a multipart may
have no parts, which servers spell in four ways. The rule this file must not break: a part, however odd, becomes exactly one part, so
that the numbers of its siblings stay right.
"""

from __future__ import annotations

import re
from typing import Final

from ..wire.cursor import Cursor
from .bodypart import (
    NO_EXTENSION,
    BasicPart,
    BodyPart,
    Disposition,
    Extension,
    MessagePart,
    MultiPart,
    Params,
    TextPart,
)
from .envelope import Envelope, read_envelope, read_loose_nstring

_DISPOSITION: Final = re.compile(rb'\( *"[A-Za-z-]+" *(?:\(|NIL *\))', re.IGNORECASE)
_DISPOSITION_WORD: Final = re.compile(rb"[A-Za-z-]+")
_AMOUNT: Final = re.compile(rb'"?(-?)([0-9]{1,18})(?:[.,][0-9]*)?"?(?=[ \t()]|$)')
_MAIN_TYPES: Final = {
    b"text": b"plain",
    b"application": b"octet-stream",
    b"audio": b"basic",
    b"image": b"x-unknown",
    b"video": b"x-unknown",
    b"message": b"x-unknown",
    b"model": b"x-unknown",
    b"font": b"x-unknown",
}


def read_loose_body(c: Cursor) -> BodyPart:
    """One part, whatever is between its parentheses."""
    c.expect(b"(")
    c.enter()
    c.skip_spaces()
    part = _multi(c) if c.peek_is(b"(") else _single(c)
    while _more(c):  # nothing a part may hold: passed over
        c.skip_value()
    c.expect(b")")
    c.leave()
    return part


def _more(c: Cursor) -> bool:
    """Is there another value before the closing parenthesis?"""
    c.skip_spaces()
    return not c.at_end and not c.peek_is(b")")


def _multi(c: Cursor) -> MultiPart:
    children: list[BodyPart] = []
    while c.peek_is(b"("):
        children.append(read_loose_body(c))
        c.skip_spaces()
    subtype = (read_loose_nstring(c) if _more(c) else None) or b"mixed"
    return _multi_rest(c, children, subtype)


def _multi_rest(c: Cursor, children: list[BodyPart], subtype: bytes) -> MultiPart:
    params = _params(c) if _more(c) else ()
    return MultiPart(tuple(children), subtype, params, _extension(c, None))


def _single(c: Cursor) -> BodyPart:
    first = read_loose_nstring(c) if _more(c) else None
    _more(c)
    if first is not None and c.at_string():
        return _leaf(c, first, c.string())
    if first is None and c.at_string():
        subtype = c.string()
        if not _has_size(c):
            return _multi_rest(c, [], subtype)  # (NIL "alternative" (…) NIL NIL)
        return _leaf(c, _main_type(subtype), subtype)
    if first is None:
        if _more(c):
            read_loose_nstring(c)
        return _leaf(c, b"application", b"octet-stream")  # (NIL NIL NIL NIL NIL "7BIT" 0)
    if not _has_size(c):
        return _multi_rest(c, [], first)  # ("MIXED") or ("ALTERNATIVE" ("BOUNDARY" …) NIL NIL)
    default = _MAIN_TYPES.get(first.lower())
    if default is None:
        return _leaf(c, b"application", first)  # ("X-ZIP" (…) NIL NIL "base64" 4096)
    return _leaf(c, first, default)


def _main_type(subtype: bytes) -> bytes:
    return b"text" if subtype.lower() in (b"plain", b"html") else b"application"


def _has_size(c: Cursor) -> bool:
    """True if a number follows in this list, which only leaves have."""
    start = c.pos
    found = False
    while not found and _more(c):
        found = _AMOUNT.match(c.buf, c.pos) is not None
        c.skip_value()
    c.pos = start
    return found


def _leaf(c: Cursor, maintype: bytes, subtype: bytes) -> BodyPart:
    params = _params(c) if _more(c) else ()
    part_id = read_loose_nstring(c) if _more(c) else None
    description = read_loose_nstring(c) if _more(c) else None
    encoding: bytes | None = None
    if _more(c) and (c.at_string() or _AMOUNT.match(c.buf, c.pos) is None):
        encoding = read_loose_nstring(c)
    octets = _amount(c)
    kind = maintype.lower()
    if kind == b"text":
        lines = _amount(c)
        md5 = _md5(c)
        return TextPart(
            subtype, params, part_id, description, encoding, octets, lines, _extension(c, md5), maintype
        )
    if kind == b"message" and subtype.lower() in (b"rfc822", b"global"):
        envelope: Envelope | None = None
        body: BodyPart | None = None
        if _more(c) and c.peek_is(b"(") and _DISPOSITION.match(c.buf, c.pos) is None:
            envelope = read_envelope(c)
            body = _embedded(c)
        lines = _amount(c)
        md5 = _md5(c)
        extension = _extension(c, md5)
        return MessagePart(
            subtype,
            params,
            part_id,
            description,
            encoding,
            octets,
            envelope,
            body,
            lines,
            extension,
            maintype,
        )
    md5 = _md5(c)
    return BasicPart(maintype, subtype, params, part_id, description, encoding, octets, _extension(c, md5))


def _embedded(c: Cursor) -> BodyPart | None:
    """The body of an embedded message; ``()`` and NIL are none."""
    if not _more(c):
        return None
    if not c.peek_is(b"("):
        if _AMOUNT.match(c.buf, c.pos) is None:
            read_loose_nstring(c)
        return None
    start = c.pos
    c.accept(b"(")
    if not _more(c) and c.accept(b")"):
        return None
    c.pos = start
    return read_loose_body(c)


def _amount(c: Cursor) -> int:
    """A number of octets or lines: negative and fractional ones are met. Nothing is taken if no number is next."""
    if not _more(c):
        return 0
    found = _AMOUNT.match(c.buf, c.pos)
    if found is None:
        return 0
    c.pos = found.end()
    return 0 if found[1] else int(found[2])


def _params(c: Cursor) -> Params:
    """Names and values; a name without a value gets an empty one."""
    if not c.peek_is(b"("):
        read_loose_nstring(c)
        return ()
    c.accept(b"(")
    found: list[tuple[bytes, bytes]] = []
    while _more(c):
        name = read_loose_nstring(c)
        value = read_loose_nstring(c) if _more(c) else None
        if name is not None:
            found.append((name, value or b""))
    c.expect(b")")
    return tuple(found)


def _md5(c: Cursor) -> bytes | None:
    """The checksum, unless it was left out and the disposition stands here."""
    if not _more(c) or _DISPOSITION.match(c.buf, c.pos) is not None:
        return None
    return read_loose_nstring(c)


def _extension(c: Cursor, md5: bytes | None) -> Extension:
    if not _more(c):
        return NO_EXTENSION if md5 is None else Extension(md5)
    disposition = _disposition(c)
    language: tuple[bytes, ...] = ()
    location: bytes | None = None
    more: list[bytes] = []
    if _more(c):
        if disposition is None and _DISPOSITION.match(c.buf, c.pos) is not None:
            disposition = _disposition(c)  # the two stand in each other's place
        else:
            language = _language(c)
    if _more(c):
        location = read_loose_nstring(c)
    while _more(c):
        more.append(c.skip_value())
    return Extension(md5, disposition, language, location, tuple(more))


def _disposition(c: Cursor) -> Disposition | None:
    """("attachment" (…)), and also a bare "attachment"; any other string here is not one."""
    if not c.peek_is(b"("):
        word = read_loose_nstring(c)
        if word is None or _DISPOSITION_WORD.fullmatch(word) is None:
            return None
        return Disposition(word)
    c.accept(b"(")
    kind = read_loose_nstring(c) if _more(c) else None
    params = _params(c) if _more(c) else ()
    while _more(c):
        c.skip_value()
    c.expect(b")")
    return None if kind is None else Disposition(kind, params)


def _language(c: Cursor) -> tuple[bytes, ...]:
    if not c.peek_is(b"("):
        tag = read_loose_nstring(c)
        return () if tag is None else (tag,)
    c.accept(b"(")
    found: list[bytes] = []
    while _more(c):
        tag = read_loose_nstring(c)
        if tag is not None:
            found.append(tag)
    c.expect(b")")
    return tuple(found)
