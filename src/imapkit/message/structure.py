"""A tree of parts to BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2), ready for the wire.

What is made is always legal, and never larger than ``MAX_WIRE``: a message that would exceed it loses the ends of its longest strings
first, then the envelopes of embedded messages, and at last shows as one opaque part. The numbers of parts never change on the way.
"""

from __future__ import annotations

from typing import Final

from ..protocol.body import (
    BasicPart,
    BodyPart,
    Disposition,
    Extension,
    MessagePart,
    MultiPart,
    Params,
    TextPart,
    write_body,
)
from ..protocol.envelope import Envelope, write_envelope
from ..record import record
from ..wire.writer import Writer
from .envelope import build_envelope, envelope_fields, shorten
from .part import MESSAGE, MULTIPART, Part

MAX_WIRE: Final = 1_000_000
"""Octets of one wire-ready column."""


@record
class _Level:
    """How much of a structure is shown."""

    octets: int
    """… of each string."""
    addresses: int
    """… of each address list in an embedded envelope; none of the envelope if 0."""
    params: int


_FULL: Final = _Level(1 << 20, 10_000, 1000)
_LEVELS: Final = (_FULL, _Level(500, 50, 20), _Level(60, 0, 1), _Level(30, 0, 0))


def _cut(value: bytes | None, level: _Level) -> bytes | None:
    return value if value is None else value[: level.octets]


def _params(params: Params, level: _Level) -> Params:
    if level is _FULL:
        return params
    return tuple((name[: level.octets], value[: level.octets]) for name, value in params[: level.params])


def _extension(part: Part, level: _Level) -> Extension:
    mime = part.mime
    disposition = None
    if mime.disposition is not None:
        disposition = Disposition(mime.disposition[: level.octets], _params(mime.disposition_params, level))
    language = tuple(tag[: level.octets] for tag in mime.language[: level.params])
    md5 = None if part.kind == MULTIPART else _cut(mime.md5, level)
    return Extension(md5, disposition, language, _cut(mime.location, level))


def _build(part: Part, level: _Level) -> BodyPart:
    mime = part.mime
    params = _params(mime.params, level)
    extension = _extension(part, level)
    subtype = mime.subtype[: level.octets]
    if part.kind == MULTIPART:
        return MultiPart(
            tuple(_build(child, level) for child in part.children), subtype, params, extension, mime.maintype
        )
    part_id = _cut(mime.id, level)
    description = _cut(mime.description, level)
    encoding = _cut(mime.encoding, level) or b"7bit"
    octets = part.end - part.body
    if part.kind == MESSAGE:
        inner = part.children[0]
        envelope = Envelope()
        if level.addresses:
            envelope = build_envelope(envelope_fields(inner.header))
            if level is not _FULL:
                envelope = shorten(envelope, level.addresses, level.octets)
        body = _build(inner, level)
        return MessagePart(
            subtype,
            params,
            part_id,
            description,
            encoding,
            octets,
            envelope,
            body,
            part.lines,
            extension,
            mime.maintype,
        )
    if mime.is_text:
        return TextPart(
            subtype, params, part_id, description, encoding, octets, part.lines, extension, mime.maintype
        )
    return BasicPart(
        mime.maintype[: level.octets], subtype, params, part_id, description, encoding, octets, extension
    )


def body_of(root: Part) -> BodyPart:
    """The structure of a message as a record."""
    return _build(root, _FULL)


def wire_structure(root: Part) -> tuple[bytes, bytes]:
    """BODY and BODYSTRUCTURE, as they follow the name of the item."""
    for level in _LEVELS:
        body = _build(root, level)
        extended = _wire_body(body, True)
        if len(extended) <= MAX_WIRE:
            return _wire_body(body, False), extended
    opaque = BasicPart(b"application", b"octet-stream", encoding=b"binary", octets=root.end - root.body)
    return _wire_body(opaque, False), _wire_body(opaque, True)


def _wire_body(body: BodyPart, extended: bool) -> bytes:
    writer = Writer()
    write_body(writer, body, extended)
    return writer.octets()


def wire_envelope(fields: dict[bytes, list[bytes]]) -> tuple[Envelope, bytes]:
    """The envelope as a record, and as it follows the name of the item."""
    envelope = build_envelope(fields)
    octets = _wire_envelope(envelope)
    for level in _LEVELS[1:]:
        if len(octets) <= MAX_WIRE:
            break
        envelope = shorten(envelope, max(level.addresses, 1), level.octets)
        octets = _wire_envelope(envelope)
    return envelope, octets


def _wire_envelope(envelope: Envelope) -> bytes:
    writer = Writer()
    write_envelope(writer, envelope)
    return writer.octets()
