"""Accounts that are taken away from processes that hear of nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from imapkit.errors import AccountGone, StoreError
from imapkit.message.index import index_message
from imapkit.ports.store import NewMessage
from imapkit.stores.sqlite import SqliteStore, fsck
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.contents import INLINE

from ..store_conformance.mail import WHEN, fill, octets, row
from .test_sqlite_rest import with_account


def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteStore, "_heard", lambda *_: None)


@pytest.mark.parametrize("looked", [True, False])
def test_who_hears_nothing_does_not_find_the_number_that_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, looked: bool
) -> None:
    """Others have opened the account and closed it meanwhile: nothing of it changed but that it was taken away."""
    deaf(monkeypatch)

    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        await fill(account, "INBOX", 1)
        there = SqliteStore(tmp_path)
        await there.take_away("ann")
        for _ in range(2 * looked):
            other = await there.open_account("ann")
            assert row(other, "INBOX").messages == 1 and await fsck(other) == []
            await other.release()
        await there.close()
        with pytest.raises(AccountGone):
            await account.create("new")
        with pytest.raises(AccountGone):
            await account.refresh()
        fresh = await here.open_account("ann")
        assert await fill(fresh, "INBOX", 1) == [2]
        assert await fsck(fresh) == []
        await fresh.release()

    with_account(tmp_path, test)


def test_a_large_message_on_its_way_into_an_account_that_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf(monkeypatch)
    data = octets(body="x" * 2 * INLINE)

    async def test(here: SqliteStore, account: SqliteAccount) -> None:
        before, between, after = (account.open_spool(len(data)) for _ in range(3))
        before.write(data)
        between.write(data[:100])
        there = SqliteStore(tmp_path)
        await there.delete_account("ann")
        await there.close()
        between.write(data[100:])
        after.write(data)
        for sink in (before, between, after):
            content = sink.finish()
            for read in (content.read, lambda content=content: list(content.chunks())):
                with pytest.raises(StoreError):
                    read()
            message = NewMessage(content, index_message(data), frozenset(), WHEN)
            with pytest.raises(StoreError):
                await account.append(row(account, "INBOX").id, [message])
        with pytest.raises(StoreError):
            account.open_spool(len(data))

    with_account(tmp_path, test)
    assert list((tmp_path / "accounts").iterdir()) == []
