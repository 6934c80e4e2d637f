"""OLDNAME (RFC 9051 section 6.3.9.7): a client that spelled a mailbox in another way learns how it is spelled here, if it can read that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from imapkit.features.list_ import ListData
from imapkit.features.mailboxes import Rename
from imapkit.protocol.status import Kind
from tests.support.vectors import command_of

from .talk import Answer, Room, Talk

GIVEN, STORED = "Cafe\u0301", "Caf\u00e9"
REV2 = "ENABLE IMAP4rev2"
EXTENDED = 'LIST () "" INBOX'


def play(scenario: Callable[[Talk], Awaitable[None]], *first: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), Room.open() as room:
            talk = await room.talk(None)
            for command in first:
                await talk.good(command)
            talk.utf8 = REV2 in first
            await scenario(talk)

    asyncio.run(run())


def told(answer: Answer) -> list[tuple[str, str | None]]:
    return [(one.name, one.old_name) for one in answer.of(ListData)]


@pytest.mark.parametrize("first", [REV2, EXTENDED])
def test_every_command_that_takes_a_name_tells_its_spelling(first: str) -> None:
    utf8 = first == REV2

    def name(text: str) -> str:
        return f'"{text}"' if utf8 else text.replace("\u0301", "&AwE-")

    async def scenario(talk: Talk) -> None:
        answer = await talk.good(f"CREATE {name(GIVEN)}")
        assert told(answer) == [(STORED, GIVEN)]
        assert answer.of(ListData)[0].attributes == ("\\HasNoChildren",)
        for command in ("SELECT", "EXAMINE"):
            assert told(await talk.good(f"{command} {name(GIVEN)}")) == [(STORED, GIVEN)]
        await talk.good("UNSELECT")
        appended = await talk.good(f"APPEND {name(GIVEN)} {{4+}}\r\na: b")
        assert told(appended) == [(STORED, GIVEN)]
        assert told(await talk.good(f"RENAME {name(GIVEN)} plain")) == [("plain", GIVEN)]
        assert told(await talk.good(f"RENAME plain {name(GIVEN)}")) == [(STORED, "plain")]
        gone = await talk.good(f"DELETE {name(GIVEN)}")
        assert told(gone) == [(STORED, GIVEN)]
        assert gone.of(ListData)[0].attributes == ("\\NonExistent",)

    play(scenario, first)


def test_inbox_is_spelled_in_capitals() -> None:
    async def scenario(talk: Talk) -> None:
        answer = await talk.good("SELECT iNbOx")  # the example of RFC 9051 section 8
        assert b'* LIST (\\HasNoChildren) "/" "INBOX" ("OLDNAME" ("iNbOx"))\r\n' in answer.raw
        assert told(await talk.good("CREATE inbox/sub/")) == [("INBOX/sub", "inbox/sub")]
        assert told(await talk.good("RENAME INBOX old")) == []

    play(scenario, REV2)


def test_a_name_as_it_is_stored_is_told_without_an_old_one() -> None:
    async def scenario(talk: Talk) -> None:
        assert told(await talk.good("CREATE plain/")) == []
        assert told(await talk.good("SELECT plain")) == [("plain", None)]
        assert told(await talk.good("RENAME plain other/")) == []
        assert told(await talk.good("DELETE other")) == []

    play(scenario, REV2)


def test_who_cannot_read_it_sees_no_list_that_was_not_asked_for() -> None:
    async def scenario(talk: Talk) -> None:
        for command in (
            "CREATE Cafe&AwE-",
            "SELECT Cafe&AwE-",
            "APPEND Cafe&AwE- {4+}\r\na: b",
            "RENAME Cafe&AwE- inbox/x",
            "EXAMINE inbox/x",
            "DELETE inbox/x",
        ):
            assert told(await talk.good(command)) == []

    play(scenario, 'LIST "" "*"', 'LIST "" ""')


def test_what_fails_tells_nothing() -> None:
    async def scenario(talk: Talk) -> None:
        for command in ("SELECT", "EXAMINE", "CREATE", "DELETE"):
            name = "inbox" if command in ("CREATE", "DELETE") else "inbox/no"
            answer = await talk(f"{command} {name}")
            assert answer.status.kind is Kind.NO and told(answer) == []

    play(scenario, REV2)


@pytest.mark.parametrize(
    ("line", "given"),
    [
        (b"RENAME a b", None),
        (b"RENAME a inbox/b", "a"),
        (b"RENAME inbox/a b", "inbox/a"),
        (b"RENAME inbox/a inbox/b", "inbox/a"),
    ],
)
def test_rename_tells_the_old_name_when_either_is_spelled_otherwise(line: bytes, given: str | None) -> None:
    """RFC 9051 section 6.3.6."""
    command = command_of(line)
    assert isinstance(command, Rename) and command.given == given
