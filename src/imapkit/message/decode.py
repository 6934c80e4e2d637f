"""Bodies out of their Content-Transfer-Encoding (RFC 2045 section 6, RFC 3516 section 4.3).

Damaged content gives what can be saved of it; an encoding that nobody knows raises ``UnknownEncoding``, which a server answers with
NO [UNKNOWN-CTE].
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from .charset import codec_name, to_text
from .part import Mime
from .words import lenient_base64

_IDENTITY: Final = frozenset([b"", b"7bit", b"7-bit", b"7bits", b"8bit", b"8-bit", b"8bits", b"binary"])
_QP: Final = frozenset([b"quoted-printable", b"quotedprintable"])
_UU: Final = frozenset([b"x-uuencode", b"uuencode", b"x-uue", b"uue"])
_ASCII: Final = frozenset([None, "western", "utf-8"])
"""Codecs under which ASCII is ASCII, as ``to_text`` reads it."""
_LINE_SPACE: Final = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")
UU_BEGIN: Final = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\n]*\n", re.MULTILINE)


class UnknownEncoding(ValueError):
    """A Content-Transfer-Encoding that cannot be decoded."""

    def __init__(self, encoding: bytes) -> None:
        super().__init__(f"unknown content transfer encoding {encoding.decode('latin-1')!r}")
        self.encoding = encoding


def is_identity(encoding: bytes) -> bool:
    """True for an encoding that ``decode_body`` leaves as it is."""
    return encoding.strip().lower() in _IDENTITY


def is_base64(encoding: bytes) -> bool:
    return encoding.strip().lower() == b"base64"


def is_uuencode(encoding: bytes) -> bool:
    return encoding.strip().lower() in _UU


def is_known(encoding: bytes) -> bool:
    """False for one of which ``decode_body`` raises UnknownEncoding."""
    name = encoding.strip().lower()
    return name in _IDENTITY or name == b"base64" or name in _QP or name in _UU


def decode_body(data: bytes, encoding: bytes | None) -> bytes:
    """``data`` without its transfer encoding."""
    name = (encoding or b"").strip().lower()
    if name in _IDENTITY:
        return data
    if name == b"base64":
        return lenient_base64(data)
    if name in _QP:
        return binascii.a2b_qp(
            _LINE_SPACE.sub(b"", data) if b" \n" in data or b" \r\n" in data or b"\t" in data else data
        )
    if name in _UU:
        return _uudecode(data)
    raise UnknownEncoding(name)


def _uudecode(data: bytes) -> bytes:
    begin = UU_BEGIN.search(data)
    return decode_uu_lines(data[begin.end() if begin is not None else 0 :])[0]


def decode_uu_lines(data: bytes) -> tuple[bytes, bool]:
    """What lines hold, and whether the one that ends it is among them."""
    out: list[bytes] = []
    for line in data.split(b"\n"):
        line = line.rstrip(b"\r")
        if line == b"end":
            return b"".join(out), True
        if not line or line in (b"`", b" "):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # some writers pad lines too far or count wrong: take what the count says
            room = ((line[0] - 32) & 63) * 4 + 5
            try:
                out.append(binascii.a2b_uu(line[: room // 3]))
            except binascii.Error:
                continue
    return b"".join(out), False


def charset_of(mime: Mime) -> bytes:
    """The charset parameter of a text part, empty if it has none."""
    for name, value in mime.params:
        if name.lower() in (b"charset", b"charset*"):
            return value.rpartition(b"'")[2] if name.endswith(b"*") else value
    return b""


def is_plain(mime: Mime) -> bool:
    """True where ASCII octets of a part are its text, as they are."""
    if mime.encoding is not None and not is_identity(mime.encoding):
        return False
    charset = charset_of(mime)
    return not charset or codec_name(charset.decode("latin-1")) in _ASCII


def part_text(body: bytes, mime: Mime) -> str:
    """The body of a text part as text. One in an unknown encoding is taken as it is."""
    try:
        body = decode_body(body, mime.encoding)
    except UnknownEncoding:
        pass  # shown undecoded, like every mail program does
    return to_text(body, charset_of(mime))
