"""What SEARCH BODY and TEXT look into: parts, reports, embedded messages, and their headers (RFC 9051 section 6.4.4)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from imapkit.ports.store import MailStore
from imapkit.stores.memory import MemoryStore
from imapkit.stores.sqlite import SqliteAccount, SqliteStore, search_index

from .talk import Room

INNER = (
    "From: inner@example.org\r\nSubject: enclosed subject\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain\r\n\r\nenclosed words\r\n"
)
MAIL = (
    "From: bob@example.org\r\nSubject: outer subject\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "preamble\r\n--b\r\nContent-Type: text/plain\r\nContent-Description: a short note\r\n\r\nplain words\r\n"
    '--b\r\nContent-Type: application/pdf; name="=?utf-8?q?Gr=C3=BC=C3=9Fe=2Epdf?="\r\nContent-ID: <cid-of-the-file@x>\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n"
    "--b\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; filename*0*=utf-8''Stra%C3%9F; filename*1=\"enbahn.zip\"\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n"
    f"--b\r\nContent-Type: message/rfc822\r\n\r\n{INNER}"
    "--b--\r\n"
).encode()
REPORT = (
    b"From: mailer@example.org\r\nSubject: bounced\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\n\r\nIt did not arrive.\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; lost@example.org\r\n"
    b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nTo: headers@example.org\r\n"
    b"--b--\r\n"
)
NOTICE = (
    b"From: x@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: message/disposition-notification\r\n\r\nOriginal-Recipient: rfc822; read@example.org\r\n--b--\r\n"
)
SINGLE = (
    b"From: x@example.org\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf\r\n"
    b"Content-Disposition: attachment; filename*=utf-8''%C3%9Cbung.pdf\r\n\r\nx\r\n"
)
MESSAGES = [MAIL, REPORT, NOTICE, SINGLE]
# needle: (found by BODY, found by TEXT)
EXPECTED = {
    "plain words": ([1], [1]),
    "enclosed words": ([1], [1]),
    "enclosed subject": ([], [1]),
    "inner@example.org": ([], [1]),
    "outer subject": ([], [1]),
    "a short note": ([], [1]),
    "cid-of-the-file": ([], [1]),
    "grüße.pdf": ([], [1]),
    "straßenbahn.zip": ([], [1]),
    "übung.pdf": ([], [4]),
    "lost@example.org": ([2], [2]),
    "headers@example.org": ([2], [2]),
    "read@example.org": ([3], [3]),
    "application/zip": ([], [1]),
    "nowhere": ([], []),
    "words\r\ncontent": ([], []),
}


def lines(found: list[int]) -> list[bytes]:
    return [b" ".join([b"* SEARCH", *(b"%d" % number for number in found)])]


async def check(room: Room) -> None:
    talk = await room.talk()
    for needle, (body, text) in EXPECTED.items():
        octets = needle.encode()
        literal = b"{%d+}\r\n%b" % (len(octets), octets)
        assert (await talk.good(b"SEARCH CHARSET UTF-8 BODY " + literal)).lines == lines(body), needle
        assert (await talk.good(b"SEARCH CHARSET UTF-8 TEXT " + literal)).lines == lines(text), needle


@pytest.mark.parametrize("kind", ["memory", "sqlite", "indexed"])
def test_body_and_text(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        store: MailStore = MemoryStore() if kind == "memory" else SqliteStore(tmp_path)
        async with Room.open(MESSAGES, store) as room:
            if kind == "indexed":
                monkeypatch.setattr(search_index, "LAG", 0)
                monkeypatch.setattr(search_index, "LAG_OCTETS", 0)
                assert isinstance(room.account, SqliteAccount)
                assert await room.account.index.rebuild() == len(MESSAGES)
            await check(room)
            await check(room)

    asyncio.run(main())


def test_a_text_that_was_made_by_an_older_version_is_made_anew(tmp_path: Path) -> None:
    async def main() -> None:
        async with Room.open(MESSAGES, SqliteStore(tmp_path)) as room:
            await check(room)
            assert isinstance(room.account, SqliteAccount)
            await room.account.store_texts()
            room.account.db.execute("UPDATE text SET version = version - 65536, data = x''")
            await check(room)

    asyncio.run(main())
