"""Vacuum: what was expunged long ago goes for good, and files that no row names (STORE rule 10).

The rule it must not break: what a mailbox or a younger part of the trash holds stays, whatever others do meanwhile. Contents are
chosen without the writer's lock; with it the trash is looked at once more. After its row went, nothing can bring a content back: no
mailbox that was read then has it, and only the trash could give it to one.
"""

from __future__ import annotations

import asyncio
import os
import time
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.errors import StoreBroken
from imapkit.stores.log.trash import TrashBatch

from .blobs import Blobs
from .disk import Disk
from .errors import store_errors
from .handle import HasConnection
from .loading import load_columns
from .locks import UPKEEP_LOCK, WriterLock, when_alone
from .reading import reading
from .sort_packs import drop_packs
from .states import read_states, read_trash

DAY: Final = 86_400
UNNAMED: Final = DAY
"""Seconds that a file may be there before a row names it."""
AT_ONCE: Final = 500
"""Contents of one transaction: writers wait so long."""
_ALL: Final = (1, (1 << 32) - 1)
_TABLES: Final = ("text", "sort_key", "fields", "blob", "content")

Numbers = npt.NDArray[np.int64]


class Vacuumable(HasConnection, Protocol):
    """What is asked of an account."""

    path: Path
    lock: WriterLock
    disk: Disk
    blobs: Blobs

    async def refresh(self) -> None: ...


@dataclass(slots=True)
class Vacuumed:
    """What went for good."""

    messages: int = 0
    """That could be brought back until now."""
    contents: int = 0
    files: int = 0
    octets: int = 0
    """Of the files."""


async def vacuum(account: Vacuumable, before: float) -> Vacuumed:
    """Remove what was expunged before that time (seconds since 1970). Raises StoreError."""
    done = Vacuumed()
    async with when_alone(account.path.parent / UPKEEP_LOCK):
        await account.refresh()
        with store_errors(account.path), reading(account.db):
            old, dead = _choose(account.db, before)
        await _pause(account)
        if await _drop_trash(account, old):
            done.messages = sum(_left(batch) for batch in old)
            for at in range(0, len(dead), AT_ONCE):
                await _pause(account)
                await _drop_contents(account, dead[at : at + AT_ONCE])
                done.contents = min(at + AT_ONCE, len(dead))
        await _drop_files(account, done)
    return done


async def _pause(account: Vacuumable) -> None:
    """Between two transactions."""
    account.disk.reached("upkeep")
    await asyncio.sleep(0)


def _choose(db: apsw.Connection, before: float) -> tuple[list[TrashBatch], Numbers]:
    """(batches of the trash that are old, contents that nothing but them holds)."""
    old: list[TrashBatch] = []
    held: list[Numbers] = []
    for number in [cast(int, row[0]) for row in db.execute("SELECT id FROM trash ORDER BY id").fetchall()]:
        batch = read_trash(db, number)
        if batch is None:
            continue
        if batch.time < before:
            old.append(batch)
        else:
            held.append(np.array(batch.batch.content, np.int64))
    held += _held_by_mailboxes(db)
    # Texts too: one may have been stored after its content went.
    query = "SELECT id FROM content UNION SELECT id FROM text"
    every = np.array([row[0] for row in db.execute(query).fetchall()], np.int64)
    return old, np.setdiff1d(every, np.concatenate([*held, np.empty(0, np.int64)]))


def _held_by_mailboxes(db: apsw.Connection) -> list[Numbers]:
    """Raises StoreBroken where mail may be out of sight: what belongs to it must not look like nobody's."""
    states = read_states(db, -1)
    held: list[Numbers] = []
    for state in states:
        content = load_columns(db, state).segment(*_ALL)[0]["content"].astype(np.int64)
        if len(content) != state.messages:
            raise StoreBroken(
                f"{state.name!r} has {len(content)} messages and counts {state.messages}; run fsck"
            )
        held.append(content)
    counted = cast("list[tuple[int]]", db.execute("SELECT messages FROM account").fetchall())
    if counted != [(sum(state.messages for state in states),)]:
        raise StoreBroken("the account counts other messages than its mailboxes have; run fsck")
    return held


def _left(batch: TrashBatch) -> int:
    return len(batch.batch) - sum(high - low + 1 for low, high in batch.taken)


async def _drop_trash(account: Vacuumable, old: list[TrashBatch]) -> bool:
    """False, and nothing done, when somebody brought a message of it back meanwhile: the next vacuum takes it."""
    async with account.lock:
        db = account.db
        with store_errors(account.path), db:
            for batch in old:
                now = read_trash(db, batch.id)
                if now is None or now.taken != batch.taken:
                    return False
            db.executemany("DELETE FROM trash WHERE id = ?", [(batch.id,) for batch in old])
            for table in ("segment", "snapshot"):  # of mailboxes that went while a snapshot was taken
                db.execute(f"DELETE FROM {table} WHERE mailbox NOT IN (SELECT id FROM mailbox)")
    return True


async def _drop_contents(account: Vacuumable, dead: Numbers) -> None:
    numbers = array("q", dead.tobytes())
    async with account.lock:
        with store_errors(account.path), account.db:
            for table in _TABLES:
                query = f"DELETE FROM {table} WHERE id IN (SELECT value FROM carray(?))"
                account.db.execute(query, (apsw.carray(numbers),))
            drop_packs(account.db, dead)


async def _drop_files(account: Vacuumable, done: Vacuumed) -> None:
    limit = time.time() - UNNAMED
    old = [path for path in account.blobs.files() if _modified(path) < limit]
    for path in old:
        await _pause(account)
        async with account.lock:
            with store_errors(account.path):
                query = "SELECT 1 FROM blob WHERE file = ? LIMIT 1"
                named = account.db.execute(query, (path.name,)).fetchall()
                size = 0 if named else _remove(path, account.blobs.aside(), limit, account.disk)
        if size:
            done.files += 1
            done.octets += size


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _remove(path: Path, aside: Path, limit: float, disk: Disk) -> int:
    """Octets that went. A message that arrives at this moment may put the same octets under the same name: then they stay.

    Under the writer's lock: see ``Blobs.need``.
    """
    aside.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return 0
    disk.reached("aside")
    found = aside.stat()
    if found.st_mtime >= limit:
        os.replace(aside, path)
        disk.sync_directory(path.parent)
        return 0
    aside.unlink()
    return found.st_size
