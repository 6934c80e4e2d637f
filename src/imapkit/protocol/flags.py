"""Flags and keywords (RFC 9051 section 2.3.2). System flags in one spelling; keywords compare without regard to case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..errors import UsageError
from ..wire.case import ascii_lower
from ..wire.cursor import Cursor
from ..wire.writer import Writer

SEEN: Final = "\\Seen"
ANSWERED: Final = "\\Answered"
FLAGGED: Final = "\\Flagged"
DELETED: Final = "\\Deleted"
DRAFT: Final = "\\Draft"
RECENT: Final = "\\Recent"
ANY: Final = "\\*"
"""In PERMANENTFLAGS: new keywords may be made."""

SYSTEM: Final = (ANSWERED, FLAGGED, DELETED, SEEN, DRAFT)
"""The system flags that a client may change, in the order in which they are shown."""

FORWARDED: Final = "$Forwarded"
MDN_SENT: Final = "$MDNSent"
JUNK: Final = "$Junk"
NOT_JUNK: Final = "$NotJunk"
PHISHING: Final = "$Phishing"

_CANONICAL: Final = {
    ascii_lower(name): name for name in (*SYSTEM, RECENT, FORWARDED, MDN_SENT, JUNK, NOT_JUNK, PHISHING)
}

Flags = frozenset[str]


def canonical(flag: str) -> str:
    """The one spelling of a well-known flag or keyword; others as they are."""
    return _CANONICAL.get(ascii_lower(flag), flag)


def is_keyword(flag: str) -> bool:
    return not flag.startswith("\\")


def read_flag(c: Cursor) -> str:
    """flag = system flags / flag-keyword / flag-extension."""
    return canonical(c.flag().decode("utf-8", "surrogateescape"))


def read_flag_list(c: Cursor) -> tuple[str, ...]:
    """flag-list = "(" [flag *(SP flag)] ")"."""
    return tuple(c.paren_list(lambda: read_flag(c), "a list of flags"))


def write_flag(w: Writer, flag: str) -> None:
    try:
        octets = flag.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UsageError(f"a flag holds no half of a surrogate pair: {flag!a}") from None
    w.flag(octets)


def write_flag_list(w: Writer, flags: Iterable[str]) -> None:
    w.list_of(flags, lambda flag: write_flag(w, flag))
