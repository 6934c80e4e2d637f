"""What the server makes of names: mailboxes in any form of Unicode, capabilities as it spells them, tags that are none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from imapkit.protocol.command import BadCommand, read_command
from imapkit.protocol.status import Kind
from imapkit.wire.limits import SERVER
from tests.support.vectors import frame_of, grammar

from .talk import Room, Talk

Scenario = Callable[[Talk, Talk], Awaitable[None]]

DECOMPOSED = '"Cafe\u0301"'


def play(scenario: Scenario) -> None:
    async def run() -> None:
        async with Room.open() as room:
            await scenario(await room.talk(None), await room.talk(None))

    asyncio.run(run())


def test_a_mailbox_is_found_by_the_name_it_was_made_with() -> None:
    """RFC 9051 section 5.1: stored in NFC, found in every form."""

    async def scenario(talk: Talk, other: Talk) -> None:
        await talk.good("ENABLE IMAP4rev2")
        await talk.good(f"CREATE {DECOMPOSED}")
        assert (await other.good('LIST "" Caf*')).lines == [b'* LIST (\\HasNoChildren) "/" "Caf&AOk-"']
        assert (await talk.good(f'LIST "" {DECOMPOSED}')).lines == [
            '* LIST (\\HasNoChildren) "/" "Caf\u00e9"'.encode()
        ]
        await other.good("SELECT Cafe&AwE-")
        for command in ("SELECT", "SUBSCRIBE", "UNSUBSCRIBE", "DELETE"):
            await talk.good(f"{command} {DECOMPOSED}")

    play(scenario)


def test_deleting_the_selected_mailbox_closes_it() -> None:
    async def scenario(talk: Talk, other: Talk) -> None:
        await talk.good("CREATE here")
        await talk.good("SELECT here")
        assert (await talk.good("DELETE here")).lines == [b"* OK [CLOSED] The selected mailbox was deleted"]
        assert (await talk("FETCH 1 UID")).status.kind is Kind.BAD
        await talk.good("SELECT INBOX")

    play(scenario)


def test_a_delete_that_fails_leaves_the_mailbox_open() -> None:
    async def scenario(talk: Talk, other: Talk) -> None:
        await talk.good("CREATE here")
        await talk.good("SELECT here")
        assert not (await talk("DELETE elsewhere")).ok
        assert not (await talk("DELETE INBOX")).ok
        await talk.good("UNSELECT")

    play(scenario)


def test_enabled_is_spelled_as_in_capability() -> None:
    async def scenario(talk: Talk, other: Talk) -> None:
        assert (await talk.good("ENABLE imap4REV2 condstore X-NO")).lines == [
            b"* ENABLED IMAP4rev2 CONDSTORE"
        ]
        assert (await talk.good("ENABLE IMAP4rev2")).lines == [b"* ENABLED"]

    play(scenario)


@pytest.mark.parametrize("line", [b"a+b NOOP", b'a"b NOOP', b"+ NOOP", b" NOOP"])
def test_what_only_begins_like_a_tag_is_none(line: bytes) -> None:
    """The BAD is untagged: the client would not know the tag (RFC 9051 section 7.1.3)."""
    with pytest.raises(BadCommand) as caught:
        read_command(frame_of(line + b"\r\n", SERVER), grammar())
    assert caught.value.tag is None
