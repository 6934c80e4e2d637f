"""Modified UTF-7 for mailbox names (RFC 3501 section 5.1.3), and the choice between it and UTF-8.

A name that is not legal modified UTF-7 is kept as it came: ``decode`` gives back text that ``encode`` turns into the same
bytes, so that a mailbox with a broken name can still be opened and renamed.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from typing import Final

_SHIFTED: Final = re.compile(r"[^\x20-\x7e]+")
_ESCAPED: Final = re.compile("[\udc00-\udcff]")
_PLAIN: Final = re.compile(rb"[\x20-\x25\x27-\x7e]*")
_RUN: Final = re.compile(rb"&([A-Za-z0-9+,]*)-")


def encode(name: str) -> bytes:
    """The modified UTF-7 form of ``name``."""
    if _ESCAPED.search(name) is not None:
        return _raw_octets(name)
    return _SHIFTED.sub(_shift, name.replace("&", "&-")).encode("ascii")


def is_raw(name: str) -> bool:
    """True for a name that ``decode`` had to keep raw."""
    return _ESCAPED.search(name) is not None


def _raw_octets(name: str) -> bytes:
    return b"".join(
        bytes([ord(ch) - 0xDC00]) if 0xDC00 <= ord(ch) <= 0xDCFF else ch.encode("utf-8") for ch in name
    )


def _shift(found: re.Match[str]) -> str:
    packed = b64encode(found[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
    return "&" + packed.decode("ascii") + "-"


def decode(data: bytes) -> str:
    """The text of a modified UTF-7 name. What is not legal is kept raw."""
    if _PLAIN.fullmatch(data) is not None:
        return data.decode("ascii")
    name = _decode(data)
    if name is not None and encode(name) == data:
        return name
    return raw_name(data)


def is_legal(data: bytes) -> bool:
    """True when ``data`` is modified UTF-7 in its one canonical form."""
    name = _decode(data)
    return name is not None and encode(name) == data


def raw_name(data: bytes) -> str:
    """Text that stands for exactly these bytes: every one that is not printable ASCII, and every "&", is escaped."""
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x26 else chr(0xDC00 + b) for b in data)


def _decode(data: bytes) -> str | None:
    parts: list[str] = []
    last = 0
    try:
        for found in _RUN.finditer(data):
            parts.append(data[last : found.start()].decode("ascii"))
            parts.append(_unshift(found[1]) if found[1] else "&")
            last = found.end()
        parts.append(data[last:].decode("ascii"))
    except (UnicodeDecodeError, BinasciiError):
        return None
    return "".join(parts)


def _unshift(packed: bytes) -> str:
    padded = packed.replace(b",", b"/") + b"=" * (-len(packed) % 4)
    return b64decode(padded, validate=True).decode("utf-16-be")
