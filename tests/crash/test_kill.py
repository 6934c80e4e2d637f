"""kill -9 in the middle of concurrent APPEND, STORE, MOVE and EXPUNGE: nothing acknowledged is lost, nothing is half done."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from imapkit.ports.store import Account, Column
from imapkit.query.index import TextColumn
from imapkit.stores.sqlite import SqliteStore, fsck
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import flags_of, row
from ..support.crash import Ledger, Where, run_and_kill
from .writer import NAMES

POINTS = ("begin", "written", "committed", "syncing", "synced", "answer", "blob")
ROUNDS = 21


async def look(account: Account) -> tuple[Where, dict[tuple[str, int], str]]:
    """What the account holds: subject to place and flags, and (mailbox, UID) to subject."""
    where: Where = {}
    uids: dict[tuple[str, int], str] = {}
    for name in NAMES:
        mailbox = await account.open(name)
        flags = flags_of(mailbox)
        for chunk in mailbox.search().texts(TextColumn.SUBJECT, mailbox.everything()):
            for uid, text in chunk:
                subject = text.lower()
                assert subject not in where, f"{subject} is there twice"
                where[subject] = (name, flags[uid])
                uids[name, uid] = subject
        for chunk in mailbox.rows(mailbox.everything(), [Column.CONTENT, Column.SIZE]):
            for content, size in chunk:
                assert isinstance(content, int)
                assert len(account.body(content).read()) == size
        mailbox.release()
    return where, uids


async def check(data: Path, ledger: Ledger) -> None:
    store = SqliteStore(data)
    account = await store.open_account("ann")
    assert isinstance(account, SqliteAccount)
    assert await fsck(account) == []
    ledger.check(*await look(account))
    assert account.modseq >= max(ledger.modseqs, default=0)
    for name in NAMES:
        highest = max((uid for box, uid in ledger.uids if box == name), default=0)
        assert row(account, name).uidnext > highest
    await account.release()
    await store.close()


async def create(data: Path) -> None:
    store = SqliteStore(data)
    await store.create_account("ann", [(name, ()) for name in NAMES])
    await store.close()


@pytest.mark.crash
@pytest.mark.timeout(180)
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    asyncio.run(create(data))
    ledger = Ledger()
    chance = random.Random(20261121)
    for number in range(ROUNDS):
        point = ""
        if number % 3 != 2:
            name = POINTS[number % len(POINTS)]
            point = f"{name}:{chance.randint(1, 4 if name == 'blob' else 60)}"
        args = [str(data), f"r{number}", "6"]
        ledger.read(run_and_kill("tests.crash.writer", args, point, after=chance.uniform(0.0, 0.3)))
        asyncio.run(check(data, ledger))
    assert ledger.acknowledged > ROUNDS * 10
