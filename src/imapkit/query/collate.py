"""The comparators of IMAP (RFC 4790, RFC 5051): text prepared so that comparing or searching it octet by octet is the collation.

``casemap`` is i;unicode-casemap: each character to title case by its simple mapping, then decomposed as far as it goes. It is not
``str.casefold``: stored search text and needles must both have gone through this one function. A text of megabytes of ligatures, which
nobody writes, is not decomposed to many times its size: some of its ligatures are found as they are alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from ..wire.case import ascii_upper

VERSION: Final = 1
"""Raise this when ``casemap`` changes: text stored under another version must be mapped anew."""

_REMEMBERED: Final = 1 << 16
_PIECE: Final = 1 << 16
"""Characters that are mapped at once."""
_GROWTH: Final = 3
"""So many characters stand for one where a text is written so: a syllable of Hangul, a letter of Vietnamese."""
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class _Map(dict[int, str]):
    """Each character's mapping, worked out when first met. Bounded, since mail may hold any character."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        title = char.title()
        # UnicodeData.txt has one-to-one mappings only; str.title also has those of SpecialCasing.txt
        mapped = unicodedata.normalize("NFKD", title if len(title) == 1 else char)
        if len(self) < _REMEMBERED:
            self[point] = mapped
        return mapped


class _ShortMap(_Map):
    """The same without decompositions that are longer than those of any script: U+FDFA alone has 18 characters."""

    def __missing__(self, point: int) -> str:
        mapped = super().__missing__(point)
        if len(mapped) > _GROWTH:
            mapped = self[point] = chr(point)
        return mapped


_MAP: Final = _Map()
_SHORT_MAP: Final = _ShortMap()


def casemap(text: str) -> str:
    """Text prepared by i;unicode-casemap (RFC 5051 section 2). Lone surrogates become U+FFFD, so that the result is UTF-8."""
    if text.isascii():
        return text.upper()
    if len(text) > _PIECE:
        return _mapped_in_pieces(text)
    return _SURROGATES.sub("\ufffd", text.translate(_MAP))


def _mapped_in_pieces(text: str) -> str:
    """A long text, which grows to no more than ``_GROWTH`` times its length: from there on, what grows more is not decomposed."""
    out: list[str] = []
    size = 0
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        mapping = _MAP if size <= start * _GROWTH else _SHORT_MAP
        piece = _SURROGATES.sub("\ufffd", piece.translate(mapping))
        size += len(piece)
        out.append(piece)
    return "".join(out)


def ascii_casemap(text: str) -> str:
    """Text prepared by i;ascii-casemap: a to z in upper case, all else as it is (RFC 4790 section 9.2)."""
    return ascii_upper(text)


def octet(text: str) -> str:
    """Text prepared by i;octet: as it is (RFC 4790 section 9.3)."""
    return text


COLLATIONS: Final[dict[str, Callable[[str], str]]] = {
    "i;unicode-casemap": casemap,
    "i;ascii-casemap": ascii_casemap,
    "i;octet": octet,
}
