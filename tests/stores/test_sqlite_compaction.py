"""Compaction by several processes: one at a time, and whoever was overtaken leaves the log alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from imapkit.errors import MailboxMissing, StoreBroken
from imapkit.ports.store import FlagAction
from imapkit.stores.sqlite import Disk, SqliteAccount, SqliteStore, compaction, fsck
from imapkit.stores.sqlite.locks import alone
from imapkit.stores.sqlite.snapshot import manifest_modseqs

from ..store_conformance.mail import check_counts, fill, flags_of, row

Two = Callable[[SqliteAccount, SqliteAccount], Awaitable[None]]
SEGMENTS = "SELECT count(*) FROM segment"


class Between(Disk):
    """Calls what it was given between two transactions of upkeep, once, after so many of these points."""

    def __init__(self) -> None:
        self.left = -1
        self.act: Callable[[], None] = lambda: None

    def at(self, point: int, act: Callable[[], None]) -> None:
        self.left, self.act = point, act

    def reached(self, point: str) -> None:
        if point == "upkeep":
            self.left -= 1
            if self.left == 0:
                self.act()


def with_two(data: Path, scenario: Two, disk: Disk | None = None) -> None:
    """One account, opened by two stores as by two processes; INBOX has two snapshots, and changes above them."""

    async def run() -> None:
        stores = [SqliteStore(data, disk=disk), SqliteStore(data)]
        await stores[0].create_account("ann", [("INBOX", ()), ("Sent", ())])
        one, other = [await store.open_account("ann") for store in stores]
        await fill(one, "INBOX", 25, {"a"})
        mailbox = await one.open("INBOX")
        for flag in "bc":
            assert await compaction.compact(one, 1)
            await one.store(mailbox, mailbox.by_uid([(3, 4)]), FlagAction.ADD, frozenset({flag}))
        mailbox.release()
        await fill(other, "Sent", 1)
        await scenario(one, other)
        for account in (one, other):
            await account.refresh()
            await check_counts(account)
            assert await fsck(account) == []
            await account.release()
        for store in stores:
            await store.close()

    asyncio.run(run())


def log_of(account: SqliteAccount) -> int:
    query = "SELECT count(*) FROM log WHERE mailbox = 1"
    found = account.db.execute(query).fetchall()[0][0]
    assert isinstance(found, int)
    return found


async def is_all_there(account: SqliteAccount) -> None:
    """As read from the file."""
    await account.refresh()
    account.open_mailboxes.clear()
    mailbox = await account.open("INBOX")
    flags = flags_of(mailbox)
    assert list(flags) == list(range(1, 26))
    assert (flags[1], flags[3]) == ({"a"}, {"a", "b", "c"})
    mailbox.release()


def test_one_at_a_time(tmp_path: Path) -> None:
    async def scenario(one: SqliteAccount, other: SqliteAccount) -> None:
        before = manifest_modseqs(one.db, 1)
        with alone(one.path.parent / compaction.UPKEEP_LOCK) as is_ours:
            assert is_ours
            assert not await compaction.compact(other, 1)
        assert manifest_modseqs(one.db, 1) == before
        assert await compaction.compact(other, 1)
        assert manifest_modseqs(one.db, 1) == [one.states[1].modseq, before[0]]

    with_two(tmp_path, scenario)


# As many points as a compaction of one segment has.
@pytest.mark.parametrize("point", range(1, 7))
def test_a_compaction_that_was_overtaken_leaves_the_log(
    tmp_path: Path, point: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Between()

    async def scenario(one: SqliteAccount, other: SqliteAccount) -> None:
        # As a process does that knows of no lock.
        monkeypatch.setattr(compaction, "UPKEEP_LOCK", "upkeep-1.lock")
        log = 0

        def overtake() -> None:
            nonlocal log
            monkeypatch.setattr(compaction, "UPKEEP_LOCK", "upkeep-2.lock")
            work = compaction.compact(other, 1)
            with pytest.raises(StopIteration) as done:
                while True:
                    assert work.send(None) is None, "it waits for nobody"
            assert done.value.value
            log = log_of(other)

        disk.at(point, overtake)
        assert await compaction.compact(one, 1)
        assert disk.left <= 0, "the point was reached"
        await is_all_there(one)
        await is_all_there(other)
        assert log_of(one) == log
        assert "was given up" in caplog.text
        mailbox = await one.open("INBOX")
        await one.store(mailbox, mailbox.by_uid([(5, 5)]), FlagAction.ADD, frozenset({"d"}))
        mailbox.release()
        assert await compaction.compact(one, 1)
        assert one.db.execute(SEGMENTS).fetchall() == [(4,)], "what was given up goes with the next"

    with_two(tmp_path, scenario, disk)


@pytest.mark.parametrize("point", [1, 3, 5])
def test_a_mailbox_that_goes_meanwhile_leaves_nothing(tmp_path: Path, point: int) -> None:
    disk = Between()

    async def scenario(one: SqliteAccount, other: SqliteAccount) -> None:
        number = (await other.create("gone")).id
        await fill(other, "gone", 3)
        await one.refresh()
        assert await compaction.compact(one, number)
        await fill(other, "gone", 3)
        await one.refresh()
        loop = asyncio.get_running_loop()
        deleted: list[asyncio.Task[None]] = []
        disk.at(point, lambda: deleted.append(loop.create_task(other.delete("gone"))))
        with pytest.raises(MailboxMissing):
            await compaction.compact(one, number)
        await deleted[0]
        for table in ("segment", "snapshot"):
            assert one.db.execute(f"SELECT 1 FROM {table} WHERE mailbox = ?", (number,)).fetchall() == []

    with_two(tmp_path, scenario, disk)


def test_a_snapshot_that_is_not_what_the_counts_say_is_not_used(tmp_path: Path) -> None:
    async def scenario(one: SqliteAccount, other: SqliteAccount) -> None:
        before, log = manifest_modseqs(one.db, 1), log_of(one)
        with one.db:
            one.db.execute("UPDATE mailbox SET messages = messages + 1 WHERE id = 1")
        with pytest.raises(StoreBroken, match="counts are"):
            await compaction.compact(one, 1)
        assert (manifest_modseqs(one.db, 1), log_of(one)) == (before, log)
        with one.db:
            one.db.execute("UPDATE mailbox SET messages = messages - 1 WHERE id = 1")

    with_two(tmp_path, scenario)


def test_a_session_far_behind_is_told_all_however_the_log_was_cut(tmp_path: Path) -> None:
    """The floor that another process raised since is the one that counts, not that in memory."""

    async def scenario(one: SqliteAccount, other: SqliteAccount) -> None:
        mailbox = await one.open("INBOX")
        since = one.modseq
        await one.store(mailbox, mailbox.by_uid([(9, 9)]), FlagAction.ADD, frozenset({"late"}))
        mailbox.replace_columns(mailbox.columns)  # nothing is left in memory of the entries
        for flag in "xyz":
            theirs = await other.open("INBOX")
            await other.store(theirs, theirs.by_uid([(1, 1)]), FlagAction.ADD, frozenset({flag}))
            theirs.release()
            assert await compaction.compact(other, 1)
        assert list(mailbox.changes(since).changed) == [9]
        mailbox.release()

    with_two(tmp_path, scenario)


def test_tombstones_that_were_forgotten_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "TOMBSTONES", 0)

    async def scenario(one: SqliteAccount, other: SqliteAccount) -> None:
        mailbox = await one.open("INBOX")
        await one.expunge(mailbox, mailbox.by_uid([(7, 8)]))
        since = one.modseq
        await one.expunge(mailbox, mailbox.by_uid([(9, 9)]))
        mailbox.replace_columns(mailbox.columns)
        for _ in range(3):
            await fill(other, "INBOX", 1)
            assert await compaction.compact(other, 1)
        assert mailbox.vanished(since) is None
        assert mailbox.changes(since).expunged == [(7, 9)]
        mailbox.release()

    with_two(tmp_path, scenario)


def test_a_compaction_that_fails_is_not_tried_at_every_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def fails(account: object, mailbox_id: int) -> bool:
        tried.append(mailbox_id)
        raise StoreBroken("no")

    monkeypatch.setattr("imapkit.stores.sqlite.maintenance.compact", fails)
    monkeypatch.setattr("imapkit.stores.sqlite.maintenance.LEAST_LOG", 4000)

    async def scenario(one: SqliteAccount, other: SqliteAccount) -> None:
        while one.states[1].log_size < 20_000:
            await fill(one, "INBOX", 5)
            await asyncio.sleep(0)
        assert 2 <= len(tried) <= 3

    async def run() -> None:
        store = SqliteStore(tmp_path)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        await scenario(account, account)
        assert row(account, "INBOX").messages
        await account.release()
        await store.close()

    asyncio.run(run())
