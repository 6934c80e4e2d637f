"""The power goes: what was acknowledged is there, what was shown is not numbered again, whatever pages the disk forgot."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from imapkit.ports.store import FlagAction
from imapkit.stores.sqlite import Disk, SqliteStore, fsck, maintenance
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import fill, flags_of, message, octets, row
from ..support.crash import Ledger
from ..support.powercut import PowerDisk
from . import writer
from .test_kill import NAMES, look


class NextBoot(Disk):
    """The machine runs again."""

    def __init__(self, number: int) -> None:
        self.number = number

    def boot_id(self) -> str:
        return f"boot {self.number}"


async def write_until(store: SqliteStore, name: str, commits: int, ledger: Ledger) -> SqliteAccount:
    """Let tasks write until the account made so many changes, then stop them dead; they told the ledger of each."""
    lines: list[str] = []
    account = await store.open_account("ann")
    boxes = {box: await account.open(box) for box in NAMES}
    end = account.modseq + commits
    tasks = [
        asyncio.create_task(writer.Task(f"{name}.{number}", account, boxes, f"{name}.{number}").run())
        for number in range(5)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "say", lambda **said: lines.append(writer.json.dumps(said) + "\n"))
        while account.modseq < end:
            await asyncio.sleep(0)
            assert not any(task.done() for task in tasks)
        ledger.read(lines)
        for task in tasks:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return account


@pytest.mark.crash
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.95])
def test_a_power_cut(tmp_path: Path, kept: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "PAGES", 40)  # checkpoints all the time
    chance = random.Random(kept)

    async def one(number: int) -> None:
        root, after = tmp_path / f"{number}", tmp_path / f"{number} after"
        disk = PowerDisk(root)
        store = SqliteStore(root, disk=disk, flags_durable=True)
        await store.create_account("ann", [(name, ()) for name in NAMES])
        ledger = Ledger()
        account = await write_until(store, f"p{number}", chance.randint(3, 150), ledger)
        shown = {name: row(account, name).uidnext for name in NAMES}
        modseq = account.modseq
        disk.cut(after, chance, kept)
        await account.release()
        await store.close()
        disk.close()

        store = SqliteStore(after, disk=NextBoot(number))
        account = await store.open_account("ann")
        assert isinstance(account, SqliteAccount)
        assert await fsck(account) == []
        where, uids = await look(account)
        ledger.check(where, uids)
        assert account.modseq > modseq
        for name in NAMES:
            assert (await fill(account, name, 1))[0] >= shown[name], "a UID that was shown came again"
        await account.release()
        await store.close()

    for number in range(8):
        asyncio.run(one(number))


@pytest.mark.crash
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.95])
def test_an_account_that_was_just_made(tmp_path: Path, kept: float) -> None:
    """Its directory got its name after its files were synced: they are there, though nothing was synced below that name."""

    async def scenario() -> None:
        disk = PowerDisk(tmp_path / "data")
        store = SqliteStore(tmp_path / "data", disk=disk)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        token = account.token
        disk.cut(tmp_path / "after", random.Random(1), kept)
        await account.release()
        await store.close()
        disk.close()
        store = SqliteStore(tmp_path / "after", disk=NextBoot(1))
        account = await store.open_account("ann")
        assert account.token == token
        assert await fsck(account) == []
        await account.release()
        await store.close()

    asyncio.run(scenario())


@pytest.mark.crash
def test_flags_are_on_the_disk_after_a_moment(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = PowerDisk(tmp_path / "data")
        store = SqliteStore(tmp_path / "data", disk=disk)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        await fill(account, "INBOX", 3)
        mailbox = await account.open("INBOX")
        await account.store(mailbox, mailbox.by_uid([(1, 2)]), FlagAction.ADD, frozenset({"\\Seen"}))
        disk.cut(tmp_path / "at once", random.Random(1), 0.0)
        await asyncio.sleep(0.25)
        disk.cut(tmp_path / "later", random.Random(1), 0.0)
        assert await _seen(tmp_path / "at once") == []
        assert await _seen(tmp_path / "later") == [1, 2]
        mailbox.release()
        await account.release()
        await store.close()
        disk.close()

    asyncio.run(scenario())


async def _seen(data: Path) -> list[int]:
    store = SqliteStore(data, disk=NextBoot(1))
    account = await store.open_account("ann")
    mailbox = await account.open("INBOX")
    found = [uid for uid, flags in flags_of(mailbox).items() if "\\Seen" in flags]
    assert list(flags_of(mailbox)) == [1, 2, 3]
    mailbox.release()
    await account.release()
    await store.close()
    return found


@pytest.mark.crash
def test_the_first_change_is_not_numbered_again_though_it_was_lost(tmp_path: Path) -> None:
    """An account that was closed cleanly says that it is in use before anybody sees a change, not with it."""

    async def scenario() -> None:
        disk = PowerDisk(tmp_path / "data")
        store = SqliteStore(tmp_path / "data", disk=disk)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        await fill(account, "INBOX", 3)
        await account.release()
        await store.close()
        store = SqliteStore(tmp_path / "data", disk=disk)
        account = await store.open_account("ann")
        mailbox = await account.open("INBOX")
        await account.store(mailbox, mailbox.by_uid([(1, 2)]), FlagAction.ADD, frozenset({"\\Seen"}))
        shown = account.modseq
        disk.cut(tmp_path / "after", random.Random(1), 0.0)
        mailbox.release()
        await account.release()
        await store.close()
        disk.close()
        store = SqliteStore(tmp_path / "after", disk=NextBoot(1))
        account = await store.open_account("ann")
        assert account.modseq > shown
        assert await fill(account, "INBOX", 1) == [4 + (1 << 20)]
        await account.release()
        await store.close()

    asyncio.run(scenario())


@pytest.mark.crash
def test_after_a_power_cut_everybody_compares_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = PowerDisk(tmp_path / "data")
        store = SqliteStore(tmp_path / "data", disk=disk)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        await fill(account, "INBOX", 3)
        known = account.modseq
        disk.cut(tmp_path / "after", random.Random(1), 0.0)
        await account.release()
        await store.close()
        disk.close()
        for opened in range(2):  # the second time it was closed well, and nothing is skipped
            store = SqliteStore(tmp_path / "after", disk=NextBoot(opened))
            account = await store.open_account("ann")
            assert known + (1 << 20) < account.modseq < known + (1 << 21)
            mailbox = await account.open("INBOX")
            assert mailbox.vanished(known) is None
            assert list(mailbox.changes(known).changed) == [1, 2, 3]
            assert mailbox.row.uidnext == 4 + (1 << 20)
            mailbox.release()
            await account.release()
            await store.close()

    asyncio.run(scenario())


@pytest.mark.crash
def test_a_blob_is_durable_before_its_row(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = PowerDisk(tmp_path / "data")
        store = SqliteStore(tmp_path / "data", disk=disk)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        data = octets(body="x" * 200_000)
        await account.append(row(account, "INBOX").id, [message(data)])
        for kept in (0.0, 0.5):
            disk.cut(tmp_path / f"after {kept}", random.Random(1), kept)
            other = SqliteStore(tmp_path / f"after {kept}", disk=NextBoot(1))
            again = await other.open_account("ann")
            assert isinstance(again, SqliteAccount)
            assert await fsck(again) == [] and again.body(1).read() == data
            await again.release()
            await other.close()
        await account.release()
        await store.close()
        disk.close()

    asyncio.run(scenario())
