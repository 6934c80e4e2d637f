"""Whatever octets stand in a command, it is answered by a word of the grammar and never by a fault of the server."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imapkit.protocol.response import BrokenResponse
from imapkit.protocol.status import Kind, Status
from imapkit.stores.memory import MemoryStore
from imapkit.stores.sqlite import SqliteStore
from tests.features.talk import Room, Talk

from .odd_octets import MAIL, command_lines

MODES: Final = (
    "NOOP",
    "ENABLE IMAP4rev2",
    "ENABLE UTF8=ACCEPT",
    "ENABLE QRESYNC",
    "ENABLE CONDSTORE IMAP4rev2",
)


class _Faults(logging.Handler):
    """Keeps what the server says of its own faults, those with no command to answer among them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(str(record.msg))


@contextmanager
def _faults() -> Iterator[list[str]]:
    handler = _Faults()
    logger = logging.getLogger("imapkit")
    logger.addHandler(handler)
    try:
        yield handler.seen
    finally:
        logger.removeHandler(handler)


@asynccontextmanager
async def _room(kind: str) -> AsyncIterator[Room]:
    with tempfile.TemporaryDirectory() as path:
        store = MemoryStore() if kind == "memory" else SqliteStore(Path(path) / "data")
        async with Room.open(MAIL, store) as room:
            yield room


async def _send(talk: Talk, line: bytes, number: int) -> bool:
    """Send one line and read all that comes of it; False when the server said BYE."""
    # What an open literal takes, and what ends IDLE
    await talk.send_octets(b"A SELECT INBOX\r\nB " + line + b"\r\n" * 40 + b"DONE\r\nZ%d NOOP\r\n" % number)
    while True:
        response, octets = await talk.response()
        assert b"SERVERBUG" not in octets, line
        assert not isinstance(response, BrokenResponse), (line, octets)
        if isinstance(response, Status):
            if response.kind is Kind.BYE:
                return False
            if response.tag == f"Z{number}":
                return True


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@settings(max_examples=8)
@given(mode=st.sampled_from(MODES), lines=st.lists(command_lines(), min_size=5, max_size=30))
@example(
    mode="NOOP",
    lines=[b"FETCH 1:* BODY.PEEK[HEADER.FIELDS ({3+}\r\na\0b)]", b'SEARCH HEADER "\xed\xa0\x80" ""'],
)
def test_no_command_line_is_a_fault_of_the_server(kind: str, mode: str, lines: list[bytes]) -> None:
    async def play() -> None:
        async with _room(kind) as room:
            talk = await room.talk(mode)
            for number, line in enumerate(lines):
                if not await _send(talk, line, number):
                    talk = await room.talk(mode)

    with _faults() as faults:
        asyncio.run(play())
    assert faults == []
