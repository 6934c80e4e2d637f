"""Random mailboxes and random search keys, small enough that they often meet."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from imapkit.protocol.numset import STAR, NumSet
from imapkit.query.key import Not, Numbers, SearchKey, every, some
from imapkit.query.records import (
    DAY_WORDS,
    FLAG_WORDS,
    TEXT_WORDS,
    Age,
    All,
    Day,
    Flagged,
    Header,
    Keyword,
    Larger,
    Recent,
    Smaller,
    Text,
    Uids,
)

from .model import Message

days = st.integers(0, 6).map(lambda n: date(2026, 2, 26) + timedelta(days=n))
words = st.text(alphabet="aAbBéÉßя ", min_size=0, max_size=4)
texts = st.text(alphabet="aAbBéÉßЯ x", min_size=0, max_size=12)
keywords = st.sampled_from(["$Important", "work", "$Junk"])
flags = st.frozensets(
    st.sampled_from(["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$important", "Work"])
)
names = st.sampled_from(["From", "To", "Cc", "Bcc", "Subject", "X-Spam", "x-spam"])


@st.composite
def mailboxes(draw: st.DrawFn) -> list[Message]:
    uids = sorted(draw(st.sets(st.integers(1, 40), max_size=12)))
    return [
        Message(
            uid=uid,
            flags=draw(flags),
            recent=draw(st.booleans()),
            came=draw(days),
            sent=draw(days),
            size=draw(st.integers(0, 6)),
            headers=draw(st.lists(st.tuples(names, texts), max_size=4)),
            body=draw(texts),
        )
        for uid in uids
    ]


@st.composite
def numsets(draw: st.DrawFn, largest: int) -> NumSet:
    ends = st.one_of(st.integers(1, largest), st.just(STAR))
    return NumSet(tuple(draw(st.lists(st.tuples(ends, ends), min_size=1, max_size=3))))


leaves: st.SearchStrategy[SearchKey] = st.one_of(
    st.just(All()),
    st.sampled_from(sorted(FLAG_WORDS)).map(Flagged),
    st.builds(Keyword, keywords, st.booleans()),
    st.sampled_from(list(Age)).map(Recent),
    st.builds(Text, st.sampled_from(sorted(TEXT_WORDS)), words),
    st.builds(Header, names, words),
    st.builds(Day, st.sampled_from(sorted(DAY_WORDS)), days),
    st.integers(0, 7).map(Larger),
    st.integers(0, 7).map(Smaller),
    numsets(45).map(Uids),
    numsets(12).map(Numbers),
)


def combine(inner: st.SearchStrategy[SearchKey]) -> st.SearchStrategy[SearchKey]:
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        inner.map(lambda key: key.key if isinstance(key, Not) else Not(key)),
        several.map(lambda keys: every(*keys)),
        several.map(lambda keys: some(*keys)),
    )


keys: st.SearchStrategy[SearchKey] = st.recursive(leaves, combine, max_leaves=8)
