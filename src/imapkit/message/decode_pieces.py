"""``decode.decode_body`` of a body that comes in pieces and is never there as a whole.

The rule this file must not break: how a body is cut into pieces never changes what comes out, and that is what ``decode_body`` gives (of
quoted-printable text but for blanks at its very end).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final

from .decode import UU_BEGIN, decode_body, decode_uu_lines, is_base64, is_identity, is_uuencode

_OTHERS: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_RUN: Final = re.compile(rb"=+|[^=]+")
_LONGEST: Final = 4 << 20
"""Octets without a line end that are gathered; then they are cut where they are."""


def decode_pieces(read: Callable[[], Iterator[bytes]], encoding: bytes) -> Iterator[bytes]:
    """The decoded octets, piece by piece, some of them empty. ``read`` gives the pieces from the start, each time it is called."""
    if is_identity(encoding):
        return read()
    if is_base64(encoding):
        return _base64(read())
    if is_uuencode(encoding):
        return _uuencoded(read)
    return (decode_body(lines, encoding) for lines in _whole_lines(read()))


def _base64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Padding that completes a group of four ends it; other "=" mean nothing, nor do octets that are not of the alphabet."""
    rest, padding = b"", 0
    for piece in pieces:
        out: list[bytes] = []
        for run in _RUN.findall(piece.translate(None, _OTHERS)):
            if run.startswith(b"="):
                padding += len(run)
                if len(rest) >= 2 and len(rest) + padding >= 4:
                    yield b"".join(out) + _last(rest)
                    return
            else:
                text = rest + run
                whole = len(text) - len(text) % 4
                out.append(binascii.a2b_base64(text[:whole]))
                rest, padding = text[whole:], 0
        yield b"".join(out)
    yield _last(rest)


def _last(rest: bytes) -> bytes:
    """What less than four characters hold."""
    return binascii.a2b_base64(rest + b"==="[: -len(rest) % 4]) if len(rest) >= 2 else b""


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    size = 0
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if cut or size > _LONGEST:
            cut = cut or len(piece)
            yield b"".join(rest) + piece[:cut]
            rest, size = [], 0
        rest.append(piece[cut:])
        size += len(rest[-1])
    yield b"".join(rest)


def _uuencoded(read: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    skipped = 0
    for lines in _whole_lines(read()):
        begin = UU_BEGIN.search(lines)
        if begin is not None:
            skipped += begin.end()
            break
        skipped += len(lines)
        yield b""
    else:
        skipped = 0
    for lines in _whole_lines(read()):
        out, ended = decode_uu_lines(lines[skipped:])
        skipped = max(0, skipped - len(lines))
        yield out
        if ended:
            return
