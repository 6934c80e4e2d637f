"""What several processes do to one account: each piece of upkeep, and the commands that it may meet."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from imapkit.errors import MailboxMissing, StoreError
from imapkit.ports.store import FlagAction
from imapkit.query.index import TextColumn
from imapkit.stores.sqlite import SqliteAccount, compaction, fsck, rebuild_packs, vacuum
from imapkit.stores.sqlite.sort_packs import build_packs

from ..store_conformance.mail import message, row
from .scheduler import current
from .world import UNNAMED, World

Piece = Callable[[World, SqliteAccount], Awaitable[None]]


def between() -> None:
    """Between two commands."""
    current.turns.hand_over()


async def compact(world: World, account: SqliteAccount) -> None:
    await compaction.compact(account, row(account, "INBOX").id)


async def compact_other(world: World, account: SqliteAccount) -> None:
    other = account.find("Other")
    try:
        if other is not None:
            await compaction.compact(account, other.id)
    except MailboxMissing:
        pass


async def store(world: World, account: SqliteAccount) -> None:
    mailbox = await account.open("INBOX")
    flags = world.model.boxes["INBOX"]
    for uid, action in ((3, FlagAction.ADD), (4, FlagAction.ADD), (3, FlagAction.REMOVE)):
        await account.store(mailbox, mailbox.by_uid([(uid, uid)]), action, frozenset({"mark"}))
        known = flags[f"message {uid - 1}"]
        flags[f"message {uid - 1}"] = known | {"mark"} if action is FlagAction.ADD else known - {"mark"}
        between()
    mailbox.release()


async def expunge(world: World, account: SqliteAccount) -> None:
    mailbox = await account.open("INBOX")
    for uid in (7, 8):
        if await account.expunge(mailbox, mailbox.by_uid([(uid, uid)])):
            del world.model.boxes["INBOX"][f"message {uid - 1}"]
            world.model.trash.add(f"message {uid - 1}")
        between()
    mailbox.release()


async def arrive(world: World, account: SqliteAccount) -> None:
    """A large message comes whose octets an old file without a row has already."""
    await account.append(row(account, "INBOX").id, [message(UNNAMED)])
    world.model.boxes["INBOX"]["unnamed"] = frozenset()


async def delete(world: World, account: SqliteAccount) -> None:
    try:
        await account.delete("Other")
    except MailboxMissing:
        return
    world.model.trash |= world.model.boxes.pop("Other").keys()


async def empty(world: World, account: SqliteAccount) -> None:
    """Vacuum of all that was expunged."""
    world.model.is_emptied = True
    await vacuum(account, time.time() + 10)


async def undelete(world: World, account: SqliteAccount) -> None:
    """One of the trash comes back, if it is still there."""
    ids = [item.trash_id for item in account.trash() if (item.mailbox, item.uid) == ("INBOX", 1)]
    between()
    try:
        await account.undelete(ids or [1 << 40], row(account, "INBOX").id)
    except StoreError:
        assert world.model.is_emptied or "message 0" in world.model.boxes["INBOX"]
        return
    world.model.trash.remove("message 0")
    world.model.boxes["INBOX"]["message 0"] = frozenset()


async def texts(world: World, account: SqliteAccount) -> None:
    """Search texts are made, and stored later."""
    numbers = [number for number in range(1, 20) if account.has_contents([number])]
    account.contents.texts(TextColumn.BODY, numbers)
    between()
    await account.store_texts()


async def packs(world: World, account: SqliteAccount) -> None:
    await build_packs(account, 0, lambda: False)


async def repack(world: World, account: SqliteAccount) -> None:
    await rebuild_packs(account)


async def index(world: World, account: SqliteAccount) -> None:
    await account.index.build(all_of_it=True)


async def reindex(world: World, account: SqliteAccount) -> None:
    await account.index.rebuild()


async def check(world: World, account: SqliteAccount) -> None:
    """What fsck says while others are at it, twice."""
    for _ in range(2):
        assert await fsck(account) == []
        between()


async def read(world: World, account: SqliteAccount) -> None:
    """A session that looks, and looks again later: it sees what was acknowledged, and is told of all that happened between."""
    mailbox = await account.open("INBOX")
    for _ in range(2):
        assert await world.read(account, "INBOX") == world.model.boxes["INBOX"]
        since, seen = account.modseq, set(mailbox.uids())
        between()
        await account.refresh()
        changes = mailbox.changes(since)
        gone = {uid for low, high in changes.expunged for uid in range(low, high + 1)}
        assert (seen - gone) | set(changes.added) == set(mailbox.uids())
    mailbox.release()
