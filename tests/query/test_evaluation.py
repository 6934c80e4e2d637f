"""Search keys against a definition that looks at every message; and the order in which they are evaluated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.protocol.numset import NumSet
from imapkit.query import keys as k
from imapkit.query.index import TextColumn
from imapkit.query.key import SearchKey
from imapkit.query.plan import evaluate, result
from imapkit.query.records import Uids

from .model import ListIndex, Message, brute_force, run_of
from .strategies import keys, mailboxes

MAILBOX = [
    Message(3, frozenset({"\\Seen"}), headers=[("From", "Ann <ann@example.org>"), ("Subject", "Grüße")], body="one"),
    Message(5, frozenset({"$Work"}), size=200, headers=[("From", "Bob <bob@example.org>"), ("X-Spam", "")], body="two"),
    Message(9, came=date(2026, 3, 1), headers=[("From", "Bob"), ("Subject", "invoice")], body="three invoices"),
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    mailbox=mailboxes(), key=keys, hints=st.one_of(st.none(), st.integers(0, 4)), certain=st.integers(0, 3)
)
def test_search_is_what_the_definition_says(
    mailbox: list[Message], key: SearchKey, hints: int | None, certain: int
) -> None:
    run = run_of(mailbox, ListIndex(mailbox, hints, certain=certain))
    found = result(key, run, run.index.everything())
    assert list(found) == brute_force(key, mailbox)


@settings(max_examples=100, deadline=None)
@given(mailbox=mailboxes(), key=keys, within=st.sets(st.integers(1, 40)))
def test_nothing_outside_of_within_is_found_or_read(
    mailbox: list[Message], key: SearchKey, within: set[int]
) -> None:
    index = ListIndex(mailbox)
    run = run_of(mailbox, index)
    members = run.members(within)
    found = result(key, run, members)
    assert list(found) == [uid for uid in brute_force(key, mailbox) if uid in within]
    assert {uid for _, uid in index.read} <= within


def found_by(key: SearchKey) -> list[int]:
    run = run_of(MAILBOX)
    return list(result(key, run, run.index.everything()))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (k.ALL, [3, 5, 9]),
        (k.FROM("BOB"), [5, 9]),
        (k.FROM("bob") & k.SINCE(date(2026, 2, 1)), [9]),
        (k.SUBJECT("gRÜSSE"), []),
        (k.SUBJECT("GRÜße"), [3]),
        (k.SUBJECT(""), [3, 9]),
        (k.HEADER("subject"), [3, 9]),
        (k.HEADER("X-Spam"), [5]),
        (k.HEADER("X-Spam", "yes"), []),
        (k.BODY("invoice"), [9]),
        (k.TEXT("invoice"), [9]),
        (k.TEXT("ann@"), [3]),
        (~k.SEEN & ~k.KEYWORD("$work"), [9]),
        (k.KEYWORD("$WORK"), [5]),
        (k.UNKEYWORD("$work"), [3, 9]),
        (k.LARGER(100), [5]),
        (k.SMALLER(200), [3, 9]),
        (k.LARGER(2**63 - 1), []),
        (k.SMALLER(0), []),
        (k.BEFORE(date(2026, 3, 1)), [3, 5]),
        (k.ON(date(2026, 3, 1)), [9]),
        (k.UID(5, 9, 77), [5, 9]),
        (k.UID(NumSet.span(7)), [9]),
        (Uids(NumSet.span(100)), [9]),
        (k.UID(NumSet.span(100)), []),
        (k.SEQ(1, 3), [3, 9]),
        (k.OR(k.SEEN, k.LARGER(150), k.BODY("three")), [3, 5, 9]),
        (k.NEW, []),
        (k.OLD, [3, 5, 9]),
    ],
)
def test_keys(key: SearchKey, expected: list[int]) -> None:
    assert found_by(key) == expected


def test_empty_mailbox_has_nothing_for_any_uid() -> None:
    run = run_of([])
    assert not len(result(k.UID(NumSet.span(1)), run, run.index.everything()))
    assert not len(result(~k.UID(7), run, run.index.everything()))


def test_texts_are_read_last_and_only_of_what_is_left() -> None:
    index = ListIndex(MAILBOX)
    run = run_of(MAILBOX, index)
    key = k.BODY("t") & k.FROM("bob") & k.UNSEEN & k.LARGER(150)
    assert list(result(key, run, index.everything())) == [5]
    assert index.read == [(TextColumn.FROM, 5), (TextColumn.BODY, 5)]


def test_or_reads_no_text_of_what_matched_already() -> None:
    index = ListIndex(MAILBOX)
    run = run_of(MAILBOX, index)
    assert list(result(k.BODY("e") | k.UID(3, 5), run, index.everything())) == [3, 5, 9]
    assert index.read == [(TextColumn.BODY, 9)]


def test_no_text_is_read_of_what_an_index_is_certain_of() -> None:
    index = ListIndex(MAILBOX, hints=3, certain=1)
    run = run_of(MAILBOX, index)
    assert list(result(k.BODY("o"), run, index.everything())) == [3, 5, 9]
    assert sorted(uid for _, uid in index.read) == [5, 9]


def test_what_an_index_says_is_verified() -> None:
    index = ListIndex(MAILBOX, hints=2)
    run = run_of(MAILBOX, index)
    assert list(result(k.BODY("invoice"), run, index.everything())) == [9]
    assert sorted(uid for _, uid in index.read) == [3, 5, 9]
    index = ListIndex(MAILBOX, hints=0)
    run = run_of(MAILBOX, index)
    assert list(result(k.BODY("invoice"), run, index.everything())) == [9]
    assert index.read == [(TextColumn.BODY, 9)]


def test_an_evaluation_pauses_between_chunks() -> None:
    mailbox = [Message(uid, body="x") for uid in range(1, 11)]
    run = run_of(mailbox, ListIndex(mailbox, chunk=2))
    steps = list(evaluate(k.BODY("x"), run, run.index.everything()))
    assert [step is None for step in steps] == [True] * 6 + [False], "a look-up and five chunks"


def test_nothing_matches_across_two_values() -> None:
    mailbox = [Message(1, headers=[("To", "ann"), ("To", "bob")], body="ann\nbob")]
    run = run_of(mailbox)
    everything = run.index.everything()
    assert list(result(k.TO("ann") & k.TO("bob"), run, everything)) == [1]
    assert list(result(k.TO("n\nb"), run, everything)) == []
    assert list(result(k.BODY("n\nb"), run, everything)) == [1]


@pytest.mark.parametrize("combine", [k.AND, k.OR])
def test_many_cheap_keys_pause_too(combine: Callable[..., SearchKey]) -> None:
    run = run_of(MAILBOX)
    inner = k.UNSEEN if combine is k.AND else k.SEEN
    steps = list(evaluate(combine(*[inner] * 80), run, run.index.everything()))
    assert len(steps) == 11


def test_strings_are_decoded_by_the_charset() -> None:
    koi8 = k.SUBJECT("привет".encode("koi8-r").decode("utf-8", "surrogateescape"))
    mailbox = [Message(1, headers=[("Subject", "Привет")])]
    run = run_of(mailbox, codec="koi8-r")
    koi8.check(run)
    assert list(result(koi8, run, run.index.everything())) == [1]
    with pytest.raises(UnicodeError):
        (k.SEEN | ~koi8).check(run_of(mailbox))
