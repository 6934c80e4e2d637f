"""BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2): the strict reader and the writer.

The records are in ``bodypart``; a lenient cursor goes to ``body_loose``. The rule this file must not break: what is written is legal,
whatever was read.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .body_loose import read_loose_body
from .body_quick import quick_body
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
    attachments,
    disposition_param,
    has_filename,
    media_type,
    param,
    walk,
)
from .envelope import Envelope, read_envelope, write_envelope

__all__ = [
    "NO_EXTENSION",
    "BasicPart",
    "BodyPart",
    "Disposition",
    "Extension",
    "MessagePart",
    "MultiPart",
    "Params",
    "TextPart",
    "attachments",
    "disposition_param",
    "has_filename",
    "media_type",
    "param",
    "walk",
    "body_of",
    "read_body",
    "write_body",
    "write_params",
]

# Reading


def read_body(c: Cursor) -> BodyPart:
    """body = "(" (body-type-1part / body-type-mpart) ")"."""
    if c.lenient:
        return read_loose_body(c)
    c.expect(b"(")
    c.enter()
    part = _read_multi(c) if c.peek_is(b"(") else _read_single(c)
    c.leave()
    c.expect(b")")
    return part


def body_of(octets: bytes) -> BodyPart:
    """From all octets of a body without literals, as a client reads it."""
    return quick_body(octets) or read_loose_body(Cursor(octets, lenient=True))


def _read_multi(c: Cursor) -> MultiPart:
    """body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]."""
    children = [read_body(c)]
    while c.peek_is(b"("):
        children.append(read_body(c))
    c.sp()
    subtype = c.string()
    params: Params = ()
    extension = NO_EXTENSION
    if c.accept_sp():
        params = _read_params(c)
        extension = _read_extension(c, None)
    return MultiPart(tuple(children), subtype, params, extension)


def _read_single(c: Cursor) -> BodyPart:
    """body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]."""
    maintype = c.string()
    c.sp()
    subtype = c.string()
    c.sp()
    params = _read_params(c)
    c.sp()
    part_id = c.nstring()
    c.sp()
    description = c.nstring()
    c.sp()
    encoding = c.string()
    c.sp()
    octets = c.number64()
    kind = maintype.lower()
    envelope: Envelope | None = None
    body: BodyPart | None = None
    lines = 0
    embedded = kind == b"message" and subtype.lower() in (b"rfc822", b"global")
    if embedded:
        c.sp()
        envelope = read_envelope(c)
        c.sp()
        body = read_body(c)
    if embedded or kind == b"text":
        c.sp()
        lines = c.number64()
    extension = NO_EXTENSION
    if c.accept_sp():
        extension = _read_extension(c, c.nstring())
    if embedded:
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
    if kind == b"text":
        return TextPart(subtype, params, part_id, description, encoding, octets, lines, extension, maintype)
    return BasicPart(maintype, subtype, params, part_id, description, encoding, octets, extension)


def _read_params(c: Cursor) -> Params:
    """body-fld-param = "(" string SP string *(SP string SP string) ")" / nil."""
    if c.accept_nil():
        return ()
    c.expect(b"(")
    found: list[tuple[bytes, bytes]] = []
    while True:
        name = c.string()
        c.sp()
        found.append((name, c.string()))
        if c.accept(b")"):
            return tuple(found)
        c.sp()


def _read_extension(c: Cursor, md5: bytes | None) -> Extension:
    """[SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]."""
    disposition: Disposition | None = None
    language: tuple[bytes, ...] = ()
    location: bytes | None = None
    more: list[bytes] = []
    if c.accept_sp():
        if not c.accept_nil():
            c.expect(b"(")
            kind = c.string()
            c.sp()
            disposition = Disposition(kind, _read_params(c))
            c.expect(b")")
        if c.accept_sp():
            if not c.accept_nil():
                language = tuple(c.one_or_list(c.string))
            if c.accept_sp():
                location = c.nstring()
                while c.accept_sp():
                    more.append(c.skip_value())
    return Extension(md5, disposition, language, location, tuple(more))


# Writing


def write_body(w: Writer, part: BodyPart, extended: bool) -> None:
    """BODY, or BODYSTRUCTURE when ``extended``. Always legal: what a broken server left out gets the value that says nothing."""
    w.raw(b"(")
    if isinstance(part, MultiPart):
        for child in part.children or (_EMPTY,):
            write_body(w, child, extended)
        w.sp().string(part.subtype)
        if extended:
            w.sp()
            write_params(w, part.params)
            _write_extension(w, part.extension)
        w.raw(b")")
        return
    w.string(part.maintype).sp().string(part.subtype).sp()
    write_params(w, part.params)
    w.sp().nstring(part.id).sp().nstring(part.description).sp().string(part.encoding or b"7BIT")
    w.sp().number(part.octets)
    if isinstance(part, MessagePart):
        w.sp()
        write_envelope(w, part.envelope or Envelope())
        w.sp()
        write_body(w, part.body or _EMPTY, extended)
    if isinstance(part, MessagePart | TextPart):
        w.sp().number(part.lines)
    if extended:
        w.sp().nstring(part.extension.md5)
        _write_extension(w, part.extension)
    w.raw(b")")


_EMPTY = TextPart(b"plain", ((b"charset", b"us-ascii"),), encoding=b"7bit")


def write_params(w: Writer, params: Params) -> None:
    if not params:
        w.raw(b"NIL")
        return
    w.raw(b"(")
    for place, (name, found) in enumerate(params):
        w.raw(b" " if place else b"").string(name).sp().string(found)
    w.raw(b")")


def _write_extension(w: Writer, extension: Extension) -> None:
    w.sp()
    if extension.disposition is None:
        w.raw(b"NIL")
    else:
        w.raw(b"(").string(extension.disposition.type).sp()
        write_params(w, extension.disposition.params)
        w.raw(b")")
    w.sp()
    _write_language(w, extension.language)
    w.sp().nstring(extension.location)
    for value in extension.more:
        w.sp().raw(value)


def _write_language(w: Writer, language: Sequence[bytes]) -> None:
    if not language:
        w.raw(b"NIL")
    elif len(language) == 1:
        w.string(language[0])
    else:
        w.list_of(language, w.string)
