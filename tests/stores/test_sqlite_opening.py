"""A file that lies still is read as it is, and one that does not is opened; nobody can tell which it was but by the files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from imapkit.errors import StoreBroken, StoreTooNew
from imapkit.stores.sqlite import Disk, SqliteStore, fsck
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import fill, flags_of, row


def wal(data: Path) -> Path:
    return data / "accounts" / "ann" / "mail.db-wal"


async def made(data: Path, messages: int) -> SqliteStore:
    store = SqliteStore(data)
    await store.create_account("ann", [("INBOX", ()), ("Sent", ("\\Sent",))])
    if messages:
        account = await store.open_account("ann")
        await fill(account, "INBOX", messages)
        await account.subscribe("Sent")
        await account.release()
    return store


async def opened(store: SqliteStore) -> SqliteAccount:
    account = await store.open_account("ann")
    assert isinstance(account, SqliteAccount)
    return account


def seen(account: SqliteAccount) -> object:
    counters = (
        account.modseq,
        account.last_uidvalidity,
        account.next_mailbox,
        account.next_content,
        account.tick,
    )
    return account.token, counters, account.mailboxes(), account.subscriptions()


@pytest.mark.parametrize("messages", [0, 3, 300])
def test_both_ways_find_the_same(tmp_path: Path, messages: int) -> None:
    async def run() -> None:
        await (await made(tmp_path, messages)).close()
        here, there = SqliteStore(tmp_path), SqliteStore(tmp_path)
        still = await opened(here)
        assert not wal(tmp_path).exists(), "nobody needed a connection"
        mailbox = await still.open("INBOX")
        assert wal(tmp_path).exists() == (messages == 300), "a large INBOX is read when it is selected"
        # A writer of flags leaves a WAL behind for the next to open the account.
        await fill(still, "Sent", 1)
        assert wal(tmp_path).stat().st_size
        full = await opened(there)
        other = await full.open("INBOX")
        assert seen(full) == seen(still)
        assert flags_of(other) == flags_of(mailbox) and len(mailbox.uids()) == messages
        assert await fsck(full) == []
        for box, account in ((mailbox, still), (other, full)):
            box.release()
            await account.release()
        await here.close()
        await there.close()
        assert not wal(tmp_path).exists()

    asyncio.run(run())


def test_it_sees_what_others_write_after_its_first_look(tmp_path: Path) -> None:
    async def run() -> None:
        await (await made(tmp_path, 2)).close()
        here, there = SqliteStore(tmp_path), SqliteStore(tmp_path)
        mine, theirs = await opened(here), await opened(there)
        mailbox = await mine.open("INBOX")
        assert not wal(tmp_path).exists()
        assert await fill(theirs, "INBOX", 1) == [3]
        await mine.refresh()
        assert list(mailbox.uids()) == [1, 2, 3] and row(mine, "INBOX").messages == 3
        assert await fill(mine, "INBOX", 1) == [4]
        await theirs.refresh()
        assert row(theirs, "INBOX").messages == 4
        mailbox.release()
        await mine.release()
        await theirs.release()
        await here.close()
        await there.close()

    asyncio.run(run())


def test_a_look_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    """No octet is written, and it counts as closed cleanly still."""

    async def run() -> None:
        await (await made(tmp_path, 2)).close()
        file = tmp_path / "accounts" / "ann" / "mail.db"
        before = file.read_bytes(), file.stat().st_mtime_ns
        for _ in range(2):
            store = SqliteStore(tmp_path)
            account = await opened(store)
            (await account.open("INBOX")).release()
            await account.release()
            await store.close()
            assert (file.read_bytes(), file.stat().st_mtime_ns) == before

    asyncio.run(run())


class NextBoot(Disk):
    def boot_id(self) -> str:
        return "another boot"


def test_one_that_was_killed_is_not_read_as_it_lies(tmp_path: Path) -> None:
    """Its WAL was taken into the file, but not that it was closed: in the next boot its numbers are skipped ahead."""

    async def run() -> None:
        await (await made(tmp_path, 1)).close()
        file = tmp_path / "accounts" / "ann" / "mail.db"
        db = apsw.Connection(str(file))
        db.execute("UPDATE meta SET value = '0' WHERE key = 'clean'")
        db.close()
        assert not wal(tmp_path).exists()
        store = SqliteStore(tmp_path, disk=NextBoot())
        account = await opened(store)
        assert row(account, "INBOX").uidnext == 2 + (1 << 20)
        await account.release()
        await store.close()

    asyncio.run(run())


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        await (await made(tmp_path, 1)).close()
        db = apsw.Connection(str(tmp_path / "accounts" / "ann" / "mail.db"))
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        db.close()
        store = SqliteStore(tmp_path)
        with pytest.raises(StoreTooNew, match="schema 99"):
            await store.open_account("ann")
        await store.close()

    asyncio.run(run())


def test_an_account_without_its_file_is_no_empty_account(tmp_path: Path) -> None:
    async def run() -> None:
        await (await made(tmp_path, 1)).close()
        file = tmp_path / "accounts" / "ann" / "mail.db"
        file.rename(tmp_path / "taken")
        store = SqliteStore(tmp_path)
        with pytest.raises(StoreBroken):
            await store.open_account("ann")
        assert not file.exists()
        (tmp_path / "taken").rename(file)
        account = await opened(store)
        assert row(account, "INBOX").messages == 1
        await account.release()
        await store.close()

    asyncio.run(run())


def test_a_path_with_signs_that_mean_something_in_a_uri(tmp_path: Path) -> None:
    async def run() -> None:
        data = tmp_path / "a?b#c%41 ü"
        await (await made(data, 1)).close()
        store = SqliteStore(data)
        account = await opened(store)
        assert row(account, "INBOX").messages == 1
        assert not wal(data).exists()
        await account.release()
        await store.close()

    asyncio.run(run())
