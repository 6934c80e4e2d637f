"""Errors of SQLite and of the operating system in the words of the package."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType

import apsw

from imapkit.errors import StoreBroken, StoreError, StoreFull

_FULL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])


class store_errors:  # reads as a word behind ``with``
    """Everything that goes wrong with ``path`` becomes a StoreError. (Every call of a store passes here, several times.)"""

    __slots__ = ("_path",)

    def __init__(self, path: Path | str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (apsw.Error, OSError)):
            raise _translated(error, self._path) from error


def _translated(error: apsw.Error | OSError, path: Path | str) -> StoreError:
    if isinstance(error, apsw.FullError):
        return StoreFull(f"no space left for {path}")
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return StoreError(f"{path} is held by another program")
    if isinstance(error, apsw.Error):
        return StoreBroken(f"{path} cannot be read or written: {error}")
    if error.errno in _FULL:
        return StoreFull(f"no space left for {path}")
    return StoreBroken(f"{path} cannot be read or written: {error.strerror}")
