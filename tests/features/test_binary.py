"""BINARY on real sessions (RFC 3516): parts without their transfer encoding, against the standard library's decoder."""

from __future__ import annotations

import asyncio
import base64
import quopri
from collections.abc import Awaitable, Callable

import pytest

from imapkit.protocol.status import Kind

from .talk import Room, Talk

OCTETS = bytes(range(256)) * 700
"""More than one read, and NUL in it."""
TEXT = "Grüße = schön\r\n".encode() * 20


def _part(encoding: bytes, body: bytes, kind: bytes = b"application/octet-stream") -> bytes:
    return b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body


BODIES = [
    (b"base64", base64.encodebytes(OCTETS).replace(b"\n", b"\r\n"), OCTETS),
    (b"quoted-printable", quopri.encodestring(TEXT.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"), TEXT),
    (b"8bit", TEXT, TEXT),
    (b"7bit", b"plain", b"plain"),
    (b"binary", OCTETS, OCTETS),
]
MESSAGE = (
    b"Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut-here\r\n\r\n"
    + b"".join(b"--cut-here\r\n" + _part(encoding, body) + b"\r\n" for encoding, body, _ in BODIES)
    + b"--cut-here--\r\n"
)
STRANGE = b"Subject: strange\r\n" + _part(b"x-unheard-of", b"abc")
SINGLE = b"Subject: single\r\n" + _part(b"base64", b"aGVsbG8=", b"text/plain")


def run(test: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Room.open((MESSAGE, STRANGE, SINGLE)) as room:
            await test(room)

    asyncio.run(asyncio.wait_for(main(), 30))


async def part(talk: Talk, seq: int, item: str) -> tuple[bytes | None, bytes]:
    answer = await talk.good(f"FETCH {seq} BINARY.PEEK{item}")
    (found,) = answer.fetched[0].binary
    return None if found.data is None else found.data.read(), answer.raw


def test_decoded_parts_and_their_sizes() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        for number, (_, _, wanted) in enumerate(BODIES, 1):
            data, raw = await part(talk, 1, f"[{number}]")
            assert data == wanted
            assert (b"~{" in raw) == (b"\0" in wanted), "a literal8 says that there is a NUL"
            size = await talk.good(f"FETCH 1 BINARY.SIZE[{number}]")
            assert size.fetched[0].binary_sizes == {(number,): len(wanted)}
        assert (await part(talk, 3, "[1]"))[0] == b"hello"
        assert (await part(talk, 1, "[9]"))[0] is None
        assert (await talk.good("FETCH 1 BINARY.SIZE[9]")).fetched[0].binary_sizes == {(9,): 0}

    run(check)


def test_partial_ranges_count_decoded_octets() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        for number, (_, _, wanted) in enumerate(BODIES, 1):
            for origin, length in ((0, 5), (3, 100), (len(wanted) - 1, 9), (len(wanted) + 1, 9)):
                data, raw = await part(talk, 1, f"[{number}]<{origin}.{length}>")
                assert data == wanted[origin : origin + length]
                assert b"BINARY[%d]<%d> " % (number, origin) in raw

    run(check)


def test_the_whole_message_is_itself() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        assert (await part(talk, 1, "[]"))[0] == MESSAGE
        assert (await part(talk, 3, "[]"))[0] == SINGLE

    run(check)


@pytest.mark.parametrize("item", ["BINARY[1]", "BINARY.PEEK[1]", "BINARY.SIZE[1]"])
def test_an_encoding_that_nobody_knows(item: str) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        answer = await talk(f"FETCH 2 {item}")
        assert answer.status.kind is Kind.NO and answer.status.code_name == "UNKNOWN-CTE"
        assert (await part(talk, 2, "[]"))[0] == STRANGE

    run(check)


@pytest.mark.parametrize(
    "items", ["BINARY.PEEK[1]", "BINARY.SIZE[1]", "(FLAGS BINARY.PEEK[1])", "(BINARY[1] UID)"]
)
def test_an_unknown_encoding_keeps_no_other_message_back(items: str) -> None:
    async def check(room: Room) -> None:
        await room.append([STRANGE, SINGLE] * 20)
        talk = await room.talk()
        answer = await talk(f"FETCH 1:* {items}")
        assert answer.status.kind is Kind.NO and answer.status.code_name == "UNKNOWN-CTE"
        told = [data.seq for data in answer.fetched if data.binary_sizes or data.binary]
        assert told == [1, 3, *range(5, 44, 2)]

    run(check)


def test_binary_marks_seen_and_peek_does_not() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        assert (await talk.good("FETCH 3 BINARY.PEEK[1]")).fetched[0].flags is None
        assert "\\Seen" in ((await talk.good("FETCH 3 BINARY[1]")).fetched[0].flags or ())

    run(check)
