"""After an upgrade that brings a new check, the server looks at every account once, in the background, and logs what it finds.

The rule this file must not break: nobody waits for it: it begins once the server listens, one worker does it, and an account that cannot
even be opened is one line more.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Final

from ..errors import StoreError
from ..server import log
from .data import Data
from .upkeep import wanted_accounts
from .words import shown

VERSION: Final = 1
"""Of the check: with a higher one, every account is looked at again."""
_NAME: Final = "checked"
_PAUSE: Final = 0.05
"""Seconds between two accounts, for everybody else."""


async def first_check(data: Path, opened: Data) -> int:
    """Look at all accounts, unless that was done before or another worker does it now. Gives the number of those with a fault."""
    fd = os.open(data / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        if os.pread(fd, 16, 0).strip() == b"%d" % VERSION:
            return 0
        faulty = 0
        for account, user in await wanted_accounts(opened, None):
            faulty += await _look(data, opened, account, user)
            await asyncio.sleep(_PAUSE)
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % VERSION, 0)
        return faulty
    finally:
        os.close(fd)


async def _look(data: Path, opened: Data, account_id: str, user: str) -> bool:
    from ..stores.sqlite import SqliteAccount, quick_check

    try:
        account = await opened.store.open_account(account_id)
        try:
            faults = await quick_check(account) if isinstance(account, SqliteAccount) else []
        finally:
            await account.release()
    except StoreError as error:
        faults = [str(error)]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        log.get("server").error(
            "an account is damaged",
            user=user,
            fault=faults[0] + more,
            run=f"imapkit fsck {shown(user)} --data {shown(str(data))}",
        )
    return bool(faults)
