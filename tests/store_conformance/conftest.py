"""Every store passes the same suite: ``play`` runs a scenario on one, then looks whether what it left behind is sound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from imapkit.ports.store import Account, MailStore
from imapkit.stores.memory import MemoryStore
from imapkit.stores.sqlite import SqliteStore, fsck
from imapkit.stores.sqlite.account import SqliteAccount

from .mail import check_counts

Scenario = Callable[[Account], Awaitable[None]]
Play = Callable[[Scenario], None]
ACCOUNT = "ann"
MAILBOXES = (("INBOX", ()), ("Sent", ("\\Sent",)), ("Trash", ("\\Trash",)))


@pytest.fixture(params=["memory", "sqlite"])
def store_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], MailStore]:
    """Makes a handle: for SQLite each is as good as another process, in memory there is one only."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "data")
    memory = MemoryStore()
    return lambda: memory


@pytest.fixture
def play(store_of: Callable[[], MailStore]) -> Play:
    def run(scenario: Scenario) -> None:
        asyncio.run(_run(store_of(), scenario))

    return run


async def _run(store: MailStore, scenario: Scenario) -> None:
    await store.create_account(ACCOUNT, MAILBOXES)
    account = await store.open_account(ACCOUNT)
    try:
        await scenario(account)
        await check_counts(account)
        if isinstance(account, SqliteAccount):
            assert await fsck(account) == []
    finally:
        await account.release()
        await store.close()
