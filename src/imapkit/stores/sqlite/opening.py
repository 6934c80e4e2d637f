"""The first look at an account's file: what is read of it before the first answer.

A file that was closed cleanly and that has no WAL lies still: all of it is in the file itself, and whoever holds the writer's lock can
read it as it is. That takes a sixth of the time of a full connection, which makes two files and maps one of them; many sessions only log
in, look and wait, and need no more. The rule this file must not break: such a connection ends before the lock is given back, for it
looks neither at locks nor at a WAL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote

import apsw

from imapkit.errors import StoreBroken
from imapkit.ports.store import INBOX
from imapkit.record import record
from imapkit.stores.log.state import State

from . import database
from .columns import NumpyColumns
from .disk import Disk
from .handle import HasConnection
from .loading import load_columns
from .schema import SCHEMA, migrate, read_all_meta
from .states import Counters, read_counters, read_states

_SMALL_LOG: Final = 4096
"""Octets of log from which the columns of INBOX are made at once: nearly everybody who logs in selects it."""


@record
class Beginning:
    """An account as it was found."""

    token: str
    counters: Counters
    subscribed: frozenset[str]
    states: list[State]
    inbox: tuple[State, NumpyColumns] | None
    """Of a small one without a snapshot."""
    was_cut: bool
    """Its numbers were skipped ahead: that must be on the disk before the first answer."""


def begin(handle: HasConnection, path: Path, disk: Disk) -> Beginning:
    """Bring the file up to date, skip ahead after a power cut, and read it. The caller holds the writer's lock."""
    boot = disk.boot_id()
    if not _has_wal(path):
        with _still(path, disk) as db:
            meta = read_all_meta(db)
            if meta.get("schema") == str(SCHEMA) and meta.get("clean") == "1":
                return _read(db, path, meta, was_cut=False)
    db = handle.db
    migrate(db, path)
    meta = read_all_meta(db)
    was_cut = database.was_cut(meta, boot)
    if was_cut:
        database.skip_ahead(db, boot)
    db.execute("BEGIN")
    try:
        return _read(db, path, meta, was_cut=was_cut)
    finally:
        db.execute("COMMIT")


def _has_wal(path: Path) -> bool:
    """An empty one holds nothing back: somebody has the file open and wrote nothing."""
    try:
        return os.stat(f"{path}-wal").st_size > 0
    except FileNotFoundError:
        return False


@contextmanager
def _still(path: Path, disk: Disk) -> Iterator[apsw.Connection]:
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    db = apsw.Connection(f"file:{quote(str(path))}?immutable=1", flags=flags, vfs=disk.vfs)
    try:
        yield db
    finally:
        db.close()


def _read(db: apsw.Connection, path: Path, meta: dict[str, str], *, was_cut: bool) -> Beginning:
    token = meta.get("token")
    if not token:
        raise StoreBroken(f"{path} lacks its token")
    counters = read_counters(db)
    names = cast("list[tuple[str]]", db.execute("SELECT name FROM subscription").fetchall())
    states = read_states(db, -1)
    return Beginning(token, counters, _set_of(tuple(names)), states, _small_inbox(db, states), was_cut)


@lru_cache(256)
def _set_of(rows: tuple[tuple[str], ...]) -> frozenset[str]:
    """Most accounts have the same few names."""
    return frozenset(name for (name,) in rows)


def _small_inbox(db: apsw.Connection, states: list[State]) -> tuple[State, NumpyColumns] | None:
    for state in states:
        if state.name == INBOX and not state.snapshot_size and state.log_size <= _SMALL_LOG:
            return state, load_columns(db, state)
    return None
