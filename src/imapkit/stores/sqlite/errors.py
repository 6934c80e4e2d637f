"""Errors of SQLite and of the operating system in the words of the package."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from imapkit.errors import StoreBroken, StoreError, StoreFull

_FULL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])


@contextmanager
def store_errors(path: Path | str) -> Iterator[None]:
    """Everything that goes wrong with ``path`` becomes a StoreError."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreFull(f"no space left for {path}") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreError(f"{path} is held by another program") from error
    except apsw.Error as error:
        raise StoreBroken(f"{path} cannot be read or written: {error}") from error
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(f"no space left for {path}") from error
        raise StoreBroken(f"{path} cannot be read or written: {error.strerror}") from error
