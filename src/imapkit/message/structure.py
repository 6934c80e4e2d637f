"""A tree of parts to BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2), ready for the wire.

What is made is always legal, and never larger than ``MAX_WIRE``: a message that would exceed it loses the ends of its longest strings
first, then the envelopes of embedded messages, and at last shows as one opaque part. The numbers of parts never change on the way.
"""

from __future__ import annotations

from functools import lru_cache
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
from ..protocol.envelope import Envelope
from ..record import record
from ..wire.writer import Writer
from .envelope import MAX_WIRE, build_envelope, envelope_fields, shorten
from .mime import TEXT_PLAIN
from .part import LEAF, MESSAGE, MULTIPART, Mime, Part

_SHORT: Final = 4096
"""Octets of a header, of which the structure is written in the quick way."""


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


def _with_charset(params: Params) -> Params:
    """The parameters of a text part: where no charset is named it is us-ascii (RFC 2045 section 5.2)."""
    if any(name.partition(b"*")[0].lower() == b"charset" for name, _ in params):
        return params
    return (*params, *TEXT_PLAIN.params)


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
            subtype,
            _with_charset(params),
            part_id,
            description,
            encoding,
            octets,
            part.lines,
            extension,
            mime.maintype,
        )
    return BasicPart(
        mime.maintype[: level.octets], subtype, params, part_id, description, encoding, octets, extension
    )


def body_of(root: Part) -> BodyPart:
    """The structure of a message as a record."""
    return _build(root, _FULL)


def wire_structure(root: Part) -> tuple[bytes, bytes]:
    """BODY and BODYSTRUCTURE, as they follow the name of the item."""
    if root.kind == LEAF and len(root.header) <= _SHORT:
        return _wire_leaf(root)
    return wire_structure_plainly(root)


def _wire_leaf(root: Part) -> tuple[bytes, bytes]:
    """The same of a message that is one part: all but the numbers is as in the messages before it."""
    mime = root.mime
    numbers = b" %d" % (root.end - root.body)
    if mime.is_text:
        numbers += b" %d" % root.lines
    fields = (
        mime.maintype, mime.subtype, mime.params, mime.id, mime.description, mime.encoding, mime.md5, mime.disposition,
        mime.disposition_params, mime.language, mime.location,
    )  # fmt: skip
    head, tail = _around_numbers(fields)
    return head + numbers + b")", head + numbers + tail


@lru_cache(maxsize=1024)
def _around_numbers(
    fields: tuple[
        bytes, bytes, Params, bytes | None, bytes | None, bytes | None, bytes | None, bytes | None, Params,
        tuple[bytes, ...], bytes | None,
    ],
) -> tuple[bytes, bytes]:  # fmt: skip
    """What is written before the numbers of octets and lines, and in BODYSTRUCTURE behind them."""
    mime = Mime(*fields)
    body, extended = wire_structure_plainly(Part(LEAF, 0, 0, 0, 0, mime))
    numbers = b" 0 0)" if mime.is_text else b" 0)"
    head = body.removesuffix(numbers)
    return head, extended[len(head) + len(numbers) - 1 :]


def wire_structure_plainly(root: Part) -> tuple[bytes, bytes]:
    """``wire_structure`` of any message."""
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
