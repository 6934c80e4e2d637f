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


RAW = {
    '"Deep \u00fc"': "modified UTF-7 here",
    '"Local/Deep \u00fc"': "ENABLE IMAP4rev2",
    "Deep&Jjo!": "& itself is written &-",
    "a&b": "& itself is written &-",
    "&AGE-": "& itself is written &-",
    '"a\tb"': "control characters",
    "{3+}\r\na\nb": "control characters",
}
"""Names that a session without UTF-8 cannot read, and what it is told of them."""


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize(
    "command", ["CREATE {}", "SELECT {}", "STATUS {} (MESSAGES)", "DELETE {}", "RENAME {} x", "RENAME INBOX {}",
                "SUBSCRIBE {}", "UNSUBSCRIBE {}", "APPEND {} {{4+}}\r\na: b"]
)  # fmt: skip
def test_a_name_that_cannot_be_read_says_what_the_session_reads(name: str, command: str) -> None:
    async def scenario(talk: Talk, other: Talk) -> None:
        answer = await talk(command.format(name))
        assert answer.status.kind is Kind.NO and RAW[name] in answer.status.text
        assert "\\udc" not in answer.status.text and "?" not in answer.status.text

    play(scenario)


def test_octets_that_are_no_text_at_all() -> None:
    async def scenario(talk: Talk, other: Talk) -> None:
        for _ in range(2):
            answer = await talk(b'CREATE "bad \xff"')
            assert answer.status.kind is Kind.NO and "neither modified UTF-7 nor UTF-8" in answer.status.text
            await talk.good("ENABLE IMAP4rev2")

    play(scenario)


def test_a_name_that_is_not_subscribed_can_be_unsubscribed() -> None:
    async def scenario(talk: Talk, other: Talk) -> None:
        for name in ("nowhere", "no/where", "INBOX", "INBOX", '"%s"' % ("x" * 255)):
            assert not (await talk.good(f"UNSUBSCRIBE {name}")).lines
        await other.good("SUBSCRIBE there")
        await talk.good("UNSUBSCRIBE there")
        assert (await other.good('LIST (SUBSCRIBED) "" there')).lines == []
        for name in ("a//b", '""', '"a*"'):
            answer = await talk(f"UNSUBSCRIBE {name}")
            assert answer.status.kind is Kind.NO and b"[CANNOT]" in answer.raw

    play(scenario)


@pytest.mark.parametrize("name", ['""', "a//b", "/a", "a/", '"a*b"', '"a%"', '" a"', '"%s"' % ("x" * 300)])
def test_mail_for_a_name_that_cannot_be_made_is_not_told_to_make_it(name: str) -> None:
    """TRYCREATE promises that CREATE will help (RFC 9051 section 7.1)."""

    async def scenario(talk: Talk, other: Talk) -> None:
        await talk.good("APPEND INBOX {4+}\r\na: b")
        await talk.good("SELECT INBOX")
        for command in (
            "COPY 1 {}",
            "UID COPY 1 {}",
            "MOVE 1 {}",
            "UID MOVE 1 {}",
            "APPEND {} {{4+}}\r\na: b",
        ):
            assert b"NO [CANNOT]" in (await talk(command.format(name))).raw
            assert b"NO [TRYCREATE]" in (await talk(command.format("missing"))).raw

    play(scenario)
