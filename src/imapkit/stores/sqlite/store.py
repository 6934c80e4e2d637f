"""``SqliteStore``: all accounts under one data directory, opened and closed by use (STORE rules 19, 20 and 24)."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imapkit.errors import StoreError
from imapkit.ports.store import MailStore

from . import budget, creation
from .account import SqliteAccount
from .disk import Disk
from .errors import store_errors
from .handle import SWEEP, TRIM_AFTER, trim_memory
from .hints import Hints
from .repair import Repair, repair
from .sync import SyncThreads
from .taking import nobody_writes, take_away

_log = logging.getLogger(__name__)
DESCRIPTORS: Final = 6
"""Of an account in use; one at rest has one."""
MOST_ACCOUNTS: Final = 4096
LOOK_EVERY: Final = 10.0
"""Seconds between two looks at the accounts for which somebody waits."""
ALL_COLUMNS: Final = 8
"""So many times the budget of one account is for the columns of all, before idle ones are closed."""


class _Door:
    __slots__ = ("lock", "wanted")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.wanted = 0


class SqliteStore:
    """A ``MailStore`` in a directory. Used by one event loop; ``open`` is called by the first use of an account too."""

    def __init__(
        self,
        data_dir: Path,
        *,
        flags_durable: bool = False,
        disk: Disk | None = None,
        most_accounts: int | None = None,
        columns_budget: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.data = data_dir
        self.flags_durable = flags_durable
        self.disk = disk if disk is not None else Disk()
        self.columns_budget = columns_budget if columns_budget is not None else budget.columns_budget()
        self.clock = clock
        self.threads = ThreadPoolExecutor(8, "imapkit-store")
        self.syncs = SyncThreads()
        self._most = most_accounts if most_accounts is not None else _account_budget()
        self._accounts: dict[str, SqliteAccount] = {}
        self._doors: dict[str, _Door] = {}
        self._hints = Hints(data_dir / "run", self._heard)
        self._octets = 0
        """Memory held by the columns of all accounts, as of the last time that each was given back."""
        self._is_open = False
        self._sweeper: asyncio.TimerHandle | None = None
        self._looker: asyncio.TimerHandle | None = None
        self._resting = 0
        """Accounts put to rest since memory was given back."""

    async def open(self) -> None:
        """Make the directories and listen for hints."""
        if self._is_open:
            return
        with store_errors(self.data):
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (self.data / "accounts").exists():
                (self.data / "accounts").mkdir(mode=0o700, exist_ok=True)
                self.disk.sync_directory(self.data)
            self._hints.open()
        self._is_open = True

    async def create_account(self, account_id: str, mailboxes: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        directory = creation.account_directory(self.data, account_id)
        await self.open()
        creation.create(directory, mailboxes, self.disk)

    async def delete_account(self, account_id: str) -> None:
        await self.open()
        directory = self._directory(account_id)
        loop = asyncio.get_running_loop()
        async with self._door(account_id):
            async with nobody_writes(directory) as ticks:
                with store_errors(directory):
                    ticks.take_away()
                gone = await loop.run_in_executor(self.threads, creation.move_away, directory, self.disk)
            self._tell(account_id, 0)
            account = self._accounts.pop(account_id, None)
            if account is not None:
                await self._drop_if_gone(account)
        await loop.run_in_executor(self.threads, creation.remove, gone)

    async def take_away(self, account_id: str) -> None:
        await self.open()
        await take_away(self._directory(account_id), self.disk, lambda modseq: self._tell(account_id, modseq))

    async def accounts(self) -> AsyncIterator[str]:
        await self.open()
        for path in sorted((self.data / "accounts").iterdir()):
            if not path.name.startswith("."):
                yield path.name

    def _directory(self, account_id: str) -> Path:
        directory = creation.account_directory(self.data, account_id)
        if not directory.is_dir():
            raise StoreError(f"there is no account {account_id!r}")
        return directory

    async def open_account(self, account_id: str) -> SqliteAccount:
        await self.open()
        account = self._accounts.pop(account_id, None)
        if account is not None and await self._drop_if_gone(account):
            account = None
        if account is None:
            async with self._door(account_id):
                account = self._accounts.pop(account_id, None) or await self._start(account_id)
                self._accounts[account_id] = account
                account.holders += 1
        else:
            # The last in the dictionary is the one that was used last.
            self._accounts[account_id] = account
            account.holders += 1
        self._sweep_later()
        await account.refresh()
        return account

    async def repair(self, account_id: str) -> Repair:
        """Put right what is damaged in an account; its sessions, in other processes too, end. Raises StoreError."""
        await self.open()
        self._directory(account_id)
        return await repair(self.data, account_id, self.disk, lambda modseq: self._tell(account_id, modseq))

    async def _start(self, account_id: str) -> SqliteAccount:
        account = SqliteAccount(account_id, self._directory(account_id), self)
        try:
            await account.start()
        except BaseException:
            await account.abandon()
            raise
        return account

    async def _drop_if_gone(self, account: SqliteAccount) -> bool:
        """True: it was taken away, and the account is to be opened anew. Whoever still holds this one closes it."""
        if not account.is_gone():
            return False
        self._count(account, 0)
        if account.holders == 0:
            await account.close()
        return True

    @asynccontextmanager
    async def _door(self, account_id: str) -> AsyncIterator[None]:
        """One at a time opens or closes an account."""
        door = self._doors.setdefault(account_id, _Door())
        door.wanted += 1
        try:
            async with door.lock:
                yield
        finally:
            door.wanted -= 1
            if not door.wanted:
                del self._doors[account_id]

    async def give_back(self, account: SqliteAccount) -> None:
        account.holders -= 1
        if self._accounts.get(account.id) is not account:
            if account.holders == 0 and not account.closed:
                await account.close()
            return
        self._count(account, 0 if account.closed else account.octets)
        if not self._is_over_budget():
            return
        for account_id, idle in list(self._accounts.items()):
            if not self._is_over_budget():
                return
            if idle.holders == 0:
                async with self._door(account_id):
                    if idle.holders == 0 and self._accounts.get(account_id) is idle:
                        del self._accounts[account_id]
                        self._count(idle, 0)
                        await idle.close()

    def _count(self, account: SqliteAccount, octets: int) -> None:
        """One account a time: a logout must not look at thousands of others."""
        self._octets += octets - account.counted
        account.counted = octets

    def _is_over_budget(self) -> bool:
        return len(self._accounts) > self._most or self._octets > self.columns_budget * ALL_COLUMNS

    # Rest

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    def _sweep(self) -> None:
        """Put those to rest that nobody used since the last time."""
        self._sweeper = None
        self._resting += sum(account.rest() for account in self._accounts.values())
        if self._resting >= TRIM_AFTER:
            self._resting = 0
            asyncio.get_running_loop().run_in_executor(self.threads, trim_memory)
        if self._accounts:
            self._sweep_later()

    # Hints

    def committed(self, account: SqliteAccount) -> None:
        self._hints.send(account.id, account.modseq)

    def _tell(self, account_id: str, modseq: int) -> None:
        """Other processes, and who has the account open in this one."""
        self._hints.send(account_id, modseq)
        self._heard(account_id, modseq)

    def look_later(self) -> None:
        """One timer for all who wait: ten thousand idle sessions must not each look for themselves."""
        if self._looker is None:
            self._looker = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look_at_all)

    def _look_at_all(self) -> None:
        self._looker = None
        if sum(account.look() for account in self._accounts.values()):
            self.look_later()

    def _heard(self, account_id: str, modseq: int) -> None:
        account = self._accounts.get(account_id)
        if account is None or account.closed:
            return
        try:
            if not account.is_gone():
                account.hear()
        except StoreError as error:
            _log.warning("account %s: a hint could not be followed: %s", account.id, error)

    async def close(self) -> None:
        """Close all accounts; each is synced, checkpointed and marked."""
        self._hints.close()
        for timer in (self._sweeper, self._looker):
            if timer is not None:
                timer.cancel()
        while self._accounts:
            _, account = self._accounts.popitem()
            await account.close()
        self.syncs.close()
        self.threads.shutdown()
        self._is_open = False


def _account_budget() -> int:
    """Two thirds of the descriptors are for accounts."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_ACCOUNTS if soft < 0 else max(4, min(MOST_ACCOUNTS, soft * 2 // 3 // DESCRIPTORS))


if TYPE_CHECKING:
    _PORT: MailStore = SqliteStore(Path())  # this is the whole port
