"""Content-* header fields to a ``Mime`` record (RFC 2045, RFC 2183, RFC 2231), forgiving what is found in the wild.

Parameter names and values stay raw, as BODYSTRUCTURE wants them. Linear in the length of the header, whatever it holds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from .part import Mime, Params

MAX_PARAMS: Final = 500
MAX_BOUNDARY: Final = 1000
_SHORT: Final = 4096
"""Octets of a header of which is remembered what its fields say."""

TEXT_PLAIN: Final = Mime(b"text", b"plain", ((b"charset", b"us-ascii"),))
DIGEST_DEFAULT: Final = Mime(b"message", b"rfc822")

_FIELD: Final = re.compile(rb"content-([a-z0-9-]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_FOLD: Final = re.compile(rb"(?<!\r)\r*+\n")  # tried once for each run of CRs, however long
_TYPE: Final = re.compile(rb"[ \t]*([^\s/;=\"]+)[ \t]*/[ \t]*([^\s/;=\"(]+)")
_ATTRIBUTE: Final = re.compile(rb"[;\s]*([^\s=;]+)\s*=\s*|[;\s]*[^\s=;]+\s*;?|[;\s=]+")
_QUOTED: Final = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"[^;]*', re.DOTALL)
_BARE: Final = re.compile(rb"[^;]*")
_PAIR: Final = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT: Final = re.compile(rb"\([^()]*\)")
_TOKEN: Final = re.compile(rb'[^\s;,()"]+')
_SPACED_QP: Final = re.compile(rb"quoted[ _]*printable", re.IGNORECASE)
_PIECE: Final = re.compile(rb"boundary\*([0-9]{1,3})\*?$")


def unfold(value: bytes) -> bytes:
    """Line ends out, the white space around out (RFC 5322 section 2.2.3)."""
    if b"\n" in value:
        value = _FOLD.sub(b"", value)
    return value.strip(b" \t\r\n\x00")


def content_fields(header: bytes) -> dict[bytes, bytes]:
    """The Content-* fields by lower-case name without the prefix; of several with one name the first counts."""
    found: dict[bytes, bytes] = {}
    text = b"\n" + header.replace(b"\0", b"")
    low = text.lower()
    at = low.find(b"\ncontent-")
    while at >= 0:
        field = _FIELD.match(text, at + 1)
        if field is not None:
            found.setdefault(field[1].lower(), unfold(field[2]))
        at = low.find(b"\ncontent-", at + 1)
    return found


def parse_params(text: bytes, at: int = 0) -> Params:
    """``; name=value; name="value"`` from ``at`` on."""
    params: list[tuple[bytes, bytes]] = []
    closed = True
    while at < len(text) and len(params) < MAX_PARAMS:
        name = _ATTRIBUTE.match(text, at)
        if name is None or name.end() == at:
            break
        at = name.end()
        if name[1] is None:
            continue
        if closed and text.startswith(b'"', at):
            quoted = _QUOTED.match(text, at)
            if quoted is not None:
                params.append((name[1], _PAIR.sub(rb"\1", quoted[1])))
                at = quoted.end()
                continue
            closed = False
        bare = _BARE.match(text, at)
        if bare is None:
            break
        at = bare.end()
        params.append((name[1], _bare_value(bare[0])))
    return tuple(params)


def _bare_value(value: bytes) -> bytes:
    if b"(" in value:
        value = _COMMENT.sub(b"", value)
    return value.strip(b' \t"')


def _parse_type(value: bytes) -> tuple[bytes, bytes, Params] | None:
    """type "/" subtype *(";" parameter); None where it is not even that."""
    if value.startswith(b"("):
        value = _COMMENT.sub(b"", value)
    found = _TYPE.match(value)
    if found is None:
        return None
    return found[1], found[2], parse_params(value, found.end())


def _token(value: bytes | None) -> bytes | None:
    if not value:
        return None
    if b"(" in value:
        value = _COMMENT.sub(b"", value)
    found = _TOKEN.search(value)
    return None if found is None else found[0]


def _encoding(value: bytes | None) -> bytes | None:
    """The mechanism's name; one often written with a space is mended."""
    if value is not None and _SPACED_QP.fullmatch(value) is not None:
        return b"quoted-printable"
    return _token(value)


def parse_mime(header: bytes, default: Mime = TEXT_PLAIN) -> Mime:
    """What the header says of the body below it. An unreadable Content-Type counts as text/plain (RFC 2045 section 5.2)."""
    fields = content_fields(header)
    if not fields:
        return default
    if default is TEXT_PLAIN and b"boundary" not in fields.get(b"type", b"") and len(header) <= _SHORT:
        return _remembered(tuple(fields.items()))
    return _read_mime(fields, default)


@lru_cache(maxsize=1024)
def _remembered(fields: tuple[tuple[bytes, bytes], ...]) -> Mime:
    """Most parts say what many others said."""
    return _read_mime(dict(fields), TEXT_PLAIN)


def _read_mime(fields: dict[bytes, bytes], default: Mime) -> Mime:
    typed = fields.get(b"type")
    kind = None if typed is None else _parse_type(typed)
    if kind is None:
        base = default if typed is None else TEXT_PLAIN
        kind = (base.maintype, base.subtype, base.params)
    disposition = fields.get(b"disposition")
    disposed = None
    disposition_params: Params = ()
    if disposition:
        found = _TOKEN.match(disposition)
        if found is not None and b"=" not in found[0]:
            disposed = found[0]
            disposition_params = parse_params(disposition, found.end())
    language = fields.get(b"language", b"")
    return Mime(
        kind[0],
        kind[1],
        kind[2],
        fields.get(b"id") or None,
        fields.get(b"description") or None,
        _encoding(fields.get(b"transfer-encoding")),
        _token(fields.get(b"md5")),
        disposed,
        disposition_params,
        tuple(tag for tag in (piece.strip() for piece in language.split(b",")[:100]) if tag),
        fields.get(b"location") or None,
    )


def boundary_of(mime: Mime) -> bytes:
    """The boundary of a multipart, empty where there is no usable one. One split by RFC 2231 is put together."""
    pieces: dict[int, bytes] = {}
    for name, value in mime.params:
        low = name.lower()
        if low == b"boundary":
            return _usable(value)
        if low == b"boundary*":
            return _usable(value.rpartition(b"'")[2])
        piece = _PIECE.match(low)
        if piece is not None:
            pieces[int(piece[1])] = value
    return _usable(b"".join(pieces[number] for number in sorted(pieces)))


def _usable(boundary: bytes) -> bytes:
    boundary = boundary.rstrip()
    return boundary if len(boundary) <= MAX_BOUNDARY else b""
