"""A server's data directory: the store and the user directory in it, opened together, also beside a running server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ..errors import UsageError
from ..ports.directory import Directory
from ..ports.store import MailStore
from ..record import record


@record
class Data:
    store: MailStore
    directory: Directory


@asynccontextmanager
async def open_data(path: Path, *, make: bool = False, durable_flags: bool = False) -> AsyncIterator[Data]:
    """``make``: a directory that is not there is made. ``durable_flags``: flags are as durable as mail. Raises UsageError, StoreError."""
    from ..stores.directory.sqlite import SqliteDirectory
    from ..stores.sqlite import SqliteStore

    if make:
        make_directory(path)
    else:
        _check(path)
    directory = SqliteDirectory(path)
    try:
        store = SqliteStore(path, flags_durable=durable_flags)
        try:
            yield Data(store, directory)
        finally:
            await store.close()
    finally:
        directory.close()


def make_directory(path: Path) -> None:
    """For its owner's eyes only. Raises UsageError, OSError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{path} is no directory, and none can be made there") from error


def _check(path: Path) -> None:
    if not path.is_dir():
        raise UsageError(f"there is no data directory {path}")
