"""The index of a real store: random mail in the in-memory store, searched by random keys, against the definition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.message.index import index_message
from imapkit.ports.store import NewMessage
from imapkit.protocol.numset import NumSet
from imapkit.query.index import MessageSet, SearchIndex
from imapkit.query.key import SearchKey
from imapkit.query.plan import Run, result
from imapkit.query.records import Day, Flagged, Header, Keyword, Larger, Smaller, Text, Uids
from imapkit.stores.memory.store import MemoryStore
from imapkit.wire.frame import HeldLiteral

from .model import Message, brute_force
from .strategies import combine, days, flags, keywords, numsets

PHRASES = ["alpha beta", "Gamma", "straße", "МОСКВА", "ÉTÉ 2026", "alphabet"]
phrases = st.sampled_from(PHRASES)
needles = st.sampled_from([*PHRASES, "ALPHA", "bet", "é", "москва", "strasse", "gam", "e", "missing", ""])
names = st.sampled_from(["Subject", "X-Note", "x-note", "Comments"])
leaves: st.SearchStrategy[SearchKey] = st.one_of(
    st.sampled_from(["SEEN", "UNSEEN", "DELETED", "UNFLAGGED"]).map(Flagged),
    st.builds(Keyword, keywords, st.booleans()),
    st.builds(Text, st.sampled_from(["SUBJECT", "BODY", "TEXT"]), needles),
    st.builds(Header, names, needles),
    st.builds(Day, st.sampled_from(["BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"]), days),
    st.integers(150, 400).map(Larger),
    st.integers(150, 400).map(Smaller),
    numsets(9).map(Uids),
)
keys: st.SearchStrategy[SearchKey] = st.recursive(leaves, combine, max_leaves=5)


@st.composite
def mail(draw: st.DrawFn) -> Message:
    headers = draw(st.lists(st.tuples(names, phrases), max_size=3, unique_by=lambda field: field[0].lower()))
    return Message(0, draw(flags), False, draw(days), draw(days), 0, headers, draw(phrases))


def technical(message: Message, hour: int) -> list[tuple[str, str]]:
    """Fields that every message has, and TEXT looks into."""
    sent = datetime.combine(message.sent, time(hour), timezone(timedelta(hours=-11)))
    return [
        ("Date", sent.strftime("%d %b %Y %H:%M:%S %z")),
        ("Content-Type", "text/plain; charset=utf-8"),
    ]


def octets(message: Message, hour: int) -> bytes:
    """The message as mail; its Date lies in a zone where UTC has another day for some hours."""
    lines = [f"{name}: {value}" for name, value in [*technical(message, hour), *message.headers]]
    return "\r\n".join([*lines, "", message.body]).encode()


async def stored(
    messages: list[Message], hour: int, use: Callable[[SearchIndex, list[Message]], None]
) -> None:
    """Append ``messages`` and give ``use`` the index, and the messages as they became."""
    store = MemoryStore()
    await store.create_account("a", [("INBOX", ())])
    account = await store.open_account("a")
    row = account.find("INBOX")
    assert row is not None
    known: list[Message] = []
    for uid, message in enumerate(messages, 1):
        data = octets(message, hour)
        came = datetime.combine(message.came, time(hour), UTC)
        new = NewMessage(HeldLiteral(data), index_message(data), message.flags, came)
        assert (await account.append(row.id, [new])).uids == [uid]
        headers = [*technical(message, hour), *message.headers]
        known.append(replace(message, uid=uid, size=len(data), headers=headers))
    mailbox = await account.open("INBOX")
    use(mailbox.search(), known)
    mailbox.release()
    await store.close()


@settings(max_examples=150, deadline=None)
@given(messages=st.lists(mail(), min_size=1, max_size=8), key=keys, hour=st.integers(0, 23))
def test_the_memory_store_answers_as_the_definition(
    messages: list[Message], key: SearchKey, hour: int
) -> None:
    def use(index: SearchIndex, known: list[Message]) -> None:
        def resolve(numset: NumSet) -> MessageSet:
            return index.by_uid(numset.resolve(len(known)))

        run = Run(index, resolve, resolve, index.nothing)
        assert list(result(key, run, index.everything())) == brute_force(key, known)

    asyncio.run(stored(messages, hour, use))


def test_dates_disregard_zones() -> None:
    message = Message(0, sent=date(2026, 2, 28), came=date(2026, 2, 28))

    def use(index: SearchIndex, known: list[Message]) -> None:
        run = Run(index, index.by_uid, index.by_uid, index.nothing)  # type: ignore[arg-type]  # not called
        for word in ("SENTON", "ON"):
            assert list(result(Day(word, date(2026, 2, 28)), run, index.everything())) == [1]

    asyncio.run(stored([message], 23, use))
