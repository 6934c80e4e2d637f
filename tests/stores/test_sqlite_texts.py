"""Search texts: made behind arrivals, or when first asked for; stored once; made anew when their version is another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from imapkit.message.part import Part
from imapkit.message.text import search_text
from imapkit.ports.store import Mailbox
from imapkit.query.index import TextColumn
from imapkit.stores.sqlite import SqliteStore, contents, maintenance, vacuum
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import fill, message, octets, row


def play(data: Path, scenario: Callable[[SqliteAccount, Mailbox], Awaitable[None]]) -> None:
    async def run() -> None:
        store = SqliteStore(data)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        mailbox = await account.open("INBOX")
        await scenario(account, mailbox)
        mailbox.release()
        await account.release()
        await store.close()

    asyncio.run(run())


def stored(account: SqliteAccount) -> int:
    return int(str(account.db.execute("SELECT count(*) FROM text").fetchall()[0][0]))


def bodies(mailbox: Mailbox) -> list[str]:
    chunks = mailbox.search().texts(TextColumn.BODY, mailbox.everything())
    return [text for chunk in chunks for _, text in chunk]


def test_texts_are_made_behind_arrivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "TEXTS_AFTER", 0.01)

    async def scenario(account: SqliteAccount, mailbox: Mailbox) -> None:
        await fill(account, "INBOX", 100)
        await account.maintenance.idle()
        assert stored(account) == 100
        monkeypatch.setattr(contents, "search_text", lambda data, root: "made again")
        assert bodies(mailbox) == ["TEXT\r\n"] * 100
        monkeypatch.setattr(contents, "TEXT_VERSION", contents.TEXT_VERSION + 1)
        assert bodies(mailbox) == ["made again"] * 100
        await account.maintenance.idle()
        monkeypatch.setattr(contents, "search_text", lambda data, root: "and again")
        assert bodies(mailbox)[:64] == ["made again"] * 64

    play(tmp_path, scenario)


def test_closing_does_not_wait_for_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "TEXTS_AFTER", 3600)

    async def scenario(account: SqliteAccount, mailbox: Mailbox) -> None:
        await fill(account, "INBOX", 3)
        assert stored(account) == 0 and bodies(mailbox) == ["TEXT\r\n"] * 3

    play(tmp_path, scenario)


def test_texts_of_large_messages_are_made_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "TEXTS_AFTER", 0.01)

    async def scenario(account: SqliteAccount, mailbox: Mailbox) -> None:
        made_in: list[str] = []

        def watched(data: bytes, root: Part) -> str:
            made_in.append(threading.current_thread().name)
            return search_text(data, root)

        monkeypatch.setattr(contents, "search_text", watched)
        data = octets(body="needle " + "x" * 100_000)
        await account.append(row(account, "INBOX").id, [message(data)])
        await account.maintenance.idle()
        assert stored(account) == 1
        assert bodies(mailbox)[0].startswith("NEEDLE XXX")
        assert len(made_in) == 1 and made_in[0].startswith("imapkit-store")

    play(tmp_path, scenario)


def test_a_message_that_cannot_be_read_keeps_no_other_from_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(maintenance, "TEXTS_AFTER", 0.05)

    async def scenario(account: SqliteAccount, mailbox: Mailbox) -> None:
        await fill(account, "INBOX", 2)
        await account.append(row(account, "INBOX").id, [message(octets(body="x" * 100_000))])
        await fill(account, "INBOX", 2)
        (file,) = account.blobs.files()
        file.unlink()
        await account.maintenance.idle()
        assert stored(account) == 4
        assert "no text of content 3" in caplog.text

    play(tmp_path, scenario)


def test_the_text_of_a_message_that_is_gone_is_not_stored(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount, mailbox: Mailbox) -> None:
        await fill(account, "INBOX", 2)
        assert len(bodies(mailbox)) == 2
        await account.expunge(mailbox, mailbox.by_uid([(1, 1)]))
        await vacuum(account, 1 << 40)
        await account.store_texts()
        assert stored(account) == 1

    play(tmp_path, scenario)
