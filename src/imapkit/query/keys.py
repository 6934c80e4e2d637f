r"""Searches as Python expressions (RFC 3501 and RFC 9051, section 6.4.4).

    FROM("bob") & SINCE(date(2026, 11, 1)) & ~SEEN | KEYWORD("$Important")

Upper-case names are the keys of IMAP; ``& | ~`` combine them. This is the module to import search keys from. Days are dates, or text
like "2026-11-01". All raise UsageError for a value of a wrong type.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from ..protocol import given
from ..protocol.numset import NumSet, message_number
from .key import And, Not, Numbers, Or, SearchKey, checked_key, every, some
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
    return Text("BCC", given.text(text, "BCC"))


def BODY(text: str) -> Text:
    return Text("BODY", given.text(text, "BODY"))


def CC(text: str) -> Text:
    return Text("CC", given.text(text, "CC"))


def FROM(text: str) -> Text:
    return Text("FROM", given.text(text, "FROM"))


def SUBJECT(text: str) -> Text:
    return Text("SUBJECT", given.text(text, "SUBJECT"))


def TEXT(text: str) -> Text:
    """In the header or the body."""
    return Text("TEXT", given.text(text, "TEXT"))


def TO(text: str) -> Text:
    return Text("TO", given.text(text, "TO"))


def HEADER(name: str, text: str = "") -> Header:
    """In a field of that name; without ``text``: the field is there."""
    return Header(given.text(name, "HEADER"), given.text(text, "HEADER"))


def KEYWORD(keyword: str) -> Keyword:
    return Keyword(given.text(keyword, "KEYWORD"))


def UNKEYWORD(keyword: str) -> Keyword:
    return Keyword(given.text(keyword, "UNKEYWORD"), False)


def BEFORE(day: date | str) -> Day:
    """Came (INTERNALDATE) before that day."""
    return Day("BEFORE", given.day(day, "BEFORE"))


def ON(day: date | str) -> Day:
    return Day("ON", given.day(day, "ON"))


def SINCE(day: date | str) -> Day:
    """Came (INTERNALDATE) on that day or later."""
    return Day("SINCE", given.day(day, "SINCE"))


def SENTBEFORE(day: date | str) -> Day:
    """Has a Date field before that day."""
    return Day("SENTBEFORE", given.day(day, "SENTBEFORE"))


def SENTON(day: date | str) -> Day:
    return Day("SENTON", given.day(day, "SENTON"))


def SENTSINCE(day: date | str) -> Day:
    return Day("SENTSINCE", given.day(day, "SENTSINCE"))


def LARGER(octets: int) -> Larger:
    return Larger(given.count(octets, "LARGER"))


def SMALLER(octets: int) -> Smaller:
    return Smaller(given.count(octets, "SMALLER"))


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
    """All but those of ``key``."""
    return ~checked_key(key)


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
