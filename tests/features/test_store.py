"""STORE on real sessions: what changes, what is answered, and who hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import Bad, LimitExceeded, NotSupported, ParseError
from imapkit.features.catalogue import full_registry
from imapkit.features.fetch_data import FetchData
from imapkit.features.fetch_datum import FlagsDatum, UidDatum
from imapkit.features.store import (
    Modified,
    Store,
    StoreResult,
    UnchangedSince,
    _read_action,
    _read_wanted,
    settable,
    store,
)
from imapkit.ports.client import Completed
from imapkit.ports.store import FlagAction
from imapkit.protocol.numset import NumSet
from imapkit.protocol.registry import Grammar
from imapkit.protocol.status import Kind, Status
from imapkit.wire.cursor import Cursor

from .talk import Room

MESSAGES = tuple(b"Subject: %d\r\n\r\nbody\r\n" % number for number in range(1, 6))


GRAMMAR = full_registry().grammar
WORDS = st.sampled_from(
    [
        "FLAGS",
        "+flags.silent",
        "-FLAGS",
        "flag",
        " ",
        " ",
        "(",
        ")",
        "\\Seen",
        "$Work",
        "a",
        "(UNCHANGEDSINCE 7)",
    ]
)


@given(st.lists(WORDS, max_size=8).map("".join), st.booleans())
def test_what_is_remembered_of_a_command_is_what_it_says(text: str, utf8: bool) -> None:

    def read(reader: Callable[[Cursor, Grammar], object]) -> object:
        c = Cursor(text.encode(), utf8=utf8)
        try:
            return reader(c, GRAMMAR), c.pos
        except (ParseError, LimitExceeded) as error:
            return type(error), str(error), c.pos

    plain = read(_read_action)
    assert read(_read_wanted) == plain
    assert read(_read_wanted) == plain


def run(test: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Room.open(MESSAGES) as room:
            await test(room)

    asyncio.run(asyncio.wait_for(main(), 30))


def test_add_remove_and_replace_tell_the_flags_as_they_are_then() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        await talk.good("ENABLE IMAP4rev2")
        added = await talk.good("STORE 2:3 +FLAGS (\\Seen $Work)")
        assert added.lines[0].startswith(b"* FLAGS (") and added.lines[0].endswith(b" $Work)"), (
            "before it is used"
        )
        assert added.lines[2:4] == [b"* 2 FETCH (FLAGS (\\Seen $Work))", b"* 3 FETCH (FLAGS (\\Seen $Work))"]
        assert (await talk.good("STORE 2 -FLAGS \\Seen")).lines == [b"* 2 FETCH (FLAGS ($Work))"]
        assert (await talk.good("UID STORE 3 FLAGS (\\Draft)")).lines == [
            b"* 3 FETCH (UID 3 FLAGS (\\Draft))"
        ]
        assert (await talk.good("STORE 3 FLAGS ()")).lines == [b"* 3 FETCH (FLAGS ())"]

    run(check)


def test_silent_is_silent_to_its_own_session_only() -> None:
    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        assert (await talk.good("STORE 1:2 +FLAGS.SILENT (\\Flagged)")).lines == []
        assert (await talk.good("NOOP")).lines == []
        news = await other.good("NOOP")
        assert [(item.seq, item.flags) for item in news.fetched] == [(1, ("\\Flagged",)), (2, ("\\Flagged",))]

    run(check)


def test_a_change_is_told_once() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        assert len((await talk.good("STORE 1 +FLAGS (\\Seen)")).fetched) == 1
        assert (await talk.good("NOOP")).fetched == []

    run(check)


def test_one_command_is_one_change_and_nothing_new_is_none() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        before = room.account.modseq
        await talk.good("STORE 1:* +FLAGS.SILENT (\\Seen)")
        assert room.account.modseq == before + 1
        answer = await talk.good("STORE 1:* +FLAGS (\\Seen)")
        assert room.account.modseq == before + 1 and len(answer.fetched) == 5

    run(check)


@pytest.mark.parametrize("flags", ["(\\Recent)", "(\\Nonsense)", "\\*", "(\\Seen \\Recent)"])
def test_flags_that_cannot_be_changed_are_refused_whole(flags: str) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        before = room.account.modseq
        assert (await talk(f"STORE 1 +FLAGS {flags}")).status.kind is Kind.BAD
        assert room.account.modseq == before

    run(check)


def test_a_mailbox_opened_read_only_is_not_changed() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk("EXAMINE INBOX")
        answer = await talk("STORE 1 +FLAGS (\\Seen)")
        assert answer.status.kind is Kind.NO and "read-only" in answer.status.text
        assert (await talk.good("FETCH 1 FLAGS")).fetched[0].flags == ("\\Recent",)

    run(check)


def test_messages_that_are_not_there() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        assert (await talk("STORE 6 +FLAGS (\\Seen)")).status.kind is Kind.BAD
        assert (await talk.good("UID STORE 6:9 +FLAGS (\\Seen)")).fetched == []

    run(check)


def test_more_keywords_than_a_mailbox_can_have() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        for start in range(0, 1024, 256):
            words = " ".join(f"k{number}" for number in range(start, start + 256))
            await talk.good(f"STORE 1 +FLAGS.SILENT ({words})")
        answer = await talk("STORE 2 +FLAGS (one-more)")
        assert answer.status.kind is Kind.NO and answer.status.code_name == "LIMIT"
        assert (await talk.good("FETCH 2 FLAGS")).fetched[0].flags == ("\\Recent",)
        await talk.good("STORE 2 +FLAGS (k1023)")

    run(check)


@pytest.mark.parametrize("flag", ["\\Recent", "\\*", "\\Foo", "a]b", "a*", "\xe9"])
def test_settable_refuses_what_no_client_could_read_back(flag: str) -> None:
    """A ``]`` would end the response code PERMANENTFLAGS (RFC 3501 section 9, flag-keyword)."""
    with pytest.raises(Bad):
        settable([flag])


def test_settable_takes_each_flag_once_in_any_case() -> None:
    assert settable(["\\Seen", "Work", "WORK"]) == {"\\Seen", "Work"}


class _Session:
    """A client's session with or without CONDSTORE."""

    def __init__(self, *offered: str) -> None:
        self._offered = offered

    def need(self, capability: str, why: str) -> None:
        if capability not in self._offered:
            raise NotSupported(capability, why)


def test_the_verb() -> None:
    op = store(
        _Session("CONDSTORE"), NumSet.of(1, 2), FlagAction.ADD, ["\\Seen"], silent=True, unchanged_since=9
    )  # type: ignore[arg-type]
    assert next(op) == Store(NumSet.of(1, 2), FlagAction.ADD, ("\\Seen",), True, True, (UnchangedSince(9),))
    told = FetchData(1, [UidDatum(1), FlagsDatum(("\\Seen",))])
    with pytest.raises(StopIteration) as stopped:
        op.send(Completed(Status(Kind.OK, "done", Modified(NumSet.of(2)), "A1"), [told]))
    assert stopped.value.value == StoreResult([told], NumSet.of(2))


def test_the_verb_needs_condstore_for_a_condition() -> None:
    with pytest.raises(NotSupported):
        next(store(_Session(), NumSet.of(1), FlagAction.ADD, ["\\Seen"], unchanged_since=9))  # type: ignore[arg-type]
