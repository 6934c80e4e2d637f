"""Mailbox names: reading, writing, checking and matching (RFC 9051 sections 5.1 and 6.3.9, RFC 5198).

Inside the package a name is text with "/" between levels, INBOX in capitals. On the wire it is modified UTF-7, or UTF-8 where
the session enabled it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ..record import record
from ..wire import terminals as t
from ..wire import utf7
from ..wire.cursor import Cursor

DELIMITER: Final = "/"
INBOX: Final = "INBOX"

NAME_OCTETS: Final = 1000
"""The longest whole name, in octets of UTF-8."""
LEVEL_OCTETS: Final = 255
"""The longest level of a name, in octets of UTF-8."""
DEPTH: Final = 32
"""The most levels of a name."""

_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ufffd\ufffe\uffff*%]")


def normal(name: str) -> str:
    """INBOX, and INBOX as the first level, in capitals; the rest as it is."""
    first, slash, rest = name.partition(DELIMITER)
    return INBOX + slash + rest if first.upper() == INBOX else name


def from_wire(data: bytes, *, utf8: bool) -> str:
    """The text of a name that came over the wire."""
    if utf8 and not data.isascii():
        try:
            return normal(data.decode("utf-8"))
        except UnicodeDecodeError:
            return utf7.raw_name(data)
    return normal(data.decode("ascii") if utf8 else utf7.decode(data))


def _composed(c: Cursor, name: str) -> str:
    """A server takes a name in any form of Unicode, and knows it in NFC (RFC 9051 section 5.1); a client keeps the server's form."""
    return name if c.lenient or name.isascii() else unicodedata.normalize("NFC", name)


def read_mailbox(c: Cursor) -> str:
    """mailbox = "INBOX" / astring."""
    return _composed(c, from_wire(c.astring("a mailbox name"), utf8=c.utf8))


def read_list_mailbox(c: Cursor) -> str:
    """list-mailbox = 1*list-char / string: a name or a pattern with % and *."""
    data = c.string() if c.at_string() else c.match(t.LIST_CHARS, "a mailbox name or pattern")
    return _composed(c, from_wire(data, utf8=True) if c.utf8 else normal(utf7.decode(data)))


@record
class NameFault:
    """Why a name cannot be made."""

    text: str


def check_name(name: str) -> str | NameFault:
    """The name as it will be stored (NFC, INBOX in capitals), or why it cannot be."""
    if utf7.is_raw(name) or any(0xD800 <= ord(ch) <= 0xDFFF for ch in name):
        return NameFault("the name is neither modified UTF-7 nor UTF-8")
    name = normal(unicodedata.normalize("NFC", name))
    if not name:
        return NameFault("the name is empty")
    if _FORBIDDEN.search(name) is not None:
        return NameFault("the name holds control characters, * or %")
    if len(name.encode()) > NAME_OCTETS:
        return NameFault(f"the name is longer than {NAME_OCTETS} octets")
    return _check_levels(name)


def _check_levels(name: str) -> str | NameFault:
    levels = name.split(DELIMITER)
    if len(levels) > DEPTH:
        return NameFault(f"the name has more than {DEPTH} levels")
    for level in levels:
        if not level:
            return NameFault("a level of the name is empty")
        if level in (".", "..") or level != level.strip():
            return NameFault("a level of the name is . or .. or begins or ends with a space")
        if len(level.encode()) > LEVEL_OCTETS:
            return NameFault(f"a level of the name is longer than {LEVEL_OCTETS} octets")
    return name


def superiors(name: str) -> list[str]:
    """All superior names, the topmost first."""
    levels = name.split(DELIMITER)
    return [DELIMITER.join(levels[:count]) for count in range(1, len(levels))]


def is_simple(name: str) -> bool:
    """True for a name that a quoted string holds as it is, in modified UTF-7 as in UTF-8."""
    return _SIMPLE_NAME.fullmatch(name) is not None


_SIMPLE_NAME: Final = re.compile(r"[ !#-%'-\[\]-~]{1,200}")
_SIMPLE: Final = re.compile(r"([^*%]*)([*%]?)")


class ListPattern:
    """A LIST pattern: ``*`` matches anything, ``%`` anything without the delimiter. INBOX matches in any case.

    Matching follows all places in the pattern at once, so it takes at most len(pattern) x len(name) steps. Patterns with no
    wildcard but one at the end, which are nearly all, are compared as text.
    """

    __slots__ = ("_pieces", "_prefix", "_wildcard", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = normal(pattern)
        pieces = re.sub(r"[*%]*\*[*%]*", "*", self.pattern)
        self._pieces = re.sub(r"%+", "%", pieces)
        simple = _SIMPLE.fullmatch(self._pieces)
        self._prefix: str | None = simple[1] if simple else None
        self._wildcard: str = simple[2] if simple else ""

    def matches(self, name: str) -> bool:
        prefix = self._prefix
        if prefix is None:
            return self.matches_plainly(name)
        if not name.startswith(prefix):
            return False
        if self._wildcard == "*":
            return True
        return DELIMITER not in name[len(prefix) :] if self._wildcard else len(name) == len(prefix)

    def matches_plainly(self, name: str) -> bool:
        """``matches`` for any pattern; the quick way must give the same."""
        pieces = self._pieces
        places = self._spread({0})
        for ch in name:
            reached: set[int] = set()
            for place in places:
                if place < len(pieces):
                    piece = pieces[place]
                    if piece == "*" or (piece == "%" and ch != DELIMITER):
                        reached.add(place)
                    elif piece == ch:
                        reached.add(place + 1)
            if not reached:
                return False
            places = self._spread(reached)
        return len(pieces) in places

    def _spread(self, places: set[int]) -> set[int]:
        """Wildcards match nothing, too."""
        more = set(places)
        for place in places:
            while place < len(self._pieces) and self._pieces[place] in "*%":
                place += 1
                more.add(place)
        return more
