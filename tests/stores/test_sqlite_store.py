"""The SQLite store's own promises: schema, permissions, the budget of open accounts, locks, checkpoints."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import apsw
import pytest

from imapkit.errors import StoreBroken, StoreTooNew, UsageError
from imapkit.ports.store import Column
from imapkit.stores.sqlite import SqliteStore, fsck, maintenance
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.locks import WriterLock

from ..store_conformance.mail import column, fill, message, octets, row


async def opened(data: Path) -> tuple[SqliteStore, SqliteAccount]:
    store = SqliteStore(data)
    await store.create_account("ann", [("INBOX", ()), ("Sent", ())])
    return store, await store.open_account("ann")


def test_a_newer_schema_is_refused_by_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, account = await opened(tmp_path)
        await account.release()
        await store.close()
        file = tmp_path / "accounts" / "ann" / "mail.db"
        db = apsw.Connection(str(file))
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        db.close()
        store = SqliteStore(tmp_path)
        with pytest.raises(StoreTooNew, match=r"mail\.db has schema 99.*up to \d"):
            await store.open_account("ann")
        await store.close()

    asyncio.run(scenario())


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, account = await opened(tmp_path)
        await account.release()
        await store.close()
        (tmp_path / "accounts" / "ann" / "mail.db").write_bytes(b"rubbish" * 5000)
        store = SqliteStore(tmp_path)
        with pytest.raises(StoreBroken):
            await store.open_account("ann")
        await store.close()

    asyncio.run(scenario())


def test_everything_is_its_owners_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, account = await opened(tmp_path / "data")
        await account.append(row(account, "INBOX").id, [message(octets(body="x" * 100_000))])
        paths = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
        assert len(paths) > 8
        for path in paths:
            assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) or path.is_socket(), path
        await account.release()
        await store.close()
        for name in ("..", "a/b", "", ".new-x", "x" * 65):
            with pytest.raises(UsageError):
                await store.create_account(name, [])

    asyncio.run(scenario())


def test_idle_accounts_are_closed_by_use(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(tmp_path, most_accounts=2)
        held = []
        for number in range(4):
            await store.create_account(f"a{number}", [("INBOX", ())])
            held.append(await store.open_account(f"a{number}"))
            await fill(held[-1], "INBOX", number + 1)
        assert not any(account.closed for account in held), "those in use stay"
        for account in held:
            await account.release()
        assert [account.closed for account in held] == [True, True, False, False]
        again = await store.open_account("a0")
        assert row(again, "INBOX").messages == 1 and again is not held[0]
        await again.release()
        await store.close()

    asyncio.run(scenario())


def test_idle_accounts_are_closed_by_their_columns(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(
            tmp_path, columns_budget=2000
        )  # the columns of a small mailbox take about a thousand octets
        for number in range(20):
            await store.create_account(f"a{number}", [("INBOX", ())])
        accounts = [await store.open_account(f"a{number}") for number in range(20)]
        for account in accounts:
            (await account.open("INBOX")).release()
            await fill(account, "INBOX", 1)
        for account in accounts:
            await account.release()
        closed = [account.closed for account in accounts]
        assert closed[0] and not closed[-1] and closed == sorted(closed, reverse=True)
        await store.close()

    asyncio.run(scenario())


def test_an_account_that_was_deleted_counts_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(tmp_path, columns_budget=200)
        for name in ("ann", "bob"):
            await store.create_account(name, [("INBOX", ())])
        for _ in range(20):
            ann = await store.open_account("ann")
            (await ann.open("INBOX")).release()
            await store.delete_account("ann")
            await ann.release()
            await store.create_account("ann", [("INBOX", ())])
        bob = await store.open_account("bob")
        (await bob.open("INBOX")).release()
        await bob.release()
        assert not bob.closed, "it alone is within the budget"
        await store.close()

    asyncio.run(scenario())


def test_columns_that_nobody_holds_go_when_there_are_too_many(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(tmp_path, columns_budget=1)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        await account.create("Other")
        await fill(account, "INBOX", 1)
        await fill(account, "Other", 1)
        mailbox, other = await account.open("INBOX"), await account.open("Other")
        assert await account.open("INBOX") is mailbox
        mailbox.release()
        other.release()
        assert list(account.open_mailboxes.values()) == [mailbox, other], (
            "the first is held, the other was used last"
        )
        mailbox.release()
        assert list(account.open_mailboxes.values()) == [mailbox]
        assert await account.open("INBOX") is mailbox
        mailbox.release()
        await account.release()
        await store.close()

    asyncio.run(scenario())


def test_the_wal_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints run beside the writers, and finish: the WAL does not grow for ever."""
    monkeypatch.setattr(maintenance, "PAGES", 100)
    pages: list[int] = []
    hook = maintenance.Maintenance.committed

    def committed(self: maintenance.Maintenance, db: apsw.Connection, name: str, count: int) -> int:
        pages.append(count)
        return hook(self, db, name, count)

    monkeypatch.setattr(maintenance.Maintenance, "committed", committed)

    async def scenario() -> None:
        store, account = await opened(tmp_path)
        for _ in range(5):
            for _ in range(30):
                await account.append(row(account, "INBOX").id, [message(octets(body="x" * 20_000))])
            await account.maintenance.idle()
            await fill(account, "INBOX", 1)
            assert pages[-1] < 200, "less than two checkpoints apart"
        await account.release()
        await store.close()

    asyncio.run(scenario())
    assert not (tmp_path / "accounts" / "ann" / "mail.db-wal").exists()


def test_same_octets_are_one_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, account = await opened(tmp_path)
        data = octets(body="x" * 100_000)
        await account.append(row(account, "INBOX").id, [message(data), message(data)])
        files = [path for path in (account.path.parent / "blobs").rglob("*") if path.is_file()]
        assert len(files) == 1 and files[0].read_bytes() == data
        mailbox = await account.open("INBOX")
        assert len(set(column(mailbox, Column.EMAILID).values())) == 2, "two arrivals"
        mailbox.release()
        files[0].unlink()
        assert any("is missing" in problem for problem in await fsck(account))
        await account.release()
        await store.close()

    asyncio.run(scenario())


def test_a_cancelled_wait_gives_the_lock_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        one, other = WriterLock(f"{tmp_path}/lock"), WriterLock(f"{tmp_path}/lock")
        await one.acquire()
        waiting = asyncio.create_task(other.acquire())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        one.release()
        await asyncio.wait_for(other.acquire(), 5)
        other.release()
        await asyncio.wait_for(one.acquire(), 5)
        one.release()
        one.close()
        other.close()

    asyncio.run(scenario())


def test_tasks_that_wait_go_before_another_process_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another ``WriterLock`` is as good as another process: it has a descriptor of its own."""

    async def order() -> list[str]:
        one, other = WriterLock(tmp_path / "lock"), WriterLock(tmp_path / "lock")
        found: list[str] = []

        async def write(lock: WriterLock, name: str) -> None:
            async with lock:
                found.append(name)

        await one.acquire()
        theirs = asyncio.create_task(write(other, "other"))
        await asyncio.sleep(0.05)
        mine = [asyncio.create_task(write(one, f"mine {number}")) for number in range(3)]
        await asyncio.sleep(0.05)
        mine[1].cancel()
        assert one.is_held and other.is_held
        one.release()
        await asyncio.wait_for(asyncio.gather(theirs, *mine, return_exceptions=True), 5)
        assert not one.is_held and not other.is_held
        one.close()
        other.close()
        return found

    monkeypatch.setattr("imapkit.stores.sqlite.locks.TURN", 60)
    assert asyncio.run(order()) == ["mine 0", "mine 2", "other"]
    monkeypatch.setattr("imapkit.stores.sqlite.locks.TURN", 0)
    assert sorted(asyncio.run(order())) == ["mine 0", "mine 2", "other"]


def test_what_was_left_to_a_task_that_is_cancelled_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imapkit.stores.sqlite.locks.TURN", 60)

    async def scenario() -> None:
        one, other = WriterLock(tmp_path / "lock"), WriterLock(tmp_path / "lock")
        await one.acquire()
        waiting = [asyncio.create_task(one.acquire()) for _ in range(2)]
        await asyncio.sleep(0)
        one.release()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert not one.is_held
        await asyncio.wait_for(other.acquire(), 5)
        other.release()
        await asyncio.wait_for(one.acquire(), 5)
        one.release()
        one.close()
        other.close()

    asyncio.run(scenario())


def test_a_cancelled_append_is_whole_or_absent(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, account = await opened(tmp_path)
        for pause in range(30):
            task = asyncio.create_task(fill(account, "INBOX", 2))
            for _ in range(pause % 6):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert row(account, "INBOX").messages % 2 == 0
        assert await fsck(account) == []
        before = row(account, "INBOX").uidnext
        assert await fill(account, "INBOX", 1) == [before]
        await account.release()
        await store.close()

    asyncio.run(scenario())


def test_numbers_go_on_after_a_reopening(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, account = await opened(tmp_path)
        await fill(account, "INBOX", 3, {"Work"})
        mailbox = await account.open("INBOX")
        await account.take_recent(mailbox)
        await account.expunge(mailbox, mailbox.everything())
        await account.delete("Sent")
        modseq, made = account.modseq, await account.create("x")
        mailbox.release()
        await account.release()
        await store.close()
        store = SqliteStore(tmp_path)
        account = await store.open_account("ann")
        assert account.modseq == modseq + 1 and len(list(account.trash())) == 3
        again = await account.create("Sent")
        assert again.id > made.id and again.uidvalidity > made.uidvalidity
        assert await fill(account, "INBOX", 1) == [4]
        assert row(account, "INBOX").recent == 1
        await account.release()
        await store.close()

    asyncio.run(scenario())
