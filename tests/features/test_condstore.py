"""CONDSTORE on real sessions: conditions, what enables it, and MODSEQ in every answer from then on (RFC 7162 section 3.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from imapkit.features.catalogue import full_registry
from imapkit.features.condstore import HighestModSeq
from imapkit.features.esearch import EsearchData
from imapkit.features.search import SearchData
from imapkit.features.status import StatusData, mailbox_status
from imapkit.features.store import Modified
from imapkit.protocol.numset import NumSet
from imapkit.protocol.status import Status

from .talk import Answer, Room

MESSAGES = tuple(b"Subject: %d\r\n\r\nbody\r\n" % number for number in range(1, 6))


def run(test: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Room.open(MESSAGES) as room:
            await test(room)

    asyncio.run(asyncio.wait_for(main(), 30))


def highest(answer: Answer) -> list[int]:
    return [item.code.modseq for item in answer.of(Status) if isinstance(item.code, HighestModSeq)]


def test_select_tells_the_highest_modseq() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk(None)
        assert highest(await talk.good("SELECT INBOX")) == [room.account.find("INBOX").modseq]  # type: ignore[union-attr]

    run(check)


ENABLING = [
    "FETCH 1 (MODSEQ)",
    "UID FETCH 1 (UID) (CHANGEDSINCE 1)",
    "STORE 1 (UNCHANGEDSINCE 999999) +FLAGS.SILENT (\\Answered)",
    "SEARCH MODSEQ 1",
    "SEARCH OR SEEN NOT MODSEQ 1",
    "STATUS Sent (HIGHESTMODSEQ)",
    "ENABLE CONDSTORE",
]


@pytest.mark.parametrize("command", ENABLING)
def test_what_enables_it(command: str) -> None:
    """Each tells HIGHESTMODSEQ the first time only, and puts MODSEQ into flags from then on."""

    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        await other.good("STORE 3 +FLAGS (\\Seen)")
        assert (await talk.good("NOOP")).fetched[0].modseq is None
        assert len(highest(await talk.good(command))) == 1
        assert highest(await talk.good(command)) == []
        await other.good("STORE 2 +FLAGS (\\Seen)")
        (news,) = (await talk.good("NOOP")).fetched
        assert news.modseq == room.account.modseq
        assert (await talk.good("STORE 2 +FLAGS (\\Flagged)")).fetched[0].modseq == room.account.modseq
        assert (await talk.good("FETCH 2 BODY[]")).fetched[0].flags is None
        (seen,) = (await talk.good("FETCH 4 BODY[]")).fetched
        assert seen.flags is not None and seen.modseq == room.account.modseq

    run(check)


def test_select_with_the_parameter_enables_it() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk("SELECT INBOX (CONDSTORE)")
        (silent,) = (await talk.good("UID STORE 1 +FLAGS.SILENT (\\Seen)")).fetched
        assert (silent.uid, silent.flags, silent.modseq) == (1, None, room.account.modseq)

    run(check)


def test_changed_since_narrows_the_set() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        before = room.account.modseq
        await talk.good("STORE 2,4 +FLAGS.SILENT (\\Seen)")
        answer = await talk.good(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before})")
        assert [(item.uid, item.modseq) for item in answer.fetched] == [(2, before + 1), (4, before + 1)]
        answer = await talk.good(f"FETCH 1:3 (UID) (CHANGEDSINCE {before})")
        assert [item.uid for item in answer.fetched] == [2] and answer.status.code is None
        assert (await talk.good(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before + 1})")).fetched == []

    run(check)


def test_unchanged_since_leaves_alone_what_others_changed() -> None:
    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        base = room.account.modseq
        await other.good("STORE 3 +FLAGS (\\Flagged)")
        answer = await talk.good(f"UID STORE 2:4 (UNCHANGEDSINCE {base}) +FLAGS.SILENT (\\Deleted)")
        assert answer.status.code == Modified(NumSet.of(3))
        told = {item.uid or item.seq: (item.modseq, item.flags) for item in answer.fetched}
        assert told[2] == told[4] == (room.account.modseq, None)
        assert told[3] == (base + 1, ("\\Flagged", "\\Recent")), (
            "the news comes along, so that the client can try again"
        )
        answer = await talk.good(f"STORE 3,5 (UNCHANGEDSINCE {base + 1}) +FLAGS (\\Deleted)")
        assert answer.status.code is None and len(answer.fetched) == 2
        flags = {item.seq: item.flags or () for item in (await other.good("FETCH 1:5 FLAGS")).fetched}
        assert [seq for seq, found in flags.items() if "\\Deleted" in found] == [2, 3, 4, 5]

    run(check)


def test_modified_has_message_numbers_for_store_and_uids_for_uid_store() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        await talk.good("STORE 1 +FLAGS.SILENT (\\Deleted)")
        await talk.good("EXPUNGE")
        answer = await talk.good("STORE 1:2 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)")
        assert answer.status.code == Modified(NumSet.parse("1:2"))
        answer = await talk.good("UID STORE 2:3 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)")
        assert answer.status.code == Modified(NumSet.parse("2:3"))

    run(check)


def test_search_by_modseq_tells_the_highest_of_what_it_found() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        base = room.account.modseq
        await talk.good("STORE 2 +FLAGS.SILENT (\\Seen)")
        await talk.good("STORE 4 +FLAGS.SILENT (\\Seen)")
        assert (await talk.good(f"SEARCH MODSEQ {base + 1}")).of(SearchData) == [SearchData((2, 4), base + 2)]
        entry = (await talk.good(f'SEARCH MODSEQ "/flags/\\\\draft" all {base + 1} UNFLAGGED 1:3')).of(
            SearchData
        )
        assert entry == [SearchData((2,), base + 1)]
        assert (await talk.good(f"SEARCH MODSEQ {base + 3}")).of(SearchData) == [SearchData(())]
        for options, modseq in (
            ("ALL", base + 2),
            ("MIN", base + 1),
            ("MAX", base + 2),
            ("MIN COUNT", base + 2),
        ):
            (found,) = (await talk.good(f"SEARCH RETURN ({options}) MODSEQ {base + 1}")).of(EsearchData)
            assert [datum.modseq for datum in found.data if hasattr(datum, "modseq")] == [modseq], options

    run(check)


def test_status_tells_the_highest_modseq() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk(None)
        (found,) = (await talk.good("STATUS INBOX (HIGHESTMODSEQ MESSAGES)")).of(StatusData)
        row = room.account.find("INBOX")
        assert row is not None and mailbox_status(found, full_registry().grammar).highest_modseq == row.modseq

    run(check)
