"""No space left: the change is refused whole, what was there stays, and work goes on when there is space again."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imapkit.errors import StoreFull
from imapkit.ports.store import FlagAction
from imapkit.stores.sqlite import SqliteStore, fsck
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import check_counts, fill, flags_of, message, octets, row
from ..support.powercut import PowerDisk


@pytest.mark.crash
def test_a_full_disk_refuses_whole_changes(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = PowerDisk(tmp_path / "data")
        store = SqliteStore(tmp_path / "data", disk=disk)
        await store.create_account("ann", [("INBOX", ()), ("Sent", ())])
        account = await store.open_account("ann")
        assert isinstance(account, SqliteAccount)
        await fill(account, "INBOX", 3)
        mailbox = await account.open("INBOX")
        before, sent = account.modseq, row(account, "Sent").id
        for _ in range(2):
            disk.full = True
            with pytest.raises(StoreFull):
                await fill(account, "INBOX", 2, {"new"})
            with pytest.raises(StoreFull):
                await account.store(mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"\\Seen"}))
            with pytest.raises(StoreFull):
                await account.move(mailbox, mailbox.by_uid([(1, 1)]), sent)
            with pytest.raises(StoreFull):
                await account.create("new")
            assert account.modseq == before
            assert flags_of(mailbox) == dict.fromkeys([1, 2, 3], frozenset())
            assert mailbox.keywords() == () and account.find("new") is None
            disk.full = False
            assert await fsck(account) == []
        assert await fill(account, "INBOX", 1) == [4]
        assert account.modseq == before + 1
        await account.move(mailbox, mailbox.by_uid([(1, 1)]), sent)
        await check_counts(account)
        assert await fsck(account) == []
        mailbox.release()
        await account.release()
        await store.close()
        disk.close()

    asyncio.run(scenario())


@contextmanager
def largest_file(octets_: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets_, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.crash
def test_a_large_message_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(tmp_path)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        assert isinstance(account, SqliteAccount)
        await fill(account, "INBOX", 1)
        data = octets(body="x" * 2_000_000)
        with largest_file(1_000_000):
            with pytest.raises(StoreFull):
                await account.append(row(account, "INBOX").id, [message(data)])
            sink = account.open_spool(len(data))
            with pytest.raises(StoreFull):
                for at in range(0, len(data), 50_000):
                    sink.write(data[at : at + 50_000])
                sink.finish()
            sink.abort()
        left = [path for path in (account.path.parent / "blobs").rglob("*") if path.is_file()]
        assert left == [] and row(account, "INBOX").messages == 1
        await account.append(row(account, "INBOX").id, [message(data)])
        assert row(account, "INBOX").messages == 2 and await fsck(account) == []
        await account.release()
        await store.close()

    asyncio.run(scenario())
