"""Case of protocol words: ASCII letters alone fold (RFC 3501 sections 5.1 and 9; RFC 5234 section 2.3).

By Unicode's rules the dotless i and the long s become letters of ASCII, so that a name with the first would be INBOX. What a
peer says is folded by these two, never by ``str.lower`` or ``str.upper``; octets fold right by themselves.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import Final

_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_UPPER: Final = str.maketrans(ascii_lowercase, ascii_uppercase)


def ascii_lower(text: str) -> str:
    """A to Z in lower case, all else as it is."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def ascii_upper(text: str) -> str:
    """a to z in upper case, all else as it is."""
    return text.upper() if text.isascii() else text.translate(_UPPER)
