"""A search key from outside: read, written and evaluated by one class, and combined with those that are built in."""

from __future__ import annotations

from typing import Self

import pytest

from imapkit.errors import ParseError
from imapkit.features.catalogue import registry
from imapkit.protocol.registry import Feature, Grammar, Point
from imapkit.query import keys as k
from imapkit.query.index import MessageSet
from imapkit.query.key import SearchKey, read_program, write_program
from imapkit.query.plan import Run, Steps, result
from imapkit.record import record
from imapkit.wire.cursor import Cursor
from imapkit.wire.writer import Writer

from .model import ListIndex, Message, run_of

feature = Feature("X-EVERY", spec=("a test",), summary="Every n-th message")


@feature.word(Point.SEARCH_KEY, "X-EVERY")
@record
class Every(SearchKey):
    """ "X-EVERY" SP nz-number: messages whose UID the number divides."""

    number: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.nz_number())

    def write(self, w: Writer) -> None:
        w.raw(b"X-EVERY ").number(self.number)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield
        return run.members(uid for uid in within if uid % self.number == 0)


def test_it_is_a_key_like_any_other() -> None:
    text = b"X-EVERY 3 NOT OR x-every 2 UID 9"
    c = Cursor(text)
    key = read_program(c, registry(extra=[feature]).grammar)
    assert key == Every(3) & ~(Every(2) | k.UID(9))
    w = Writer()
    write_program(w, key)
    assert w.octets() == b"X-EVERY 3 NOT OR X-EVERY 2 UID 9"
    mailbox = [Message(uid) for uid in range(1, 20)]
    run = run_of(mailbox, ListIndex(mailbox))
    assert list(result(key, run, run.index.everything())) == [3, 15]


def test_without_the_feature_it_is_unknown() -> None:
    with pytest.raises(ParseError, match="a known search key"):
        read_program(Cursor(b"X-EVERY 3"), registry().grammar)


def test_without_esearch_there_is_no_return() -> None:
    grammar = registry(disabled=["ESEARCH", "SEARCHRES"]).grammar
    read = grammar.commands[b"SEARCH"].read
    assert read(Cursor(b" SEEN"), grammar) is not None
    with pytest.raises(ParseError, match="a known search key"):
        read(Cursor(b" RETURN (MIN) SEEN"), grammar)
