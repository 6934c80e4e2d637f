"""An account that nobody uses holds no connection and few descriptors, and nobody can tell but by the memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from imapkit.errors import StoreError
from imapkit.ports.store import Column, FlagAction
from imapkit.stores.sqlite import SqliteStore, store
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.locks import WriterLock
from imapkit.stores.sqlite.schema import read_meta

from ..store_conformance.mail import fill, row


def with_account(tmp_path: Path, test: Callable[[SqliteStore, SqliteAccount], Awaitable[None]]) -> None:
    async def main() -> None:
        here = SqliteStore(tmp_path)
        await here.create_account("ann", [("INBOX", ())])
        account = await here.open_account("ann")
        async with asyncio.timeout(30):
            await test(here, account)
        await account.release()
        await here.close()

    asyncio.run(main())


def put_to_rest(account: SqliteAccount) -> None:
    assert account.rest() or account.rest()  # the first look only learns that it was used before


def descriptors() -> list[str]:
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return [os.readlink(link) for link in links if os.path.lexists(link)]


async def quiet(account: SqliteAccount) -> None:
    await account.maintenance.idle()
    await account.sync.barrier()


def test_one_that_rests_is_as_before_when_it_is_used_again(tmp_path: Path) -> None:
    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        mailbox = await account.open("INBOX")
        assert await fill(account, "INBOX", 3) == [1, 2, 3]
        before = list(mailbox.rows(mailbox.everything(), (Column.UID, Column.SIZE)))
        await quiet(account)
        put_to_rest(account)
        assert not [name for name in descriptors() if "mail.db" in name and str(tmp_path) in name]
        assert await fill(account, "INBOX", 2) == [4, 5]
        await account.store(mailbox, mailbox.by_uid([(2, 2)]), FlagAction.ADD, frozenset({"\\Seen"}))
        assert row(account, "INBOX").unseen == 4
        assert list(mailbox.rows(mailbox.by_uid([(1, 3)]), (Column.UID, Column.SIZE))) == before
        await quiet(account)
        put_to_rest(account)
        assert account.body(1).read(0, 4)
        mailbox.release()

    with_account(tmp_path, test)


def test_it_does_not_rest_while_something_is_to_be_done(tmp_path: Path) -> None:
    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        mailbox = await account.open("INBOX")
        await fill(account, "INBOX", 1)
        await quiet(account)
        assert not account.rest(), "it was used"
        async with account.lock:
            assert not account.rest()
        await account.store(mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"\\Seen"}))
        account.rest()
        assert not account.rest(), "flags wait for their sync"
        await quiet(account)
        put_to_rest(account)
        mailbox.release()

    with_account(tmp_path, test)


def test_it_sees_what_others_did_who_were_the_last_to_close_the_file(tmp_path: Path) -> None:
    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        await fill(account, "INBOX", 1)
        await quiet(account)
        put_to_rest(account)
        there = SqliteStore(tmp_path)
        theirs = await there.open_account("ann")
        assert await fill(theirs, "INBOX", 2) == [2, 3]
        await theirs.release()
        await there.close()  # takes the WAL with it, as the last connection
        await account.refresh()
        assert row(account, "INBOX").messages == 3
        assert await fill(account, "INBOX", 1) == [4]
        wal = os.stat(f"{account.path}-wal").st_ino
        synced = [name for name in descriptors() if name == f"{account.path}-wal"]
        assert synced and all(os.stat(name).st_ino == wal for name in synced), (
            "it syncs the file that is there"
        )

    with_account(tmp_path, test)


def test_the_store_puts_to_rest_who_is_not_used_between_two_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SWEEP", 0.02)
    monkeypatch.setattr(store, "TRIM_AFTER", 1)

    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        for _ in range(200):
            if not any("mail.db" in name and str(tmp_path) in name for name in descriptors()):
                break
            await asyncio.sleep(0.02)
        else:
            pytest.fail("it holds its file still")
        assert await fill(account, "INBOX", 1) == [1]

    with_account(tmp_path, test)


def test_one_that_rests_is_closed_cleanly(tmp_path: Path) -> None:
    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        await fill(account, "INBOX", 1)
        await quiet(account)
        put_to_rest(account)

    with_account(tmp_path, test)
    db = apsw.Connection(str(tmp_path / "accounts" / "ann" / "mail.db"))
    assert read_meta(db, "clean") == "1"
    db.close()


def test_one_that_is_closed_does_not_come_back(tmp_path: Path) -> None:
    async def main() -> None:
        here = SqliteStore(tmp_path)
        await here.create_account("ann", [("INBOX", ())])
        account = await here.open_account("ann")
        await account.release()
        await here.close()
        with pytest.raises(StoreError, match="closed"):
            account.has_contents([1])

    asyncio.run(main())


def test_one_that_was_only_looked_at_rests_with_one_descriptor(tmp_path: Path) -> None:
    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        (await account.open("INBOX")).release()
        for _ in range(100):
            await account.refresh()
        account.rest()
        account.rest()
        assert [name for name in descriptors() if str(account.path.parent) in name] == [
            f"{account.path.parent}/open.lock"
        ]
        assert await fill(account, "INBOX", 1) == [1]

    with_account(tmp_path, test)


def test_a_lock_that_is_closed_is_not_opened_again(tmp_path: Path) -> None:
    async def main() -> None:
        lock = WriterLock(f"{tmp_path}/lock")
        async with lock:
            assert lock.is_held
        lock.close()
        for _ in range(2):  # and nobody waits for ever
            with pytest.raises(StoreError, match="closed"):
                await lock.acquire()
        assert not [name for name in descriptors() if name == f"{tmp_path}/lock"]

    asyncio.run(main())


def test_accounts_that_are_opened_and_closed_at_once(tmp_path: Path) -> None:
    """Each is there once, whoever asks while it is closed, and nothing of the order of their opening stays."""

    async def main() -> None:
        here = SqliteStore(tmp_path, most_accounts=1)
        for name in ("ann", "bob"):
            await here.create_account(name, [("INBOX", ())])

        async def visit(name: str) -> None:
            for _ in range(20):
                account = await here.open_account(name)
                assert not account.closed and await fill(account, "INBOX", 1)
                await account.release()

        await asyncio.gather(*(visit(name) for name in ("ann", "bob", "ann", "bob")))
        assert not here._doors
        for name in ("ann", "bob"):
            account = await here.open_account(name)
            assert row(account, "INBOX").messages == 40
            await account.release()
        await here.close()

    asyncio.run(main())


def test_one_that_rests_and_is_removed_by_another_process(tmp_path: Path) -> None:
    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        await fill(account, "INBOX", 1)
        await quiet(account)
        put_to_rest(account)
        there = SqliteStore(tmp_path)
        await there.delete_account("ann")
        await there.close()
        with pytest.raises(StoreError):
            await fill(account, "INBOX", 1)

    with_account(tmp_path, test)  # it can be closed still
    assert not (tmp_path / "accounts" / "ann").exists()
