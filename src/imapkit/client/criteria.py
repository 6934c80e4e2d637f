"""Search keys from keyword arguments: the common case without operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, TypedDict, cast

from ..errors import UsageError
from ..protocol.numset import STAR, NumSet
from ..query import keys
from ..query.key import And, Not, Numbers, Or, SearchKey
from .numbers import UidsLike, numset_of


class Criteria(TypedDict, total=False):
    """All have to match. Texts are found anywhere in the field, in any case; days are those of the server."""

    from_: str
    to: str
    cc: str
    bcc: str
    subject: str
    body: str
    text: str
    header: tuple[str, str]
    since: date
    before: date
    on: date
    sent_since: date
    sent_before: date
    sent_on: date
    seen: bool
    flagged: bool
    answered: bool
    deleted: bool
    draft: bool
    larger: int
    smaller: int
    keyword: str
    without_keyword: str
    uid: UidsLike


_TEXT: Final[Mapping[str, Callable[[str], SearchKey]]] = {
    "from_": keys.FROM,
    "to": keys.TO,
    "cc": keys.CC,
    "bcc": keys.BCC,
    "subject": keys.SUBJECT,
    "body": keys.BODY,
    "text": keys.TEXT,
    "keyword": keys.KEYWORD,
    "without_keyword": keys.UNKEYWORD,
}
_DAY: Final[Mapping[str, Callable[[date], SearchKey]]] = {
    "since": keys.SINCE,
    "before": keys.BEFORE,
    "on": keys.ON,
    "sent_since": keys.SENTSINCE,
    "sent_before": keys.SENTBEFORE,
    "sent_on": keys.SENTON,
}
_FLAG: Final[Mapping[str, SearchKey]] = {
    "seen": keys.SEEN,
    "flagged": keys.FLAGGED,
    "answered": keys.ANSWERED,
    "deleted": keys.DELETED,
    "draft": keys.DRAFT,
}
_SIZE: Final[Mapping[str, Callable[[int], SearchKey]]] = {"larger": keys.LARGER, "smaller": keys.SMALLER}


def build(given: tuple[SearchKey, ...], criteria: Mapping[str, object]) -> SearchKey:
    """One key of keys and keyword arguments; ALL without any. Raises UsageError."""
    found = [*given, *(_key(name, wanted) for name, wanted in criteria.items())]
    return keys.AND(*found) if found else keys.ALL


def _key(name: str, wanted: object) -> SearchKey:
    if name in _TEXT and isinstance(wanted, str):
        return _TEXT[name](wanted)
    if name in _DAY and isinstance(wanted, date):
        return _DAY[name](wanted.date() if isinstance(wanted, datetime) else wanted)
    if name in _FLAG and isinstance(wanted, bool):
        return _FLAG[name] if wanted else ~_FLAG[name]
    if name in _SIZE and isinstance(wanted, int):
        return _SIZE[name](wanted)
    if name == "uid":
        return keys.UID(numset_of([cast(UidsLike, wanted)]))
    if name == "header" and isinstance(wanted, tuple) and len(wanted) == 2:
        field, text = wanted
        return keys.HEADER(str(field), str(text))
    if name in Criteria.__annotations__:
        raise UsageError(f"{name} cannot be {wanted!r}")
    raise UsageError(f"there is no search criterion {name}; there are {', '.join(Criteria.__annotations__)}")


def settled(key: SearchKey, exists: int) -> SearchKey:
    """The key with ``n:*`` of message numbers as those that are there: IMAP's would name the last one though its number is below n."""
    if isinstance(key, And | Or):
        return type(key)(tuple(settled(one, exists) for one in key.keys))
    if isinstance(key, Not):
        return Not(settled(key.key, exists))
    if isinstance(key, Numbers):
        there = tuple(pair for pair in key.numbers.ranges if not _above(pair, exists))
        if len(there) < len(key.numbers.ranges):
            return Numbers(NumSet(there)) if there else Not(keys.ALL)
    return key


def _above(pair: tuple[int, int], exists: int) -> bool:
    return max(pair) == STAR and exists < min(pair) < STAR
