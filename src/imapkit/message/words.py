"""Header values to text: encoded words (RFC 2047) and extended parameters (RFC 2231).

Forgiving and linear: a header of a megabyte of broken words takes no longer than one of text.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from .charset import guess, to_text
from .mime import unfold

_START: Final = re.compile(rb"=\?([A-Za-z0-9._:+-]{1,60})(?:\*[A-Za-z0-9-]{0,30})?\?([BbQq])\?")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_HEX: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_EXTENDED: Final = re.compile(rb"([^*]+)(?:\*([0-9]{1,4}))?(\*)?$")
_MAX_PIECES: Final = 1000


def decode_words(value: bytes) -> str:
    """A header value as text. Split words of one charset are joined before they are converted."""
    if b"\n" in value or b"\r" in value:
        value = unfold(value)
    if b"=?" not in value:
        return guess(value)
    out: list[str] = []
    pending: list[bytes] = []
    charset = b""
    done = 0
    start = value.find(b"=?")
    while start >= 0:
        word = _START.match(value, start)
        if word is None:
            start = value.find(b"=?", start + 2)
            continue
        end = value.find(b"?=", word.end())
        if end < 0:
            break
        between = value[done:start]
        adjacent = bool(pending) and not between.strip(b" \t")
        if not adjacent or word[1].lower() != charset:
            if pending:
                out.append(to_text(b"".join(pending), charset))
                pending = []
            if not adjacent and between:
                out.append(guess(between))
            charset = word[1].lower()
        pending.append(_word(word[2], value[word.end() : end]))
        done = end + 2
        start = value.find(b"=?", done)
    if pending:
        out.append(to_text(b"".join(pending), charset))
    out.append(guess(value[done:]))
    return "".join(out)


def _word(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"Bb":
        return lenient_base64(text)
    return _HEX.sub(lambda found: bytes((int(found[1], 16),)), text.replace(b"_", b" "))


def lenient_base64(text: bytes) -> bytes:
    """What base64 holds, with octets outside the alphabet and missing padding passed over."""
    try:
        return binascii.a2b_base64(text)
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", text)
        whole = len(clean) - (1 if len(clean) % 4 == 1 else 0)
        return binascii.a2b_base64(clean[:whole] + b"=" * (-whole % 4))


def decode_params(params: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Parameters by lower-case name as text: continuations joined, charsets honoured, encoded words (which do not belong) too."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, value in params:
        found = _EXTENDED.match(name)
        key = (name if found is None else found[1]).decode("latin-1").lower()
        if found is None or (found[2] is None and found[3] is None):
            plain.setdefault(key, decode_words(value))
        else:
            piece = pieces.setdefault(key, {})
            if len(piece) < _MAX_PIECES:
                piece.setdefault(int(found[2] or 0), (value, found[3] is not None))
    for key, piece in pieces.items():
        plain[key] = _join(piece)
    return plain


def _join(pieces: dict[int, tuple[bytes, bool]]) -> str:
    charset = b""
    out: list[bytes] = []
    for place, number in enumerate(sorted(pieces)):
        value, extended = pieces[number]
        if place == 0 and extended and value.count(b"'") >= 2:
            charset, _, rest = value.split(b"'", 2)
            value = rest
        out.append(unquote_to_bytes(value) if extended else value)
    joined = b"".join(out)
    return to_text(joined, charset) if charset else decode_words(joined)
