"""A keyword that the client has not heard of: FLAGS goes out before the first FETCH that uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from .talk import Room

MAIL = b"Subject: a\r\n\r\nb\r\n"


def run(check: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Room.open([MAIL, MAIL]) as room:
            await check(room)

    asyncio.run(main())


def places(lines: list[bytes]) -> tuple[int, int]:
    """Where the first FLAGS and the first FETCH with the keyword stand."""
    told = next(at for at, line in enumerate(lines) if line.startswith(b"* FLAGS (") and b"Work" in line)
    used = next(at for at, line in enumerate(lines) if b" FETCH (" in line and b"Work" in line)
    return told, used


@pytest.mark.parametrize(
    "command", ["STORE 1 +FLAGS (Work)", "UID STORE 1:* FLAGS (Work \\Seen)", "STORE 2 FLAGS Work"]
)
def test_of_ones_own(command: str) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        await talk.good("SELECT INBOX")
        lines = (await talk.good(command)).lines
        told, used = places(lines)
        assert told < used
        assert any(line.startswith(b"* OK [PERMANENTFLAGS (") and b"Work" in line for line in lines[:used])
        assert not [line for line in (await talk.good("NOOP")).lines if b"FLAGS (" in line], "it is told once"

    run(check)


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 1:* FLAGS",
        "FETCH 1 (FLAGS BODY.PEEK[])",
        "UID FETCH 1:* (UID FLAGS ENVELOPE)",
        "NOOP",
        "FETCH 1 (FLAGS BODY[])",
    ],
)
def test_of_another_session(command: str) -> None:
    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        for each in (talk, other):
            await each.good("SELECT INBOX")
        await other.good("STORE 1 +FLAGS (Work)")
        told, used = places((await talk.good(command)).lines)
        assert told < used

    run(check)
