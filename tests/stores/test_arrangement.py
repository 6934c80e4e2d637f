"""SORT and THREAD from what is kept, beside the same from the rows: the answers must not differ."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.ports.store import Column, Mailbox, MessageSet
from imapkit.query import thread
from imapkit.query.sort import SortColumn, Work, sort
from imapkit.query.thread import Algorithm, Letters, Threads
from imapkit.stores.sqlite import SqliteStore, arrange_threads, kept_keys, text_ranks
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.arrange_threads import Mail, TooDeep
from imapkit.stores.sqlite.arrangement import Arrangement
from imapkit.stores.sqlite.kept_ids import Ancestors, Numbered, OwnIds
from imapkit.stores.sqlite.kept_keys import KeptKeys
from imapkit.stores.sqlite.text_ranks import TextRanks

from ..query.naive_threads import Letter
from ..query.test_thread import STEPS, chain, columns, hostile, letters
from ..store_conformance.mail import WHEN, message, row

T = TypeVar("T")


def result(work: Work[T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as done:
            return cast(T, done.value)


# Threads


def mail_of(sample: Letters) -> Mail:
    ids = Numbered()
    own = result(OwnIds(ids).extended(sample.message_id)).values
    found = result(Ancestors(ids).extended(sample.references))
    order = np.argsort(np.array(sample.sent, np.int64), kind="stable")
    counts, values = found.counts.astype(np.intp), found.values.astype(np.intp)
    return Mail(order, own.astype(np.intp), counts, values, len(ids))


def quickly(sample: Letters, algorithm: str) -> Threads:
    texts = {text: number for number, text in enumerate(["", *sorted(set(sample.subject) - {""})])}
    subject = np.array([texts[text] for text in sample.subject], np.int64)
    mail = mail_of(sample)
    if algorithm == "ORDEREDSUBJECT":
        return arrange_threads.ordered_subject(mail.order, subject)
    if algorithm == "REFS":
        return result(arrange_threads.refs(mail, np.array(sample.arrived, np.int64)))
    return result(arrange_threads.references(mail, subject, np.array(sample.reply, np.int64)))


@pytest.mark.parametrize("algorithm", ["REFERENCES", "REFS", "ORDEREDSUBJECT"])
@given(letters)
def test_threads_as_step_by_step(algorithm: str, sample: list[Letter]) -> None:
    assert quickly(columns(sample), algorithm) == result(STEPS[algorithm](columns(sample)))


def discussion(rng: random.Random, count: int, disagree: float) -> list[Letter]:
    """Mail as it is: threads of all sizes, some of it lost, some not in order, some that names its ancestors wrongly."""
    found: list[Letter] = []
    for at in range(count):
        ancestors: tuple[str, ...] = ()
        if at and rng.random() < 0.7:
            above = rng.randrange(max(0, at - 30), at)
            ancestors = (*found[above].references[-6:], found[above].message_id or f"lost{above}")
        if rng.random() < disagree:
            ancestors = tuple(rng.sample(ancestors, len(ancestors)))
        own = "" if rng.random() < 0.05 else f"{at if rng.random() < 0.95 else rng.randrange(count)}@x"
        subject = rng.choice(["", *(f"S{number}" for number in range(count // 4 + 1))])
        found.append(
            Letter(rng.randrange(count), subject, rng.random() < 0.5, own, ancestors, rng.randrange(count))
        )
    kept = [letter for letter in found if rng.random() < 0.8]
    return rng.sample(kept, len(kept)) if rng.random() < 0.5 else kept


@pytest.mark.parametrize("algorithm", ["REFERENCES", "REFS", "ORDEREDSUBJECT"])
@settings(max_examples=60)
@given(st.integers(), st.integers(0, 300), st.sampled_from([0.0, 0.02, 0.3]))
def test_discussions(algorithm: str, seed: int, count: int, disagree: float) -> None:
    sample = columns(discussion(random.Random(seed), count, disagree))
    assert quickly(sample, algorithm) == result(STEPS[algorithm](sample))


def test_deep_threads_are_for_the_other_way() -> None:
    sample = columns(chain(300))
    assert quickly(sample, "REFERENCES") == result(thread.references(sample))
    start = time.process_time()
    with pytest.raises(TooDeep):
        quickly(columns(chain(20_000)), "REFERENCES")
    assert time.process_time() - start < 5
    sample = columns(hostile(3000))
    assert quickly(sample, "REFS") == result(thread.refs(sample))


# Ranks


@given(
    st.lists(st.lists(st.text("AB\u00df\U0001f600", max_size=3), max_size=9), max_size=9),
    st.sampled_from([16, 1 << 30]),
)
def test_ranks_compare_as_the_texts_do(batches: list[list[str]], gap: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_ranks, "GAP", gap)
        ranks, known = TextRanks(), list[str]()
        for batch in batches:
            order = np.argsort(ranks.values, kind="stable")
            ranks = result(ranks.extended(batch, order, known.__getitem__))
            known += batch
            wanted = sorted(set(known))
            places = np.unique(ranks.values, return_inverse=True)[1].tolist()
            assert [wanted[place] for place in places] == known


def test_many_texts_are_ranked_in_steps() -> None:
    texts = [f"{number * 7919 % 30_011}" for number in range(30_000)]
    steps = list(text_ranks.ranked(texts))
    assert len(steps) > 6
    ranks = result(text_ranks.ranked(texts)).tolist()
    assert sorted(range(30_000), key=ranks.__getitem__) == sorted(range(30_000), key=texts.__getitem__)


# A mailbox


def letter_octets(rng: random.Random, number: int) -> bytes:
    lines = [f"From: {rng.choice('abcd')}@x.example", f"Message-ID: <{number}@x>"]
    if rng.random() < 0.8:
        when = WHEN - timedelta(minutes=rng.randrange(300))
        lines.append(f"Date: {when:%a, %d %b %Y %H:%M:%S} +0000")
    lines.append(f"Subject: {rng.choice(['', 'Re: '])}{rng.choice(['', 'x', 'y', f'n{number}'])}")
    if rng.random() < 0.6:
        lines.append("References: " + " ".join(f"<{rng.randrange(number + 5)}@x>" for _ in range(3)))
    return "\r\n".join([*lines, "", "t" * rng.randrange(5), ""]).encode()


BY: list[list[tuple[Column, bool]]] = [
    [(column, reverse)]
    for column in (Column.SENT, Column.BASE_SUBJECT, Column.SORT_FROM, Column.ARRIVED, Column.SIZE)
    for reverse in (False, True)
] + [[(Column.BASE_SUBJECT, True), (Column.SENT, False)], [(Column.SORT_FROM, False), (Column.SIZE, True)]]


def plain_sorted(mailbox: Mailbox, messages: MessageSet, by: Sequence[tuple[Column, bool]]) -> list[int]:
    chunks = mailbox.rows(messages, [Column.UID, *(column for column, _ in by)])
    rows = [each for chunk in chunks for each in chunk]
    keyed = [
        SortColumn(cast("list[int]", [each[place] for each in rows]), reverse)
        for place, (_, reverse) in enumerate(by, 1)
    ]
    return [cast(int, rows[at][0]) for at in result(sort(len(rows), keyed))]


def plain_threads(mailbox: Mailbox, messages: MessageSet, algorithm: Algorithm) -> Threads:
    wanted = [
        Column.SENT, Column.ARRIVED, Column.BASE_SUBJECT, Column.IS_REPLY, Column.MESSAGE_ID, Column.REFERENCES,
    ]  # fmt: skip
    rows = [each for chunk in mailbox.rows(messages, wanted) for each in chunk]
    found = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in wanted]
    return result(STEPS[algorithm.value](Letters(*found)))


def compare(mailbox: Mailbox, messages: MessageSet) -> None:
    arrangement = mailbox.arrangement()
    assert isinstance(arrangement, Arrangement)
    for by in BY:
        found = result(arrangement.sorted(messages, by))
        assert [found.uids[at] for at in found.order] == plain_sorted(mailbox, messages, by), by
    for algorithm in Algorithm:
        threads = result(arrangement.threads(messages, algorithm))
        assert threads is not None
        assert list(threads[0]) == list(messages & mailbox.everything())
        assert threads[1] == plain_threads(mailbox, messages, algorithm), algorithm


async def opened(data: Path) -> tuple[SqliteStore, SqliteAccount]:
    store = SqliteStore(data)
    await store.create_account("ann", [("INBOX", ()), ("Sent", ())])
    return store, await store.open_account("ann")


@pytest.mark.parametrize("seed", range(4))
def test_kept_through_arrivals_and_expunges(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_keys, "CHUNK", 50)
    rng = random.Random(seed)

    async def scenario() -> None:
        store, account = await opened(tmp_path)
        inbox = await account.open("INBOX")
        number = 0
        for count in (0, 150, 1, 2, 90, 3):
            batch = [
                message(letter_octets(rng, number + more), when=WHEN + timedelta(seconds=rng.randrange(9)))
                for more in range(count)
            ]
            if batch:
                await account.append(row(account, "INBOX").id, batch)
            number += count
            compare(inbox, inbox.everything())
            some = [uid for uid in inbox.uids() if rng.random() < rng.choice([0.02, 0.6])]
            compare(inbox, inbox.by_uid([(uid, uid) for uid in some]))
            gone = [(uid, uid) for uid in inbox.uids() if rng.random() < rng.choice([0.01, 0.3])]
            await account.expunge(inbox, inbox.by_uid(gone))
            compare(inbox, inbox.everything())
        before = account.octets
        inbox.release()
        assert isinstance(inbox.arranged, Arrangement)
        assert before > inbox.arranged.octets > 50 * len(inbox.uids())
        await account.release()
        await store.close()

    asyncio.run(scenario())


def test_two_at_once_while_mail_comes_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_keys, "CHUNK", 10)
    rng = random.Random(9)

    async def scenario() -> None:
        store, account = await opened(tmp_path)
        inbox = await account.open("INBOX")
        numbers = iter(range(10_000))

        async def arrive(count: int) -> None:
            batch = [message(letter_octets(rng, next(numbers))) for _ in range(count)]
            await account.append(row(account, "INBOX").id, batch)

        await arrive(120)
        for _ in range(3):
            arrangement = inbox.arrangement()
            assert isinstance(arrangement, Arrangement)
            works = [arrangement.sorted(inbox.everything(), by) for by in BY]
            for step in range(12):
                for work in works:
                    next(work, None)
                if step % 3 == 1:
                    await arrive(1)
                if step % 4 == 2:
                    uid = rng.choice(inbox.uids())
                    await account.expunge(inbox, inbox.by_uid([(uid, uid)]))
            compare(inbox, inbox.everything())
            await arrive(40)
        inbox.release()
        await account.release()
        await store.close()

    asyncio.run(scenario())


def test_what_another_session_read_meanwhile_is_not_put_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_keys, "CHUNK", 10)
    looked_up: list[int] = []
    text_of = KeptKeys._text

    def noted(self: KeptKeys, key: kept_keys.Key, place: int) -> str:
        looked_up.append(place)
        return text_of(self, key, place)

    monkeypatch.setattr(KeptKeys, "_text", noted)
    rng = random.Random(3)

    async def scenario() -> None:
        store, account = await opened(tmp_path)
        inbox = await account.open("INBOX")
        await account.append(
            row(account, "INBOX").id, [message(letter_octets(rng, number)) for number in range(100)]
        )
        arrangement = inbox.arrangement()
        assert isinstance(arrangement, Arrangement)
        by = [(Column.BASE_SUBJECT, False)]
        late, early = (arrangement.sorted(inbox.everything(), by) for _ in range(2))
        next(late)
        assert result(early) == result(late)
        assert not looked_up
        compare(inbox, inbox.everything())
        inbox.release()
        await account.release()
        await store.close()

    asyncio.run(scenario())
