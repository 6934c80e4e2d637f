"""Account directories: made whole or not at all, removed whole."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from imapkit.errors import StoreError, UsageError
from imapkit.stores.log.entry import ACCOUNT, Created
from imapkit.stores.log.state import Change, State

from . import database
from .disk import Disk
from .errors import store_errors
from .schema import migrate, write_meta
from .states import write_entries, write_state

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def account_directory(data: Path, account_id: str) -> Path:
    """Where an account lives. Raises UsageError for an id that is none."""
    if not _ACCOUNT.fullmatch(account_id):
        raise UsageError(f"not an account id: {account_id!r}")
    return data / "accounts" / account_id


def create(directory: Path, mailboxes: Sequence[tuple[str, tuple[str, ...]]], disk: Disk) -> None:
    """Make the account beside its place, then move it there, durably."""
    fresh = directory.parent / f".new-{secrets.token_hex(8)}"
    with store_errors(directory):
        if directory.exists():
            raise StoreError(f"there is an account {directory.name!r} already")
        fresh.mkdir(mode=0o700)
        try:
            (fresh / "blobs").mkdir(mode=0o700)
            _fill(fresh / database.FILE, mailboxes, disk)
            disk.sync_directory(fresh)
            os.rename(fresh, directory)
            disk.sync_directory(directory.parent)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


def _fill(path: Path, mailboxes: Sequence[tuple[str, tuple[str, ...]]], disk: Disk) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    db = database.connect(path, disk)
    try:
        db.execute("PRAGMA synchronous=FULL")
        migrate(db, path)
        token = secrets.token_hex(4)
        now = int(time.time())
        with db:
            write_meta(db, "token", token)
            write_meta(db, "clean", "1")
            for number, (name, special_use) in enumerate(mailboxes, 1):
                state = State(number, name, f"F{token}{number:x}", now + number, special_use, modseq=number)
                change = Change(number, now, {})
                change.log(ACCOUNT, Created(number, name))
                write_entries(db, change)
                write_state(db, state, number)
            last = len(mailboxes)
            db.execute(
                "UPDATE account SET modseq = ?1, uidvalidity = ?2, tick = ?1, next_mailbox = ?3",
                (last, now + last, last + 1),
            )
    finally:
        db.close()


def move_away(directory: Path, disk: Disk) -> Path:
    """The account is where nobody finds it, durably; gives the place, for ``remove``."""
    gone = directory.parent / f".gone-{secrets.token_hex(8)}"
    with store_errors(directory):
        os.rename(directory, gone)
        disk.sync_directory(directory.parent)
    return gone


def remove(gone: Path) -> None:
    """Delete the files of what was moved away."""
    with store_errors(gone):
        shutil.rmtree(gone)
