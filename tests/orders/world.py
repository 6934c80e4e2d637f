"""One account that several actors work on, and the model that it is held against."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from imapkit.ports.store import Column, FlagAction, Mailbox
from imapkit.stores.sqlite import SqliteAccount, SqliteStore, compaction, fsck, vacuum
from imapkit.stores.sqlite.snapshot import manifest_modseqs, read_manifest
from imapkit.wire.frame import HeldLiteral

from ..store_conformance.mail import check_counts, fill, flags_of, message, octets, row
from .scheduler import Killed, TurnDisk, Turns

LEFTOVERS = (
    "SELECT count(*) FROM text WHERE id NOT IN (SELECT id FROM content)",
    "SELECT count(*) FROM segment WHERE mailbox NOT IN (SELECT id FROM mailbox)",
)
"""What no later upkeep would come to."""
OLD = 2 * 86_400
LARGE = octets("large", "x" * 70_000)
UNNAMED = octets("unnamed", "y" * 70_000)
Flags = dict[str, frozenset[str]]
"""Subject to flags."""


@dataclass
class Model:
    """What the account holds as far as clients were told."""

    boxes: dict[str, Flags] = field(default_factory=dict)
    trash: set[str] = field(default_factory=set)
    """Subjects that were expunged, and not brought back."""
    is_emptied: bool = False
    """Somebody began to take them away for good."""


@dataclass
class World:
    """One run."""

    data: Path
    model: Model

    def actor(self, name: str, act: Callable[[World, SqliteAccount], Awaitable[None]]) -> Turns:
        async def live(turns: Turns) -> None:
            store = SqliteStore(self.data, disk=TurnDisk(turns))
            account = await store.open_account("ann")
            try:
                await act(self, account)
            except Killed:
                await vanish(store, account)
                raise
            if turns.was_killed:
                await vanish(store, account)
                return
            await account.release()
            await store.close()

        return Turns(name, lambda turns: asyncio.run(live(turns)))

    def look(self) -> None:
        """The account is whole, and is what the model says; then upkeep is done once more and nothing has changed."""
        asyncio.run(self._look())

    async def _look(self) -> None:
        store = SqliteStore(self.data)
        account = await store.open_account("ann")
        await self.compare(account)
        for leftover in LEFTOVERS:
            assert account.db.execute(leftover).fetchall() == [(0,)], leftover
        for mailbox in account.mailboxes():
            assert await compaction.compact(account, mailbox.id)
        await vacuum(account, 0.0)
        for mailbox in account.mailboxes():
            await touch(account, mailbox.name)
            assert await compaction.compact(account, mailbox.id)
        assert segments(account) == named(account), "segments that nothing names are left"
        await self.compare(account)
        await account.release()
        await store.close()

    async def compare(self, account: SqliteAccount) -> None:
        assert await fsck(account) == []
        await check_counts(account)
        found = {mailbox.name: await self.read(account, mailbox.name) for mailbox in account.mailboxes()}
        assert found == self.model.boxes
        trash = {
            subject_of(account, batch.batch.content[place])
            for batch in account.trash_batches()
            for place in range(len(batch.batch))
            if batch.has(place)
        }
        assert trash <= self.model.trash if self.model.is_emptied else trash == self.model.trash

    async def read(self, account: SqliteAccount, name: str) -> Flags:
        """A mailbox as the file has it, octets and all."""
        await account.refresh()
        if not any(mailbox.holders for mailbox in account.open_mailboxes.values()):
            account.open_mailboxes.clear()
        mailbox = await account.open(name)
        flags = flags_of(mailbox)
        subjects = {uid: subject_of(account, content) for uid, content in contents_of(mailbox).items()}
        mailbox.release()
        assert len(set(subjects.values())) == len(subjects)
        return {subjects[uid]: names for uid, names in flags.items()}


async def vanish(store: SqliteStore, account: SqliteAccount) -> None:
    """As after kill -9: nothing is written, and what the kernel closes is closed."""
    await account.abandon()
    store._accounts.clear()  # else they would be closed as by who ends in peace
    await store.close()


def contents_of(mailbox: Mailbox) -> dict[int, int]:
    chunks = mailbox.rows(mailbox.everything(), [Column.UID, Column.CONTENT])
    return {int(str(uid)): int(str(content)) for chunk in chunks for uid, content in chunk}


def subject_of(account: SqliteAccount, content: int) -> str:
    data = account.body(content).read()
    return data.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()


def segments(account: SqliteAccount) -> set[object]:
    return {row[0] for row in account.db.execute("SELECT id FROM segment").fetchall()}


def named(account: SqliteAccount) -> set[object]:
    db = account.db
    manifests = [
        read_manifest(db, mailbox.id, modseq)
        for mailbox in account.mailboxes()
        for modseq in manifest_modseqs(db, mailbox.id)
    ]
    return {number for manifest in manifests for number in manifest.segments()}


async def touch(account: SqliteAccount, name: str) -> None:
    """Change something that is as before afterwards."""
    mailbox = await account.open(name)
    for action in (FlagAction.ADD, FlagAction.REMOVE):
        await account.store(mailbox, mailbox.everything(), action, frozenset({"touched"}))
    mailbox.release()


# Where each run begins


def make_template(data: Path, *, snapshots: int) -> Model:
    """INBOX has ten messages, some of them marked, and ``snapshots`` snapshots; Other three; the trash two, old enough to go."""

    async def work() -> Model:
        store = SqliteStore(data)
        await store.create_account("ann", [("INBOX", ()), ("Other", ())])
        account = await store.open_account("ann")
        await fill(account, "INBOX", 10)
        await account.append(row(account, "INBOX").id, [message(LARGE)])
        other = [message(octets(f"other {number}")) for number in range(3)]
        await account.append(row(account, "Other").id, other)
        inbox = await account.open("INBOX")
        for flag in ("one", "two", "three")[: snapshots + 1]:
            await account.store(inbox, inbox.by_uid([(2, 3), (5, 5)]), FlagAction.ADD, frozenset({flag}))
            if flag != ("one", "two", "three")[snapshots]:
                assert await compaction.compact(account, inbox.row.id)
        await account.expunge(inbox, inbox.by_uid([(1, 2)]))
        inbox.release()
        # A span of sort keys that is over, and a file that no row names (yet).
        with account.db:
            account.db.execute("UPDATE account SET next_content = 5000")
        name = account.blobs.keep(HeldLiteral(UNNAMED))
        os.utime(account.blobs.path(name), (time.time() - OLD,) * 2)
        world = World(data, Model())
        boxes = {mailbox.name: await world.read(account, mailbox.name) for mailbox in account.mailboxes()}
        await account.release()
        await store.close()
        return Model(boxes, {"message 0", "message 1"})

    return asyncio.run(work())


def fresh(template: Path, model: Model, data: Path) -> World:
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(template, data, ignore=shutil.ignore_patterns("run"))
    return World(data, Model({name: dict(flags) for name, flags in model.boxes.items()}, set(model.trash)))
