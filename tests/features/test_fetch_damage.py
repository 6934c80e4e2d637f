"""One damaged message costs one message: the responses of all others come, and then the NO."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from imapkit.protocol.status import Kind
from imapkit.stores.sqlite import SqliteStore

from .talk import Room

LARGE = 600_000
"""Octets of a message that lies in a file of its own."""


def mail(number: int) -> bytes:
    body = b"x" * (LARGE if number in (3, 7) else 200)
    return b"Subject: number %d\r\n\r\n%s\r\n" % (number, body)


@pytest.mark.parametrize(
    "items",
    [
        "BODY.PEEK[]",
        "(UID BODY.PEEK[TEXT])",
        "(FLAGS BODY.PEEK[TEXT] BODY.PEEK[1])",
        "BINARY.PEEK[1]",
        "(UID BODY.PEEK[]<599000.4000>)",
    ],
)
def test_the_others_come(tmp_path: Path, items: str) -> None:
    async def main() -> None:
        async with Room.open([mail(number) for number in range(1, 11)], SqliteStore(tmp_path)) as room:
            talk = await room.talk()
            files = [path for path in (tmp_path / "accounts").rglob("blobs/??/*") if path.is_file()]
            assert len(files) == 2
            (lost,) = [path for path in files if path.read_bytes().startswith(mail(3)[:20])]
            lost.unlink()
            answer = await talk(f"FETCH 1:* {items}")
            assert [found.seq for found in answer.fetched] == [1, 2, 4, 5, 6, 7, 8, 9, 10]
            assert (answer.status.kind, answer.status.code_name) == (Kind.NO, "UNAVAILABLE")
            alone = await talk(f"FETCH 3 {items}")
            assert not alone.fetched and alone.status.code_name == "UNAVAILABLE"
            assert len((await talk.good("FETCH 1:* (FLAGS ENVELOPE RFC822.SIZE)")).fetched) == 10
            assert (await talk.good(f"FETCH 7 {items}")).fetched

    asyncio.run(main())
