"""OBJECTID on real sessions (RFC 8474): which ids are the same, and which are not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from imapkit.features.catalogue import full_registry
from imapkit.features.objectid import MailboxId
from imapkit.features.search import SearchData
from imapkit.features.status import StatusData, mailbox_status
from imapkit.protocol.status import Status

from .talk import Room

FIRST = b"Message-ID: <a@example.org>\r\nSubject: first\r\n\r\none\r\n"
REPLY = b"Message-ID: <b@example.org>\r\nIn-Reply-To: <a@example.org>\r\nReferences: <a@example.org>\r\nSubject: Re: first\r\n\r\ntwo\r\n"
OTHER = b"Message-ID: <c@example.org>\r\nSubject: else\r\n\r\nthree\r\n"


def run(test: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Room.open((FIRST, REPLY, OTHER)) as room:
            await test(room)

    asyncio.run(asyncio.wait_for(main(), 30))


def test_mailbox_ids_are_told_everywhere_and_stay_with_a_renamed_mailbox() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk(None)
        created = (await talk.good("CREATE one")).status.code
        assert isinstance(created, MailboxId)
        await talk.good("RENAME one two")
        (told,) = (await talk.good("STATUS two (MAILBOXID)")).of(StatusData)
        assert mailbox_status(told, full_registry().grammar).mailbox_id == created.id
        selected = [item.code for item in (await talk.good("EXAMINE two")).of(Status)]
        assert created in selected
        assert (await talk.good("CREATE one")).status.code not in (None, created)

    run(check)


def test_ids_of_messages_and_threads() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        first, reply, other = (await talk.good("FETCH 1:3 (EMAILID THREADID)")).fetched
        assert len({first.email_id, reply.email_id, other.email_id}) == 3
        assert first.thread_id == reply.thread_id != other.thread_id
        assert first.email_id != first.thread_id
        assert (await talk.good(f"SEARCH EMAILID {reply.email_id}")).of(SearchData) == [SearchData((2,))]
        assert (await talk.good(f"SEARCH THREADID {reply.thread_id}")).of(SearchData) == [SearchData((1, 2))]
        assert (await talk.good("SEARCH EMAILID nothing")).of(SearchData) == [SearchData(())]

    run(check)


def test_a_copy_keeps_its_ids() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        await talk.good("COPY 2 Sent")
        (here,) = (await talk.good("FETCH 2 (EMAILID THREADID)")).fetched
        await talk.good("SELECT Sent")
        (there,) = (await talk.good("FETCH 1 (EMAILID THREADID)")).fetched
        assert (here.email_id, here.thread_id) == (there.email_id, there.thread_id)

    run(check)
