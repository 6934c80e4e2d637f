"""The number by which processes tell each other of commits: what was answered is seen by all at once, whatever the number says."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path

import pytest

from imapkit.errors import StoreError
from imapkit.stores.sqlite import Disk, SqliteStore
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.tick import TickWord

from ..store_conformance.mail import fill, row

ROOT = Path(__file__).parents[2]
TURNS = 150


def test_each_process_sees_at_once_what_the_other_was_told_is_done(tmp_path: Path) -> None:
    async def run() -> None:
        store = SqliteStore(tmp_path)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.stores.other", str(tmp_path), "turns", str(TURNS),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        assert other.stdin is not None and other.stdout is not None
        assert await other.stdout.readline() == b"begun\n"
        chance = random.Random(7)
        total = 0
        expected: list[int] = []
        for _ in range(TURNS):
            for _ in range(chance.choice((0, 0, 1, 2))):
                total += 1
                assert await fill(account, "INBOX", 1) == [total]
            expected.append(total)
            other.stdin.write(b"\n")
            assert int(await other.stdout.readline()) == (total := total + 1)
            await account.refresh()
            assert row(account, "INBOX").messages == total
        assert json.loads(await other.stdout.read()) == expected
        other.stdin.close()
        await other.wait()
        await account.release()
        await store.close()

    asyncio.run(run())


class _Failing(Disk):
    """Fails just before COMMIT, when told to: the number is not written yet."""

    fails = False

    def reached(self, point: str) -> None:
        if self.fails and point == "written":
            raise OSError(5, "failed as told")


def two_stores(tmp_path: Path, disk: Disk) -> tuple[SqliteStore, SqliteStore]:
    return SqliteStore(tmp_path, disk=disk), SqliteStore(tmp_path)


def test_a_commit_that_failed_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        disk = _Failing()
        here, there = two_stores(tmp_path, disk)
        await here.create_account("ann", [("INBOX", ())])
        mine, theirs = await here.open_account("ann"), await there.open_account("ann")
        assert await fill(mine, "INBOX", 2) == [1, 2]
        disk.fails = True
        with pytest.raises(StoreError):
            await fill(mine, "INBOX", 1)
        disk.fails = False
        # The number is above what the database has, as after a COMMIT that failed
        _word(mine).write(_word(mine).read() + 1)
        for account in (mine, theirs):
            await account.refresh()
            assert row(account, "INBOX").messages == 2
        assert await fill(theirs, "INBOX", 1) == [3]
        await mine.refresh()
        assert row(mine, "INBOX").messages == 3
        for account in (mine, theirs):
            await account.release()
        await here.close()
        await there.close()

    asyncio.run(run())


def test_who_waits_finds_a_change_whose_hint_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imapkit.stores.sqlite.store.LOOK_EVERY", 0.02)
    monkeypatch.setattr(SqliteStore, "_heard", lambda *_: None)

    async def run() -> None:
        here, there = two_stores(tmp_path, Disk())
        await here.create_account("ann", [("INBOX", ())])
        mine, theirs = await here.open_account("ann"), await there.open_account("ann")
        waiting = [asyncio.create_task(mine.changed(mine.modseq)) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in waiting)
        await fill(theirs, "INBOX", 1)
        await asyncio.wait_for(asyncio.gather(*waiting), 10)
        late = asyncio.create_task(mine.changed(mine.modseq))
        await asyncio.sleep(0)
        for account in (mine, theirs):
            await account.release()
        await here.close()
        await there.close()
        with pytest.raises(StoreError):
            await late

    asyncio.run(run())


def _word(account: object) -> TickWord:
    assert isinstance(account, SqliteAccount)
    return account.ticks


@pytest.mark.parametrize("wrong", [0, 1, 1 << 40])
def test_whoever_opens_the_account_puts_the_number_right(tmp_path: Path, wrong: int) -> None:
    async def run() -> None:
        for round_ in range(2):
            store = SqliteStore(tmp_path)
            if round_ == 0:
                await store.create_account("ann", [("INBOX", ())])
            account = await store.open_account("ann")
            await fill(account, "INBOX", 3)
            assert _word(account).read() == account.tick
            await account.release()
            await store.close()
            lock = tmp_path / "accounts" / "ann" / "open.lock"
            assert lock.stat().st_size == 24
            lock.write_bytes(wrong.to_bytes(8, sys.byteorder))

    asyncio.run(run())


def test_the_number_goes_from_one_map_to_the_other(tmp_path: Path) -> None:
    with open(tmp_path / "word", "w+b") as file, open(tmp_path / "word", "r+b") as again:
        one, two = TickWord(file.fileno()), TickWord(again.fileno())
        assert one.read() == two.read() == -1
        for tick in (0, 1, 1 << 20, (1 << 62) + 7):
            one.write(tick)
            assert two.read() == tick
        assert os.fstat(file.fileno()).st_size == 24
        one.close()
        two.close()


def test_it_is_mapped_for_who_looks_often_and_read_the_same_after_rest(tmp_path: Path) -> None:
    with (tmp_path / "word").open("w+b") as file:
        word = TickWord(file.fileno())
        assert word.read() == -1
        for round_ in range(3):
            for number in range(100):
                word.write(number << round_ * 20)
                assert word.read() == number << round_ * 20
            word.rest()
        word.close()


def test_what_cannot_be_read_is_no_commit(tmp_path: Path) -> None:
    with (tmp_path / "word").open("w+b") as file:
        word = TickWord(file.fileno())
        word.write(7)
        with (tmp_path / "word").open("wb") as only_written:
            assert TickWord(only_written.fileno()).read() == -1
        word.close()


@pytest.mark.parametrize("size", [0, 8, 16, 24])
def test_who_asks_is_told_of_one_commit(tmp_path: Path, size: int) -> None:
    """Eight and sixteen octets: what processes of older versions made."""
    (tmp_path / "word").write_bytes((5).to_bytes(8, sys.byteorder)[:size] + bytes(max(0, size - 8)))
    with open(tmp_path / "word", "r+b") as file, open(tmp_path / "word", "r+b") as again:
        one, two = TickWord(file.fileno()), TickWord(again.fileno())
        assert one.read() == two.read() == (5 if size else -1)
        assert not one.take_asked() and not two.take_asked()
        one.ask()
        two.ask()
        assert two.take_asked() and not two.take_asked() and not one.take_asked()
        one.ask()
        two.write(6)
        assert one.take_asked() and one.read() == 6
        one.close()
        two.close()


def test_others_are_told_only_when_somebody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    heard = SqliteStore.committed

    def committed(self: SqliteStore, account: SqliteAccount) -> None:
        told.append(account.modseq)
        heard(self, account)

    monkeypatch.setattr(SqliteStore, "committed", committed)

    async def run() -> None:
        here, there = two_stores(tmp_path, Disk())
        await here.create_account("ann", [("INBOX", ())])
        mine, theirs = await here.open_account("ann"), await there.open_account("ann")
        await fill(theirs, "INBOX", 1)
        assert told == [] and mine.modseq < theirs.modseq, "nobody waits, and nobody is woken"
        for _ in range(3):
            waiting = asyncio.create_task(mine.changed(theirs.modseq))
            await asyncio.sleep(0.02)
            assert not waiting.done()
            await fill(theirs, "INBOX", 1)
            await asyncio.wait_for(waiting, 5)  # by the hint: the regular look comes after ten seconds
            assert told[-1] == theirs.modseq
        await fill(theirs, "INBOX", 1)
        assert len(told) == 3 and mine.modseq < theirs.modseq
        # Told of what it knows already, who waits asks again
        waiting = asyncio.create_task(mine.changed(theirs.modseq))
        await asyncio.sleep(0.02)
        assert _word(theirs).take_asked()
        there.committed(theirs)
        await asyncio.sleep(0.02)
        assert not waiting.done()
        await fill(theirs, "INBOX", 1)
        await asyncio.wait_for(waiting, 5)
        for account in (mine, theirs):
            await account.release()
        await here.close()
        await there.close()

    asyncio.run(run())
