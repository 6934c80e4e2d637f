r"""APPEND to the selected mailbox: whose \Recent the message is (RFC 3501 section 2.3.2), in one change of the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .talk import Room, Talk

MAIL = b"Subject: a\r\n\r\nb\r\n"
APPEND = b"APPEND INBOX {%d+}\r\n%s" % (len(MAIL), MAIL)


def run(check: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Room.open([MAIL]) as room:
            await check(room)

    asyncio.run(main())


async def flags(talk: Talk, number: int) -> tuple[str, ...]:
    (found,) = (await talk.good(f"FETCH {number} (FLAGS)")).fetched
    assert found.flags is not None
    return found.flags


def test_it_is_the_session_that_appends() -> None:
    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        assert b"* 2 RECENT" not in (await talk.good("SELECT INBOX")).lines
        await other.good("SELECT INBOX")
        before = room.account.modseq
        assert {b"* 2 EXISTS", b"* 1 RECENT"} <= set((await talk.good(APPEND)).lines)
        assert room.account.modseq == before + 1
        assert (await other.good("NOOP")).lines == [b"* 2 EXISTS", b"* 0 RECENT"]
        assert (await flags(talk, 2), await flags(other, 2)) == (("\\Recent",), ())
        # The next one is that of the other, which is told first
        assert {b"* 3 EXISTS", b"* 1 RECENT"} <= set((await other.good(APPEND)).lines)
        assert (await talk.good("NOOP")).lines == [b"* 3 EXISTS", b"* 1 RECENT"]
        assert (await flags(talk, 3), await flags(other, 3)) == ((), ("\\Recent",))

    run(check)


def test_a_session_that_only_reads_is_told_and_takes_it_from_nobody() -> None:
    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        for reader in (talk, other):
            await reader.good("EXAMINE INBOX")
        assert {b"* 2 EXISTS", b"* 1 RECENT"} <= set((await talk.good(APPEND)).lines)
        assert (await other.good("NOOP")).lines == [b"* 2 EXISTS", b"* 1 RECENT"]
        assert (await flags(talk, 2), await flags(other, 2), await flags(talk, 1)) == (("\\Recent",),) * 2 + (
            (),
        )
        assert (await talk.good("SEARCH RECENT")).lines == [b"* SEARCH 2"]
        await talk.good("UNSELECT")
        await talk.good(APPEND)
        assert (await talk.good("STATUS INBOX (RECENT)")).lines == [b"* STATUS INBOX (RECENT 2)"]
        for reader in (talk, other):
            assert b"* 2 RECENT" in (await reader.good("EXAMINE INBOX")).lines
        assert b"* 2 RECENT" in (await talk.good("SELECT INBOX")).lines
        assert b"* 0 RECENT" in (await (await room.talk()).good("EXAMINE INBOX")).lines
        assert await flags(other, 3) == ("\\Recent",), "what it was told stays so in this session"

    run(check)


def test_imap4rev2_knows_no_recent() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        await talk.good(APPEND)
        await talk.good("UNSELECT")
        await talk.good(APPEND)
        await talk.good("ENABLE IMAP4rev2")
        assert not [line for line in (await talk.good("EXAMINE INBOX")).lines if b"RECENT" in line]

    run(check)


def test_messages_before_it_that_nobody_was_told_of_come_with_it() -> None:
    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        await other.good("UNSELECT")
        await talk.good("SELECT INBOX")
        await other.good(APPEND)
        assert {b"* 3 EXISTS", b"* 2 RECENT"} <= set((await talk.good(APPEND)).lines)
        assert (await flags(talk, 2), await flags(talk, 3)) == (("\\Recent",), ("\\Recent",))

    run(check)
