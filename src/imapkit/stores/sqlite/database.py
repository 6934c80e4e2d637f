"""The connection to an account's file, and the power-cut rule.

An account that was not closed cleanly in this boot may have lost what it showed but had not synced: its numbers are skipped
ahead before the first answer, and whoever saw more is sent back to a full comparison (STORE rule 5).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import apsw

from imapkit.stores.log.codec import encode
from imapkit.stores.log.entry import Kind, Touched

from .disk import Disk
from .schema import write_meta
from .states import PART_BITS, read_counters, read_states, write_state

FILE: Final = "mail.db"
SKIP: Final = 1 << 20
BUSY_MS: Final = 5000


def connect(path: Path, disk: Disk) -> apsw.Connection:
    """A connection as STORE rules 11 and 16 want it: WAL, NORMAL, no checkpoint on the path of a commit.

    Where there is no file there will be none: an account that lost its file must not look like an empty one.
    """
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=disk.vfs)
    try:
        db.set_busy_timeout(BUSY_MS)
        db.execute("PRAGMA journal_mode=WAL").fetchall()
        db.execute("PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0").fetchall()
        db.execute("PRAGMA cache_size=-8000; PRAGMA journal_size_limit=67108864").fetchall()
    except BaseException:
        db.close()
        raise
    return db


def was_cut(meta: Mapping[str, str], boot: str) -> bool:
    """True when the machine may have stopped while somebody wrote."""
    if meta.get("clean") == "1":
        return False
    return not boot or meta.get("boot") != boot


def mark_in_use(db: apsw.Connection, boot: str) -> None:
    """Inside a transaction of the caller's."""
    write_meta(db, "boot", boot)
    write_meta(db, "clean", "0")


def skip_ahead(db: apsw.Connection, boot: str) -> None:
    """After a power cut: no number that was ever shown may come again. The caller holds the writer's lock."""
    now = int(time.time())
    with db:
        db.execute(
            "UPDATE account SET modseq = modseq + ?1, uidvalidity = uidvalidity + 65536, tick = tick + 1,"
            " next_mailbox = next_mailbox + 65536, next_content = next_content + ?1, next_trash = next_trash + ?1",
            (SKIP,),
        )
        counters = read_counters(db)
        modseq = counters.modseq
        for state in read_states(db, -1):
            modseq += 1
            data = encode(Touched([(1, state.uidnext + SKIP - 1)]))
            db.execute(
                "INSERT INTO log VALUES (?, ?, ?, '', ?, ?)",
                (modseq << PART_BITS, state.id, int(Kind.TOUCHED), now, data),
            )
            state.uidnext += SKIP
            state.modseq = state.floor = modseq
            state.log_size += len(data)
            write_state(db, state, counters.tick)
        db.execute("UPDATE account SET modseq = ?", (modseq,))
        mark_in_use(db, boot)


def checkpoint(path: Path, disk: Disk, mode: int) -> int:
    """Pages of the WAL that are in the file now, through a connection of its own. Runs in a thread."""
    # Nothing is made in the place of a file that went meanwhile.
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=disk.vfs)
    try:
        db.set_busy_timeout(BUSY_MS)
        db.execute("PRAGMA synchronous=NORMAL").fetchall()
        return checkpointed(db, mode)
    finally:
        db.close()


def checkpointed(db: apsw.Connection, mode: int) -> int:
    """The same through ``db``. Nothing happens while another process is at it."""
    try:
        return db.wal_checkpoint(mode=mode)[1]
    except apsw.BusyError:
        return 0
