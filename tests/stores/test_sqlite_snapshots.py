"""Snapshots: written when the log grows, left aside when damaged, never in the way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from imapkit.errors import StoreBroken
from imapkit.ports.store import FlagAction
from imapkit.stores.sqlite import SqliteStore, compaction, fsck
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.snapshot import manifest_modseqs

from ..store_conformance.mail import check_counts, fill, flags_of, row


def with_account(data: Path, scenario: Callable[[SqliteAccount], Awaitable[None]]) -> None:
    async def run() -> None:
        store = SqliteStore(data)
        if not (data / "accounts" / "ann").exists():
            await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        await scenario(account)
        await account.release()
        await store.close()

    asyncio.run(run())


@pytest.fixture
def two_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account whose INBOX has two snapshots of several segments and a log above them."""
    monkeypatch.setattr(compaction, "MESSAGES", 10)

    async def scenario(account: SqliteAccount) -> None:
        inbox = row(account, "INBOX").id
        mailbox = await account.open("INBOX")
        await fill(account, "INBOX", 25, {"a"})
        await compaction.compact(account, inbox)
        await account.store(mailbox, mailbox.by_uid([(3, 4)]), FlagAction.ADD, frozenset({"b"}))
        await account.expunge(mailbox, mailbox.by_uid([(7, 7), (24, 24)]))
        await fill(account, "INBOX", 8)
        await compaction.compact(account, inbox)
        await account.store(mailbox, mailbox.by_uid([(1, 1)]), FlagAction.ADD, frozenset({"c"}))
        await fill(account, "INBOX", 1)
        assert await fsck(account) == []
        mailbox.release()

    with_account(tmp_path, scenario)
    return tmp_path


async def is_right(account: SqliteAccount) -> None:
    mailbox = await account.open("INBOX")
    flags = flags_of(mailbox)
    assert list(flags) == [uid for uid in range(1, 35) if uid not in (7, 24)]
    assert (flags[1], flags[2], flags[3], flags[30]) == ({"a", "c"}, {"a"}, {"a", "b"}, set())
    await check_counts(account)
    mailbox.release()


def test_a_mailbox_comes_back_from_its_snapshot(two_snapshots: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        assert len(manifest_modseqs(account.db, 1)) == 2
        state = account.states[1]
        assert 0 < state.log_floor < state.modseq
        await is_right(account)
        assert await fsck(account) == []

    with_account(two_snapshots, scenario)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE segment SET data = zeroblob(length(data)) WHERE id = (SELECT max(id) FROM segment)",
        "UPDATE segment SET data = substr(data, 1, length(data) / 2) WHERE id = (SELECT max(id) FROM segment)",
        "DELETE FROM segment WHERE id = (SELECT max(id) FROM segment)",
        "UPDATE snapshot SET manifest = x'00' WHERE modseq = (SELECT max(modseq) FROM snapshot)",
    ],
)
def test_a_damaged_snapshot_is_passed_over(
    two_snapshots: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def spoil(account: SqliteAccount) -> None:
        account.db.execute(damage)

    async def scenario(account: SqliteAccount) -> None:
        assert any("snapshot" in problem for problem in await fsck(account))
        with caplog.at_level(logging.WARNING):
            await is_right(account)
        assert "is passed over" in caplog.text
        await compaction.compact(account, 1)
        await is_right(account)
        assert await fsck(account) == [], "the next snapshot heals it"

    with_account(two_snapshots, spoil)
    with_account(two_snapshots, scenario)


def test_two_damaged_snapshots_are_an_error(two_snapshots: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        account.db.execute("UPDATE segment SET crc = 0")
        with pytest.raises(StoreBroken):
            await account.open("INBOX")
        await fill(account, "INBOX", 1)  # delivery needs no columns

    with_account(two_snapshots, scenario)


def test_changes_below_the_log(two_snapshots: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        mailbox = await account.open("INBOX")
        found = mailbox.changes(1)
        assert list(found.added) == list(mailbox.everything()) and found.expunged == []
        assert mailbox.vanished(1) == [(7, 7), (24, 24)]
        mailbox.release()

    with_account(two_snapshots, scenario)


def test_compaction_begins_by_itself(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        mailbox = await account.open("INBOX")
        await fill(account, "INBOX", 1000)
        for _ in range(3):
            for uid in range(1, 60):
                odd = [(number, number) for number in range(uid, 1000, 2)]
                await account.store(
                    mailbox, mailbox.by_uid(odd), FlagAction.REPLACE, frozenset({f"k{uid % 7}"})
                )
            await asyncio.sleep(0.05)
        state = account.states[mailbox.row.id]
        assert manifest_modseqs(account.db, state.id) and state.log_floor > 0
        assert state.log_size < 600_000
        assert await fsck(account) == []
        mailbox.release()

    with_account(tmp_path, scenario)


def test_writers_go_on_while_a_snapshot_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MESSAGES", 20)

    async def scenario(account: SqliteAccount) -> None:
        mailbox = await account.open("INBOX")
        await fill(account, "INBOX", 200)
        for number in range(6):
            task = asyncio.create_task(compaction.compact(account, mailbox.row.id))
            while not task.done():
                uids = list(mailbox.uids())
                await account.expunge(mailbox, mailbox.by_uid([(uids[number], uids[number])]))
                await account.store(
                    mailbox, mailbox.by_uid([(uids[-3], uids[-1])]), FlagAction.ADD, frozenset({f"n{number}"})
                )
                await fill(account, "INBOX", 2)
            await task
            assert await fsck(account) == []
        mailbox.release()

    with_account(tmp_path, scenario)
