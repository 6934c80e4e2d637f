"""COPY, MOVE, EXPUNGE and UID EXPUNGE as a real session answers them, over an in-memory store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from imapkit.protocol.status import Kind, Status
from imapkit.protocol.uid_codes import CopyUid

from .talk import Room, Talk


def mail(number: int) -> bytes:
    return f"From: Ann <ann@example.org>\r\nSubject: message {number}\r\n\r\nbody {number}\r\n".encode()


def in_room(test: Callable[[Room, Talk], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), Room.open([mail(number) for number in range(1, 6)]) as room:
            await test(room, await room.talk())

    asyncio.run(main())


async def subjects(room: Room, mailbox: str) -> list[str]:
    """What is in a mailbox, by the subjects' numbers."""
    talk = await room.talk(f"EXAMINE {mailbox}")
    found = []
    for number in range(1, 6):
        answer = await talk.good(f'SEARCH RETURN (COUNT) SUBJECT "message {number}"')
        count = int(answer.lines[0].rpartition(b" ")[2])
        found += [str(number)] * count
    return found


async def flag_deleted(talk: Talk, uids: str) -> None:
    await talk.good(f"UID STORE {uids} +FLAGS.SILENT (\\Deleted)")


def code_of(status: Status) -> list[tuple[int, int]]:
    assert isinstance(status.code, CopyUid)
    return list(status.code.pairs())


def test_copy_and_its_code() -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk.good("COPY 2:3,5 Sent")
        assert answer.lines == []
        assert code_of(answer.status) == [(2, 1), (3, 2), (5, 3)]
        answer = await talk.good("UID COPY 4:900 Sent")
        assert code_of(answer.status) == [(4, 4), (5, 5)]
        assert await subjects(room, "Sent") == ["2", "3", "4", "5", "5"]
        assert await subjects(room, "INBOX") == ["1", "2", "3", "4", "5"]

    in_room(test)


def test_copy_keeps_flags_and_dates() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("UID STORE 1 +FLAGS.SILENT (\\Seen \\Flagged work)")
        before = (await talk.good("UID FETCH 1 (INTERNALDATE)")).lines[0].partition(b"INTERNALDATE")[2]
        await talk.good("UID COPY 1 Sent")
        await talk.good("SELECT Sent")
        assert (await talk.good("SEARCH SEEN FLAGGED KEYWORD WORK")).lines == [b"* SEARCH 1"]
        after = (await talk.good("UID FETCH 1 (INTERNALDATE)")).lines[0].partition(b"INTERNALDATE")[2]
        assert after == before

    in_room(test)


@pytest.mark.parametrize("name", ["COPY", "MOVE"])
def test_nothing_to_do_and_no_target(name: str) -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk.good(f"UID {name} 77 Sent")
        assert (answer.lines, answer.status.code) == ([], None)
        assert answer.status.text.startswith("No matching messages")
        for command in (f"{name} 1 Nowhere", f"UID {name} 1 Nowhere", f"UID {name} 77 Nowhere"):
            answer = await talk(command)
            assert (answer.status.kind, answer.status.code_name) == (Kind.NO, "TRYCREATE")
        assert (await talk(f"{name} 6 Sent")).status.kind is Kind.BAD
        assert await subjects(room, "INBOX") == ["1", "2", "3", "4", "5"]
        assert await subjects(room, "Sent") == []

    in_room(test)


def test_copy_onto_itself() -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk.good("COPY 5 INBOX")
        assert code_of(answer.status) == [(5, 6)]
        assert b"* 6 EXISTS" in answer.lines
        assert (await talk.good("UID SEARCH ALL")).lines == [b"* SEARCH 1 2 3 4 5 6"]

    in_room(test)


def test_move_tells_the_uids_before_the_expunges() -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk.good("MOVE 2:3,5 Sent")
        first, *rest = answer.data
        assert isinstance(first, Status)
        assert code_of(first) == [(2, 1), (3, 2), (5, 3)]
        assert len(rest) == 3 and answer.status.code is None
        assert sorted(answer.lines[1:]) == [b"* 2 EXPUNGE", b"* 3 EXPUNGE", b"* 5 EXPUNGE"]
        assert (await talk.good("UID SEARCH ALL")).lines == [b"* SEARCH 1 4"]
        assert await subjects(room, "Sent") == ["2", "3", "5"]
        assert (await talk.good("SEARCH DELETED")).lines == [b"* SEARCH"]

    in_room(test)


def test_move_onto_itself_gives_new_uids() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("UID MOVE 1:2 INBOX")
        assert (await talk.good("UID SEARCH ALL")).lines == [b"* SEARCH 3 4 5 6 7"]
        assert await subjects(room, "INBOX") == ["1", "2", "3", "4", "5"]

    in_room(test)


def test_other_sessions_hear_of_a_move() -> None:
    async def test(room: Room, talk: Talk) -> None:
        source, target = await room.talk(), await room.talk("SELECT Sent")
        await talk.good("UID MOVE 2 Sent")
        assert (await source.good("NOOP")).lines == [b"* 2 EXPUNGE"]
        assert b"* 1 EXISTS" in (await target.good("NOOP")).lines

    in_room(test)


@pytest.mark.parametrize("command", ["MOVE 1 Sent", "UID MOVE 1 Sent", "EXPUNGE", "UID EXPUNGE 1:*"])
def test_read_only_mailboxes_lose_nothing(command: str) -> None:
    async def test(room: Room, talk: Talk) -> None:
        await flag_deleted(talk, "1:5")
        await talk.good("EXAMINE INBOX")
        answer = await talk(command)
        assert answer.status.kind is Kind.NO
        assert "read-only" in answer.status.text
        assert (await talk.good("UID SEARCH ALL")).lines == [b"* SEARCH 1 2 3 4 5"]
        assert (await talk("COPY 1 Sent")).ok

    in_room(test)


def test_expunge_removes_what_is_marked() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await flag_deleted(talk, "2,4:5")
        answer = await talk.good("EXPUNGE")
        assert sorted(answer.lines) == [b"* 2 EXPUNGE", b"* 4 EXPUNGE", b"* 5 EXPUNGE"]
        assert (await talk.good("UID SEARCH ALL")).lines == [b"* SEARCH 1 3"]
        assert (await talk.good("EXPUNGE")).lines == []

    in_room(test)


def test_uid_expunge_removes_only_what_is_named_and_marked() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await flag_deleted(talk, "2,4:5")
        assert (await talk.good("UID EXPUNGE 1:2,3")).lines == [b"* 2 EXPUNGE"]
        assert (await talk.good("UID SEARCH ALL")).lines == [b"* SEARCH 1 3 4 5"]
        await talk.good("SEARCH RETURN (SAVE) UID 5")
        assert (await talk.good("UID EXPUNGE $")).lines == [b"* 4 EXPUNGE"]
        assert (await talk.good("UID EXPUNGE 100:200")).lines == []
        assert (await talk.good("UID SEARCH DELETED")).lines == [b"* SEARCH 4"]

    in_room(test)


@pytest.mark.parametrize("name", ["COPY", "MOVE"])
def test_messages_that_somebody_else_expunged(name: str) -> None:
    """By number: NO, for the client cannot know what the number stands for. By UID: the others go (RFC 2180 section 4.4)."""

    async def test(room: Room, talk: Talk) -> None:
        other = await room.talk()
        await flag_deleted(other, "2")
        await other.good("EXPUNGE")
        answer = await talk(f"{name} 1:3 Sent")
        assert (answer.status.kind, answer.status.code_name) == (Kind.NO, "EXPUNGEISSUED")
        assert b"* 2 EXPUNGE" in answer.lines
        assert await subjects(room, "Sent") == []
        answer = await talk.good(f"{name} 1:2 Sent")
        assert await subjects(room, "Sent") == ["1", "3"]
        await flag_deleted(other, "4")
        await other.good("EXPUNGE")
        await talk.good(f"UID {name} 4:5 Sent")
        assert await subjects(room, "Sent") == ["1", "3", "5"]

    in_room(test)


def test_close_removes_without_a_word() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await flag_deleted(talk, "2:3")
        await talk.good("EXAMINE INBOX")
        await talk.good("CLOSE")
        assert await subjects(room, "INBOX") == ["1", "2", "3", "4", "5"]
        await talk.good("SELECT INBOX")
        assert (await talk.good("CLOSE")).lines == []
        assert await subjects(room, "INBOX") == ["1", "4", "5"]

    in_room(test)


def test_pipelined_save_and_use() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SEARCH RETURN (SAVE) 2:3")
        await talk.good("COPY $ Sent")
        await talk.good("STORE $ +FLAGS.SILENT (\\Deleted)")
        await talk.good("UID EXPUNGE $")
        assert (await talk.good("UID SEARCH ALL")).lines == [b"* SEARCH 1 4 5"]
        assert await subjects(room, "Sent") == ["2", "3"]

    in_room(test)
