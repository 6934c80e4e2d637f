"""The look that a server takes at every account once after an upgrade: it sees what keeps a mailbox from being opened."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from imapkit.ports.directory import NewUser
from imapkit.stores.sqlite import SqliteAccount, SqliteStore, compaction, quick_check
from imapkit.tools import first_check as module
from imapkit.tools.accounts import add_user
from imapkit.tools.data import open_data
from imapkit.tools.first_check import first_check

from ..store_conformance.mail import fill

USERS = ("ann", "bob", "carl")


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Users and their accounts; each INBOX has a snapshot, and no log before it."""
    monkeypatch.setattr(module, "_PAUSE", 0.0)

    async def make() -> dict[str, str]:
        found = {}
        async with open_data(tmp_path, make=True) as opened:
            for name in USERS:
                user = await add_user(opened.store, opened.directory, NewUser(name, "x"))
                account = await opened.store.open_account(user.account)
                assert isinstance(account, SqliteAccount)
                await fill(account, "INBOX", 12)
                mailbox = await account.open("INBOX")
                for _ in range(2):
                    await fill(account, "INBOX", 5)
                    await compaction.compact(account, mailbox.row.id)
                mailbox.release()
                await account.release()
                found[name] = user.account
        return found

    return asyncio.run(make())


def spoil(data: Path, account: str, command: str) -> None:
    with sqlite3.connect(data / "accounts" / account / "mail.db") as db:
        db.execute(command)


def look(data: Path, account: str) -> list[str]:
    async def scenario() -> list[str]:
        store = SqliteStore(data)
        opened = await store.open_account(account)
        try:
            return await quick_check(opened)
        finally:
            await opened.release()
            await store.close()

    return asyncio.run(scenario())


def check(data: Path) -> int:
    async def scenario() -> int:
        async with open_data(data) as opened:
            return await first_check(data, opened)

    return asyncio.run(scenario())


def test_what_it_sees(tmp_path: Path, accounts: dict[str, str]) -> None:
    assert [look(tmp_path, account) for account in accounts.values()] == [[], [], []]
    spoil(tmp_path, accounts["ann"], "DELETE FROM segment")
    faults = look(tmp_path, accounts["ann"])
    assert any("lacks segments" in fault for fault in faults)
    assert faults[-1] == "INBOX: no snapshot is whole, and the log begins later"
    spoil(tmp_path, accounts["bob"], "UPDATE snapshot SET crc = 0")
    assert "has a manifest that is damaged" in look(tmp_path, accounts["bob"])[0]
    spoil(tmp_path, accounts["carl"], "DELETE FROM snapshot")
    assert look(tmp_path, accounts["carl"]) == ["INBOX: no snapshot is whole, and the log begins later"]


def test_each_that_fails_is_logged_once_with_the_command(
    tmp_path: Path, accounts: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(tmp_path, accounts["bob"], "DELETE FROM segment")
    (tmp_path / "accounts" / accounts["carl"] / "mail.db").write_bytes(b"no database" * 1000)
    assert check(tmp_path) == 2
    told = [entry.getMessage() for entry in caplog.records if "an account is damaged" in entry.getMessage()]
    assert len(told) == 2 and any(f"imapkit fsck bob --data {tmp_path}" in line for line in told), told
    assert not any("fsck ann" in line for line in told)
    caplog.clear()
    assert check(tmp_path) == 0, "it is done once"
    assert not caplog.records


def test_a_newer_check_looks_again(
    tmp_path: Path, accounts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(tmp_path) == 0
    spoil(tmp_path, accounts["ann"], "DELETE FROM snapshot")
    assert check(tmp_path) == 0
    monkeypatch.setattr(module, "VERSION", 2)
    assert check(tmp_path) == 1


def test_one_worker_does_it(tmp_path: Path, accounts: dict[str, str]) -> None:
    spoil(tmp_path, accounts["ann"], "DELETE FROM snapshot")
    fd = os.open(tmp_path / "checked", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    assert check(tmp_path) == 0, "another one is at it"
    os.close(fd)
    assert check(tmp_path) == 1


def test_one_that_was_cut_off_is_done_again(
    tmp_path: Path, accounts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut() -> None:
        monkeypatch.setattr(module, "_PAUSE", 30.0)
        async with open_data(tmp_path) as opened:
            task = asyncio.ensure_future(first_check(tmp_path, opened))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    spoil(tmp_path, accounts["carl"], "DELETE FROM snapshot")
    asyncio.run(cut())
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    assert check(tmp_path) == 1
