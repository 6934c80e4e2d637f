r"""Searches as Python expressions (RFC 3501 and RFC 9051, section 6.4.4).

    FROM("bob") & SINCE(date(2026, 11, 1)) & ~SEEN | KEYWORD("$Important")

Upper-case names are the keys of IMAP; ``& | ~`` combine them. This is the module to import search keys from.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from ..protocol.numset import NumSet, message_number
from .key import And, Not, Numbers, Or, SearchKey, every, some
from .records import Age, All, Day, Flagged, Header, Keyword, Larger, Recent, Smaller, Text, Uids

ALL: Final = All()
ANSWERED: Final = Flagged("ANSWERED")
DELETED: Final = Flagged("DELETED")
DRAFT: Final = Flagged("DRAFT")
FLAGGED: Final = Flagged("FLAGGED")
SEEN: Final = Flagged("SEEN")
UNANSWERED: Final = Flagged("UNANSWERED")
UNDELETED: Final = Flagged("UNDELETED")
UNDRAFT: Final = Flagged("UNDRAFT")
UNFLAGGED: Final = Flagged("UNFLAGGED")
UNSEEN: Final = Flagged("UNSEEN")
NEW: Final = Recent(Age.NEW)
OLD: Final = Recent(Age.OLD)
RECENT: Final = Recent(Age.RECENT)


def BCC(text: str) -> Text:
    return Text("BCC", text)


def BODY(text: str) -> Text:
    return Text("BODY", text)


def CC(text: str) -> Text:
    return Text("CC", text)


def FROM(text: str) -> Text:
    return Text("FROM", text)


def SUBJECT(text: str) -> Text:
    return Text("SUBJECT", text)


def TEXT(text: str) -> Text:
    """In the header or the body."""
    return Text("TEXT", text)


def TO(text: str) -> Text:
    return Text("TO", text)


def HEADER(name: str, text: str = "") -> Header:
    """In a field of that name; without ``text``: the field is there."""
    return Header(name, text)


def KEYWORD(keyword: str) -> Keyword:
    return Keyword(keyword)


def UNKEYWORD(keyword: str) -> Keyword:
    return Keyword(keyword, False)


def BEFORE(day: date) -> Day:
    """Came (INTERNALDATE) before that day."""
    return Day("BEFORE", day)


def ON(day: date) -> Day:
    return Day("ON", day)


def SINCE(day: date) -> Day:
    """Came (INTERNALDATE) on that day or later."""
    return Day("SINCE", day)


def SENTBEFORE(day: date) -> Day:
    """Has a Date field before that day."""
    return Day("SENTBEFORE", day)


def SENTON(day: date) -> Day:
    return Day("SENTON", day)


def SENTSINCE(day: date) -> Day:
    return Day("SENTSINCE", day)


def LARGER(octets: int) -> Larger:
    return Larger(octets)


def SMALLER(octets: int) -> Smaller:
    return Smaller(octets)


def UID(*uids: int | NumSet) -> Uids:
    """These UIDs: numbers, or one set, of which ``n:*`` names nothing below n. Raises UsageError."""
    return Uids(_numset(uids).upward())


def SEQ(*numbers: int | NumSet) -> Numbers:
    """These message numbers: numbers, or one set."""
    return Numbers(_numset(numbers))


def _numset(numbers: tuple[int | NumSet, ...]) -> NumSet:
    if len(numbers) == 1 and isinstance(numbers[0], NumSet):
        return numbers[0]
    return NumSet.from_numbers(map(message_number, numbers))


def AND(*keys: SearchKey) -> SearchKey:
    """All of ``keys``."""
    return every(*keys)


def OR(*keys: SearchKey) -> SearchKey:
    """Any of ``keys``."""
    return some(*keys)


def NOT(key: SearchKey) -> SearchKey:
    return ~key


__all__ = [
    "ALL",
    "AND",
    "ANSWERED",
    "BCC",
    "BEFORE",
    "BODY",
    "CC",
    "DELETED",
    "DRAFT",
    "FLAGGED",
    "FROM",
    "HEADER",
    "KEYWORD",
    "LARGER",
    "NEW",
    "NOT",
    "OLD",
    "ON",
    "OR",
    "RECENT",
    "SEEN",
    "SENTBEFORE",
    "SENTON",
    "SENTSINCE",
    "SEQ",
    "SINCE",
    "SMALLER",
    "SUBJECT",
    "TEXT",
    "TO",
    "UID",
    "UNANSWERED",
    "UNDELETED",
    "UNDRAFT",
    "UNFLAGGED",
    "UNKEYWORD",
    "UNSEEN",
    "And",
    "Not",
    "Numbers",
    "Or",
    "SearchKey",
    "Age",
]
