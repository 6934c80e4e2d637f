"""Entries as bytes: read back as they were written, damage refused; columns agree however entries reach them."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import StoreBroken
from imapkit.protocol.numset import join
from imapkit.query.index import NumberColumn
from imapkit.stores.log.codec import decode, encode
from imapkit.stores.log.entry import (
    KINDS,
    Added,
    Created,
    Deleted,
    Entry,
    Expunged,
    Fact,
    FlagsChanged,
    NewKeywords,
    Renamed,
    Subscribed,
    Touched,
    Unsubscribed,
    batch_of,
)
from imapkit.stores.log.mailbox import below
from imapkit.stores.memory.columns import ArrayColumns
from imapkit.stores.sqlite.columns import NumpyColumns

UID = st.integers(1, (1 << 32) - 1)
RANGES = st.lists(st.tuples(UID, UID).map(sorted).map(tuple), min_size=1, max_size=5).map(join)
MASK = st.integers(0, (1 << 1032) - 1) | st.integers(0, 255)
LONG = st.integers(-(1 << 40), 1 << 40)
ROW = st.tuples(LONG, st.integers(0, 1 << 40), LONG, st.integers(-900, 900), st.integers(1, 800_000), MASK)
NAME = st.text(max_size=20)
FACTS = st.one_of(
    st.builds(Added, UID, st.lists(ROW, min_size=1, max_size=4).map(batch_of)),
    st.builds(FlagsChanged, RANGES, MASK, MASK),
    st.builds(Expunged, RANGES),
    st.builds(Touched, RANGES),
    st.builds(NewKeywords, st.integers(8, 1031), st.lists(NAME, max_size=3).map(tuple)),
    st.builds(Created, UID, NAME),
    st.builds(Renamed, UID, NAME, NAME),
    st.builds(Deleted, UID, NAME),
    st.builds(Subscribed, NAME),
    st.builds(Unsubscribed, NAME),
)


@given(FACTS)
def test_a_fact_comes_back(fact: Fact) -> None:
    assert decode(KINDS[type(fact)], encode(fact)) == fact


@given(FACTS)
def test_another_version_is_refused(fact: Fact) -> None:
    with pytest.raises(StoreBroken):
        decode(KINDS[type(fact)], b"\x02" + encode(fact)[1:])
    with pytest.raises(StoreBroken):
        decode(200, encode(fact))
    with pytest.raises(StoreBroken):
        decode(KINDS[type(fact)], b"")


def test_marking_100_000_read_is_one_small_entry() -> None:
    assert len(encode(FlagsChanged([(1, 100_000)], 8, 0))) < 20


SMALL = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), min_size=1, max_size=3).map(
    lambda pairs: join([(low, low + more) for low, more in pairs])
)
SLICED = ("uid", "flags", "modseq", "saved", "content", "size", "date")
STEP = st.one_of(
    st.lists(ROW, min_size=1, max_size=4),
    st.builds(FlagsChanged, SMALL, MASK, MASK),
    st.builds(Expunged, SMALL),
    st.builds(Touched, SMALL),
)


@given(st.lists(STEP, max_size=12), st.data())
def test_both_columns_agree_and_entries_may_come_twice(steps: list[object], data: st.DataObject) -> None:
    entries: list[Entry] = []
    uidnext = 1
    for modseq, step in enumerate(steps, 1):
        fact = step
        if isinstance(step, list):
            fact = Added(uidnext, batch_of(step))
            uidnext += len(step)
        elif isinstance(step, FlagsChanged | Expunged | Touched):
            step.ranges = below(step.ranges, uidnext)  # type: ignore[misc]
        assert isinstance(fact, Added | FlagsChanged | Expunged | Touched)
        entries.append(Entry(modseq, 1, 1000 + modseq, fact))
    plain, fast, twice = ArrayColumns(), NumpyColumns(), NumpyColumns()
    again = data.draw(st.integers(0, len(entries)))
    for entry in entries:
        plain.apply(entry)
        fast.apply(entry)
        twice.apply(entry)
    for entry in entries[again:]:
        twice.apply(entry)
    for columns in (fast, twice):
        assert columns.extract(columns.everything()) == plain.extract(plain.everything())
        assert list(columns.uids()) == list(plain.uids())
        for wanted in NumberColumn:
            low, high = data.draw(st.tuples(LONG, LONG))
            assert list(columns.between(wanted, low, high)) == list(plain.between(wanted, low, high))
        held = sorted(
            {
                content
                for part in plain.slices(plain.everything(), 100, 1 << 20, 16)
                for content in part.content
            }
        )
        near = data.draw(st.lists(st.sampled_from(held), max_size=4)) if held else []
        near += [content + 1 for content in near[1:]]
        for several in (near, array("q", near), [*near, *data.draw(st.lists(LONG, max_size=2))]):
            assert list(columns.with_contents(several)) == list(plain.with_contents(several))
        for since in range(len(entries) + 1):
            assert list(columns.born_after(since)) == list(plain.born_after(since))
            assert list(columns.changed_after(since)) == list(plain.changed_after(since))
        on, off = data.draw(st.tuples(MASK, MASK))
        members = data.draw(SMALL)
        plans = [some.plan_flags(some.by_uid(members), on, off, None) for some in (columns, plain)]
        results = [(list(p.changed), p.unseen, p.deleted, p.deleted_size) for p in plans]
        assert results[0] == results[1]
        since = data.draw(st.integers(0, len(entries)))
        for uid in range(uidnext + 1):  # one message goes a way of its own
            single = [some.plan_flags(some.by_uid([(uid, uid)]), on, off, since) for some in (columns, plain)]
            results = [
                (list(p.changed), list(p.refused), p.unseen, p.deleted, p.deleted_size) for p in single
            ]
            assert results[0] == results[1]
            read = [some.slices(some.by_uid([(uid, uid)]), 10, 1 << 20, 16) for some in (columns, plain)]
            values = [[part.values(name) for part in parts for name in SLICED] for parts in read]
            assert values[0] == values[1]
        others = data.draw(SMALL)
        sets = [(some.by_uid(members), some.by_uid(others)) for some in (columns, plain)]
        for combine in (lambda a, b: a & b, lambda a, b: b & a, lambda a, b: a | b, lambda a, b: a - b):
            assert combine(*sets[0]).ranges() == combine(*sets[1]).ranges()
        totals = [some.totals(some.by_uid(members), 5) for some in (columns, plain)]
        assert totals[0] == totals[1]
        assert columns.bits_used(columns.by_uid(members)) == plain.bits_used(plain.by_uid(members))
