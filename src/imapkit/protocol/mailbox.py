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
from ..wire.case import ascii_upper
from ..wire.cursor import Cursor

DELIMITER: Final = "/"
INBOX: Final = "INBOX"

NAME_OCTETS: Final = 1000
"""The longest whole name, in octets of UTF-8."""
LEVEL_OCTETS: Final = 255
"""The longest level of a name, in octets of UTF-8."""
_LONGEST_FORM: Final = 4 * NAME_OCTETS
"""A name of more characters is too long in any form of Unicode."""
DEPTH: Final = 32
"""The most levels of a name."""

_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ufffd\ufffe\uffff*%]")


def is_inbox(name: str) -> bool:
    """True for INBOX in any case of ASCII letters (RFC 3501 section 5.1): no other letter is one of its."""
    return len(name) == len(INBOX) and name.isascii() and name.upper() == INBOX


def normal(name: str) -> str:
    """INBOX, and INBOX as the first level, in capitals; the rest as it is."""
    first, slash, rest = name.partition(DELIMITER)
    return INBOX + slash + rest if is_inbox(first) else name


def from_wire(data: bytes, *, utf8: bool) -> str:
    """The text of a name that came over the wire."""
    return normal(_text(data, utf8))


def _text(data: bytes, utf8: bool) -> str:
    """A name as it was spelled."""
    if not utf8:
        return utf7.decode(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return utf7.raw_name(data)


def _composed(c: Cursor, name: str) -> str:
    """A server takes a name in any form of Unicode, and knows it in NFC (RFC 9051 section 5.1); a client keeps the server's form.

    Composing takes the square of the time that reading does, so it is not done to what is too long for a name in any form.
    """
    if c.lenient or name.isascii() or len(name) > _LONGEST_FORM:
        return name
    return unicodedata.normalize("NFC", name)


def read_mailbox(c: Cursor) -> str:
    """mailbox = "INBOX" / astring."""
    return _composed(c, from_wire(c.astring("a mailbox name"), utf8=c.utf8))


def read_spelled(c: Cursor) -> tuple[str, str | None]:
    """mailbox, and how it was spelled where that is not the spelling it is known by (RFC 9051 section 6.3.9.7)."""
    given = _text(c.astring("a mailbox name"), c.utf8)
    name = _composed(c, normal(given))
    return name, None if name == given else given


def read_list_mailbox(c: Cursor) -> str:
    """list-mailbox = 1*list-char / string: a name or a pattern with % and *."""
    data = c.string() if c.at_string() else c.match(t.LIST_CHARS, "a mailbox name or pattern")
    return _composed(c, from_wire(data, utf8=True) if c.utf8 else normal(utf7.decode(data)))


@record
class NameFault:
    """Why a name cannot be made."""

    text: str


_CONTROLS: Final = NameFault("the name holds control characters, * or %")


def unreadable(name: str) -> NameFault | None:
    """Why a name could not be read, where it is one of those that are kept as they came."""
    if not utf7.is_raw(name):
        return None
    octets = utf7.encode(name)
    if octets.isascii() and b"&" not in octets:
        return _CONTROLS
    if octets.isascii():
        return NameFault(
            "the name is not modified UTF-7: & begins what is encoded, and & itself is written &-"
        )
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return NameFault("the name is neither modified UTF-7 nor UTF-8")
    return NameFault(
        "names are in modified UTF-7 here: a client that writes UTF-8 has to ENABLE IMAP4rev2 or UTF8=ACCEPT"
    )


def check_name(name: str) -> str | NameFault:
    """The name as it will be stored (NFC, INBOX in capitals), or why it cannot be."""
    fault = unreadable(name)
    if fault is not None:
        return fault
    if any(0xD800 <= ord(ch) <= 0xDFFF for ch in name):
        return NameFault("the name holds half a character")
    if len(name) > _LONGEST_FORM:
        return NameFault(f"the name is longer than {NAME_OCTETS} octets")
    name = normal(unicodedata.normalize("NFC", name))
    if not name:
        return NameFault("the name is empty")
    if _FORBIDDEN.search(name) is not None:
        return _CONTROLS
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


def _is_below_inbox(name: str) -> bool:
    """True for INBOX and what is below it, of a name that begins so: there the case of a pattern does not matter."""
    return name[len(INBOX) : len(INBOX) + 1] in ("", DELIMITER)


class ListPattern:
    """A LIST pattern: ``*`` matches anything, ``%`` anything without the delimiter. INBOX matches in any case.

    Matching follows all places in the pattern at once, each a bit of a number: a few operations for each character of a name, however
    many wildcards there are. Patterns with no wildcard but one at the end, which are nearly all, are compared as text.
    """

    __slots__ = (
        "_inbox_prefix",
        "_literals",
        "_percents",
        "_prefix",
        "_size",
        "_stars",
        "_wildcard",
        "pattern",
    )

    def __init__(self, pattern: str) -> None:
        self.pattern = normal(pattern)
        pieces = re.sub(r"%+", "%", re.sub(r"[*%]*\*[*%]*", "*", self.pattern))
        simple = _SIMPLE.fullmatch(pieces)
        self._prefix: str | None = simple[1] if simple else None
        self._wildcard: str = simple[2] if simple else ""
        self._inbox_prefix = ascii_upper(pieces[: len(INBOX)]) + pieces[len(INBOX) :] if simple else ""
        self._inbox_prefix = self._inbox_prefix.rstrip("*%")
        self._size = len(pieces)
        self._stars = self._percents = 0
        self._literals: dict[str, int] = {}
        if len(pieces) > 2 * NAME_OCTETS + 1:
            self._size = -1  # more letters between the wildcards than any name has
            return
        for place, piece in enumerate(pieces):
            if piece == "*":
                self._stars |= 1 << place
            elif piece == "%":
                self._percents |= 1 << place
            else:
                self._literals[piece] = self._literals.get(piece, 0) | 1 << place

    def matches(self, name: str) -> bool:
        prefix = self._prefix
        if prefix is None:
            return self.matches_plainly(name)
        if name.startswith(INBOX):
            prefix = self._inbox_prefix if _is_below_inbox(name) else prefix
        if not name.startswith(prefix):
            return False
        if self._wildcard == "*":
            return True
        return DELIMITER not in name[len(prefix) :] if self._wildcard else len(name) == len(prefix)

    def matches_plainly(self, name: str) -> bool:
        """``matches`` for any pattern; the quick way must give the same."""
        if self._size < 0:
            return False
        wild = self._stars | self._percents
        places = 1 | (wild & 1) << 1
        any_case = len(INBOX) if name.startswith(INBOX) and _is_below_inbox(name) else 0
        for at, ch in enumerate(name):
            stay = self._stars if ch == DELIMITER else wild
            here = self._literals.get(ch, 0)
            if at < any_case:
                here |= self._literals.get(ch.lower(), 0)
            reached = places & stay | (places & here) << 1
            if not reached:
                return False
            places = (
                reached | (reached & wild) << 1
            )  # no two wildcards are neighbours, and one matches nothing, too
        return bool(places >> self._size & 1)
