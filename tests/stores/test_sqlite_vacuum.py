"""Vacuum removes what nobody can reach, and nothing else."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from imapkit.errors import StoreBroken
from imapkit.ports.store import Column, Mailbox
from imapkit.stores.sqlite import Disk, SqliteAccount, SqliteStore, fsck, vacuum
from imapkit.stores.sqlite.blobs import Blobs
from imapkit.stores.sqlite.locks import UPKEEP_LOCK, alone
from imapkit.stores.sqlite.snapshot import write_segment
from imapkit.stores.sqlite.vacuum import DAY
from imapkit.wire.frame import HeldLiteral

from ..store_conformance.mail import fill, message, octets, row

NOW = 1_800_000_000


class Clock:
    """The store's."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def play(
    data: Path, scenario: Callable[[SqliteAccount, Clock], Awaitable[None]], disk: Disk | None = None
) -> None:
    async def run() -> None:
        clock = Clock()
        store = SqliteStore(data, clock=clock, disk=disk)
        await store.create_account("ann", [("INBOX", ()), ("Other", ())])
        account = await store.open_account("ann")
        await scenario(account, clock)
        assert await fsck(account) == []
        await account.maintenance.idle()
        await account.release()
        await store.close()

    asyncio.run(run())


async def expunge(account: SqliteAccount, low: int, high: int) -> None:
    inbox = await account.open("INBOX")
    await account.expunge(inbox, inbox.by_uid([(low, high)]))
    inbox.release()


def texts(account: SqliteAccount, mailbox: Mailbox) -> list[bytes]:
    rows = [row for chunk in mailbox.rows(mailbox.everything(), [Column.CONTENT]) for row in chunk]
    return [account.body(int(str(row[0]))).read() for row in rows]


def count(account: SqliteAccount, table: str) -> int:
    return int(str(account.db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]))


def test_old_trash_goes_and_what_is_held_stays(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount, clock: Clock) -> None:
        await fill(account, "INBOX", 10)
        inbox = await account.open("INBOX")
        await account.copy(inbox, inbox.by_uid([(1, 2)]), row(account, "Other").id)
        await expunge(account, 1, 4)
        clock.now += 31 * DAY
        await expunge(account, 5, 6)
        await account.undelete([next(account.trash()).trash_id], row(account, "INBOX").id)
        done = await vacuum(account, clock.now - 30 * DAY)
        # 1 was brought back, 2 is in Other, 5 and 6 went a moment ago.
        assert (done.messages, done.contents, done.files) == (3, 2, 0)
        assert [item.uid for item in account.trash()] == [5, 6]
        for table in ("content", "blob", "sort_key", "fields"):
            assert count(account, table) == 8
        other = await account.open("Other")
        assert len(texts(account, other)) == 2 and len(texts(account, inbox)) == 5
        await account.undelete([item.trash_id for item in account.trash()], row(account, "INBOX").id)
        assert len(texts(account, inbox)) == 7
        again = await vacuum(account, clock.now - 30 * DAY)
        assert (again.messages, again.contents) == (0, 0)
        inbox.release()
        other.release()

    play(tmp_path, scenario)


def test_files_that_no_row_names_go_after_a_day(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount, clock: Clock) -> None:
        for number in range(3):
            data = octets(f"large {number}", "x" * 100_000)
            await account.append(row(account, "INBOX").id, [message(data)])
        # The same octets twice: one file.
        await account.append(row(account, "Other").id, [message(octets("large 0", "x" * 100_000))])
        await account.maintenance.idle()
        files = account.blobs.files()
        assert len(files) == 3
        for path in files:
            os.utime(path, (time.time() - 2 * DAY,) * 2)
        await expunge(account, 1, 2)
        assert (await vacuum(account, clock.now - 1)).files == 0, "the trash holds them"
        done = await vacuum(account, clock.now + 1)
        assert (done.messages, done.contents, done.files) == (2, 2, 1) and done.octets > 100_000
        assert len(account.blobs.files()) == 2
        young = account.blobs.path("ab" + "0" * 38)
        young.parent.mkdir(exist_ok=True)
        young.write_bytes(b"on its way")
        assert (await vacuum(account, clock.now)).files == 0 and young.exists()
        os.utime(young, (time.time() - 2 * DAY,) * 2)
        assert (await vacuum(account, clock.now)).files == 1 and not young.exists()

    play(tmp_path, scenario)


def test_what_is_brought_back_meanwhile_stays(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount, clock: Clock) -> None:
        await fill(account, "INBOX", 5)
        await expunge(account, 1, 5)
        ids = [item.trash_id for item in account.trash()]
        await account.lock.acquire()
        bringing = asyncio.create_task(account.undelete(ids[:1], row(account, "INBOX").id))
        await asyncio.sleep(0)
        running = asyncio.create_task(vacuum(account, clock.now + 1))
        await asyncio.sleep(0.01)
        account.lock.release()
        await bringing
        done = await running
        assert (done.messages, done.contents) == (0, 0), "the next one takes the rest"
        done = await vacuum(account, clock.now + 1)
        assert (done.messages, done.contents) == (4, 4)
        inbox = await account.open("INBOX")
        assert len(texts(account, inbox)) == 1
        inbox.release()

    play(tmp_path, scenario)


class Dying(Disk):
    """``at``: what happens at a point, in the place of nothing."""

    def __init__(self) -> None:
        self.at: dict[str, Callable[[], None]] = {}

    def reached(self, point: str) -> None:
        if point in self.at:
            self.at.pop(point)()


def test_a_message_whose_file_a_killed_vacuum_took_aside_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It brings octets of an old file that no row named; vacuum is killed between taking the file and putting it back."""
    disk = Dying()
    data = octets("comes", "x" * 100_000)

    async def scenario(account: SqliteAccount, clock: Clock) -> None:
        keep = Blobs.keep
        name = account.blobs.keep(HeldLiteral(data))
        os.utime(account.blobs.path(name), (time.time() - 2 * DAY,) * 2)

        def arrive() -> None:
            assert account.blobs.keep(HeldLiteral(data)) == name

        def die() -> None:
            raise KeyboardInterrupt

        # The file is chosen; then the message comes, up to where its row is about to be written.
        disk.at = {"upkeep": lambda: disk.at.update(upkeep=arrive), "aside": die}
        with pytest.raises(KeyboardInterrupt):
            await vacuum(account, clock.now)
        monkeypatch.setattr(Blobs, "keep", lambda *_: name)
        with pytest.raises(StoreBroken):
            await account.append(row(account, "INBOX").id, [message(data)])
        assert row(account, "INBOX").messages == 0
        monkeypatch.setattr(Blobs, "keep", keep)
        await account.append(row(account, "INBOX").id, [message(data)])

    play(tmp_path, scenario, disk)


def test_leftovers_of_mailboxes_that_are_gone(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount, clock: Clock) -> None:
        with account.db:
            write_segment(account.db, 77, b"of a mailbox that was deleted meanwhile")
        number = write_segment(account.db, row(account, "INBOX").id, b"of a compaction under way")
        await vacuum(account, clock.now)
        assert account.db.execute("SELECT id FROM segment").fetchall() == [(number,)]

    play(tmp_path, scenario)


def test_it_waits_for_a_compaction(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount, clock: Clock) -> None:
        await fill(account, "INBOX", 2)
        await expunge(account, 1, 2)
        with alone(account.path.parent / UPKEEP_LOCK) as is_ours:
            assert is_ours
            waiting = asyncio.create_task(vacuum(account, clock.now + 1))
            await asyncio.sleep(0.3)
            assert not waiting.done() and len(list(account.trash())) == 2
        assert (await waiting).messages == 2

    play(tmp_path, scenario)
