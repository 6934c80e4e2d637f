"""NUL in messages: what comes in by which literal, and that it never leaves but in a literal8 (RFC 9051 section 4.3.1, RFC 3516)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from imapkit.ports.store import MailStore
from imapkit.protocol.status import Kind
from imapkit.stores.memory.store import MemoryStore
from imapkit.stores.sqlite import SqliteStore

from .talk import Room, Talk

EVERYWHERE = (
    b'From: "a\0b" <c\0d@e\0f>\r\nSubject: n\0m\r\nX\0Y: z\0\r\nMessage-ID: <\0@x>\r\nDate: \0\r\nContent-\0ID: <x\0y>\r\n'
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=c; x="\0"\r\n\r\npre\0\r\n'
    b'--c\r\nContent-Type: text/pl\0ain; name="f\0.txt"\r\nContent-ID: <\0>\r\nContent-Description: \0\r\n\r\nt\0t\r\n'
    b"--c\r\nContent-Type: message/rfc822\r\n\r\nSubject: i\0n\r\nFrom: \0\r\n\r\nin\0\r\n--c--\r\n"
)
LARGE = b"Subject: large\r\n\r\n" + b"x" * 300_000 + b"\0"
LONG_HEADER = b"Subject: s\0\r\n" + b"X-Long: \0" + b"y" * 70_000 + b"\0\r\n\r\nbody\r\n"
CLEAN = b"Subject: clean\r\n\r\n" + b"\x80y" * 40_000
MESSAGES = [EVERYWHERE, LARGE, CLEAN, LONG_HEADER]
OCTETS = bytes(range(256)) * 3


@pytest.fixture(params=["memory", "sqlite"])
def run(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[Callable[[Room], Awaitable[None]]], None]:
    def start(test: Callable[[Room], Awaitable[None]]) -> None:
        async def main() -> None:
            store: MailStore = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path)
            async with Room.open(MESSAGES, store) as room:
                await test(room)

        asyncio.run(asyncio.wait_for(main(), 60))

    return start


Run = Callable[[Callable[[Room], Awaitable[None]]], None]


def seen(octets: bytes) -> bytes:
    return octets.replace(b"\0", b"\x80")


async def bodies(talk: Talk, command: str) -> list[bytes | None]:
    answer = await talk.good(command)
    assert b"\0" not in answer.raw
    return [None if (data := one.sections[0].data) is None else data.read() for one in answer.fetched]


def test_each_octet_keeps_its_place(run: Run) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        for items in ("BODY.PEEK[]", "(BODY.PEEK[] FLAGS)", "(BODY.PEEK[] RFC822.SIZE BINARY.SIZE[1])"):
            for _ in range(2):  # what was found out about a file is remembered
                assert await bodies(talk, f"FETCH 1:* {items}") == [seen(one) for one in MESSAGES]
                for seq, message in enumerate(MESSAGES, 1):
                    assert await bodies(talk, f"FETCH {seq} {items}") == [seen(message)]

    run(check)


SECTIONS = {
    "HEADER": LONG_HEADER.removesuffix(b"body\r\n"),
    "HEADER.FIELDS (SUBJECT)": b"Subject: s\0\r\n\r\n",
    "HEADER.FIELDS (X-LONG)": b"X-Long: \0" + b"y" * 70_000 + b"\0\r\n\r\n",
    "HEADER.FIELDS.NOT (X-LONG)": b"Subject: s\0\r\n\r\n",
}


def test_sections_and_ranges(run: Run) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        for section, wanted in SECTIONS.items():
            for items in (f"BODY.PEEK[{section}]", f"(BODY.PEEK[{section}] BODY.PEEK[TEXT])"):
                assert (await bodies(talk, f"FETCH 4 {items}"))[0] == seen(wanted)
        for origin in (0, 100_000, 300_000):
            found = await bodies(talk, f"FETCH 2 BODY.PEEK[]<{origin}.250000>")
            assert found == [seen(LARGE[origin : origin + 250_000])]

    run(check)


def test_nothing_that_is_made_of_a_message_has_it(run: Run) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        items = "ENVELOPE BODYSTRUCTURE BODY BODY[1] BODY[1.MIME] BODY[2] BODY[2.HEADER] BODY[2.TEXT] RFC822.HEADER"
        for command in (
            f"FETCH 1:4 ({items})",
            "FETCH 1:4 ALL",
            "FETCH 1:4 FULL",
            "FETCH 1:4 (BODY[HEADER] BODY[TEXT])",
        ):
            assert b"\0" not in (await talk.good(command)).raw

    run(check)


def test_binary_gives_the_octets_themselves(run: Run) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        for seq, wanted in enumerate(MESSAGES, 1):
            answer = await talk.good(f"FETCH {seq} BINARY.PEEK[]")
            (found,) = answer.fetched[0].binary
            assert found.data is not None and found.data.read() == wanted
            assert b"~{" in answer.raw

    run(check)


@pytest.mark.parametrize(
    "command",
    [
        b"APPEND Sent {9+}\r\nA: b\r\n\r\n\0",
        b"APPEND Sent {9+}\r\nA: b\r\n\r\nx {9+}\r\nA: \0\r\n\r\nx",
        b"APPEND Sent ~{9+}\r\nA: b\r\n\r\n\0 {300009+}\r\nA: b\r\n\r\n" + b"x" * 300_000 + b"\0",
    ],
)
def test_a_plain_literal_is_refused(run: Run, command: bytes) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        answer = await talk(command)
        assert answer.status.kind is Kind.BAD and "literal8" in answer.status.text
        assert b"MESSAGES 0" in (await talk.good("STATUS Sent (MESSAGES)")).raw
        await talk.good(b"APPEND Sent {9+}\r\nA: b\r\n\r\nx")

    run(check)


def _leaf(octets: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    return before + b"Content-Transfer-Encoding:\r\n Binary\r\n" + after + b"\r\n" + octets


def _multipart(*parts: bytes) -> bytes:
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut-here\r\n\r\n"
    return head + b"".join([b"--cut-here\r\n" + part + b"\r\n" for part in parts]) + b"--cut-here--\r\n"


EMBEDDED = b"Content-Type: message/rfc822\r\n\r\n" + _multipart(_leaf(OCTETS, b"Content-ID: <a>\r\n"))
PLAIN = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nno such octet"


@pytest.mark.parametrize(
    ("message", "wanted", "same"),
    [
        (b"Subject: x\r\n" + _leaf(OCTETS, after=b"X: y\r\n"), {"1": OCTETS}, ()),
        (b"Subject: x\r\n" + _leaf(OCTETS * 400), {"1": OCTETS * 400}, ()),
        (_multipart(PLAIN, _leaf(OCTETS), _leaf(b"\0"), PLAIN), {"2": OCTETS, "3": b"\0"}, ("1", "4")),
        (_multipart(EMBEDDED, PLAIN), {"1.1": OCTETS}, ("2",)),
    ],
)
def test_binary_parts_become_base64(
    run: Run, message: bytes, wanted: dict[str, bytes], same: tuple[str, ...]
) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        await talk.good(b"APPEND Sent ~{%d+}\r\n%b" % (len(message), message))
        await talk.good("SELECT Sent")
        for path, octets in wanted.items():
            (body,) = await bodies(talk, f"FETCH 1 BODY.PEEK[{path}]")
            assert body is not None and base64.b64decode(body) == octets
            assert all(len(line) <= 76 for line in body.split(b"\r\n"))
            answer = await talk.good(f"FETCH 1 BINARY.PEEK[{path}]")
            (found,) = answer.fetched[0].binary
            assert found.data is not None and found.data.read() == octets
        for path in same:
            assert await bodies(talk, f"FETCH 1 BODY.PEEK[{path}]") == [b"no such octet"]
        structure = (await talk.good("FETCH 1 BODY")).raw.lower()
        assert structure.count(b'"base64"') == len(wanted) and structure.count(b'"binary"') == len(same)

    run(check)


def test_a_message_by_literal8_stays_as_it_is_where_nothing_has_to_change(run: Run) -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        message = _multipart(PLAIN, b"Content-Type: text/plain\r\n\r\nof no encoding \0")
        await talk.good(b"APPEND Sent ~{%d+}\r\n%b" % (len(message), message))
        await talk.good("SELECT Sent")
        (found,) = (await talk.good("FETCH 1 BINARY.PEEK[]")).fetched[0].binary
        assert found.data is not None and found.data.read() == message

    run(check)
