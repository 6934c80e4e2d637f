"""The connection to an account's file, opened when it is used and closed again when it was not for a while.

Most of what a session costs that waits for its phone or its user is SQLite's: some 200 KB and three descriptors an account. The rule
this file must not break: whoever uses the connection asks for it each time, and nobody keeps it across an await.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import apsw

from imapkit.errors import StoreError

from . import database
from .disk import Disk
from .read_ahead import File, next_descriptor

SWEEP: Final = 4.0
"""Seconds between two looks at who can be put to rest: a connection goes that was not used between them."""
TRIM_AFTER: Final = 32
"""So many connections closed leave enough behind for the C library to give memory back."""

WalHook = Callable[[apsw.Connection, str, int], int]


class HasConnection(Protocol):
    """What those ask for who read and write through it."""

    @property
    def db(self) -> apsw.Connection: ...


class Handle:
    """``hook``: what SQLite calls after a commit. ``was_opened``: somebody asked for it, ever."""

    __slots__ = ("_closed", "_db", "_disk", "_path", "_used", "file", "hook", "was_opened")

    def __init__(self, path: Path, disk: Disk) -> None:
        self.hook: WalHook | None = None
        self._path = path
        self._disk = disk
        self.file = File(path, -1)
        """What hints about the file are given through: its descriptor, where SQLite has it open."""
        self._db: apsw.Connection | None = None
        self._used = False
        self._closed = False
        self.was_opened = False

    @property
    def db(self) -> apsw.Connection:
        """Raises StoreError once it is closed for good, apsw.Error where it cannot be opened."""
        self._used = True
        return self._db if self._db is not None else self._open()

    def _open(self) -> apsw.Connection:
        if self._closed:
            raise StoreError("the account is closed")
        self.file = File(self._path, next_descriptor())
        self._db = database.connect(self._path, self._disk)
        self.was_opened = True
        self._db.set_wal_hook(self.hook)
        return self._db

    def is_unused(self) -> bool:
        """True when nobody asked for it since the last call of this."""
        used, self._used = self._used, False
        return not used and (self._db is None or not self._db.in_transaction)

    def rest(self) -> bool:
        """Close it until it is asked for again; True when it was open. The WAL stays as it is: the next to open the file reads it."""
        if self._db is None:
            return False
        self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self._db.close()
        self._db = None
        return True

    def close(self) -> None:
        """For good."""
        self._closed = True
        if self._db is not None:
            self._db.close()
            self._db = None


def trim_memory() -> None:
    """Give freed memory back to the system, where the C library keeps it. Runs in a thread."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
