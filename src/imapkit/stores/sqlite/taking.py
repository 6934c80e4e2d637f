"""An account is taken from all who have it open: to be repaired, to be deleted, or because its user may not be here any more.

The rule this file must not break: whoever had the account open commits nothing to it afterwards, whether anybody told it or not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import apsw

from . import database
from .disk import Disk
from .errors import store_errors
from .locks import OpenLock, WriterLock
from .states import read_counters
from .tick import TickWord


@asynccontextmanager
async def nobody_writes(directory: Path) -> AsyncIterator[TickWord]:
    """Nobody else writes to the account, and nobody begins to use it."""
    lock = WriterLock(f"{directory}/writer.lock")
    with store_errors(directory):
        opened = OpenLock(f"{directory}/open.lock")
    try:
        async with lock:
            with store_errors(directory):
                ticks = TickWord(opened.fd)
            yield ticks
            ticks.close()
    finally:
        lock.close()
        opened.close()


@contextmanager
def connected(path: Path, disk: Disk) -> Iterator[apsw.Connection]:
    """A connection to an account's file, for work of its own that is on the disk when it is done."""
    db = database.connect(path, disk)
    try:
        db.execute("PRAGMA synchronous=FULL").fetchall()
        yield db
    finally:
        db.close()


async def take_away(directory: Path, disk: Disk, tell: Callable[[int], None]) -> None:
    """``tell`` is called with a MODSEQ when others are to look at the account. Raises StoreError."""
    path = directory / database.FILE
    async with nobody_writes(directory) as ticks:
        with store_errors(path), connected(path, disk) as db:
            ticks.take_away()
            # A number that none of them knows: who looks later must not find the one that it had.
            with db:
                db.execute("UPDATE account SET tick = tick + 1")
            counters = read_counters(db)
            ticks.write(counters.tick)
    tell(counters.modseq)
