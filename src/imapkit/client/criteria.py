"""Search keys from keyword arguments: the common case without operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Final, TypedDict, cast

from ..errors import UsageError
from ..protocol import given
from ..protocol.numset import STAR, NumSet
from ..query import keys
from ..query.key import And, Not, Numbers, Or, SearchKey, checked_key
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
    since: date | str
    before: date | str
    on: date | str
    sent_since: date | str
    sent_before: date | str
    sent_on: date | str
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
_DAY: Final[Mapping[str, Callable[[date | str], SearchKey]]] = {
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


def build(asked: tuple[SearchKey, ...], criteria: Mapping[str, object]) -> SearchKey:
    """One key of keys and keyword arguments; ALL without any. Raises UsageError."""
    found = [*map(checked_key, asked), *(_key(name, wanted) for name, wanted in criteria.items())]
    return keys.AND(*found) if found else keys.ALL


def _key(name: str, wanted: object) -> SearchKey:
    if name in _TEXT:
        return _TEXT[name](given.text(wanted, name))
    if name in _DAY:
        return _DAY[name](given.day(wanted, name))
    if name in _FLAG and isinstance(wanted, bool):
        return _FLAG[name] if wanted else ~_FLAG[name]
    if name in _FLAG:
        raise UsageError(f"{name} is True or False, not {wanted!r}")
    if name in _SIZE:
        return _SIZE[name](given.count(wanted, name))
    if name == "uid":
        return keys.UID(numset_of([cast(UidsLike, wanted)]))
    if name == "header" and isinstance(wanted, tuple) and len(wanted) == 2:
        field, text = wanted
        return keys.HEADER(given.text(field, "the name of a field"), given.text(text, "the text of a field"))
    if name == "header":
        raise UsageError(f'header is a name and a text, as ("List-Id", "python"), not {wanted!r}')
    known = list(Criteria.__annotations__)
    near = get_close_matches(name, known, 1)
    mend = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise UsageError(f"there is no search criterion {name}; {mend}")


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
