"""``MemoryStore``: all accounts of a server, in this process."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from imapkit.errors import StoreError
from imapkit.ports.store import MailStore

from .account import MemoryAccount


class MemoryStore:
    """A ``MailStore`` without a disk."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._accounts: dict[str, MemoryAccount] = {}
        self._clock = clock

    async def create_account(self, account_id: str, mailboxes: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        if account_id in self._accounts:
            raise StoreError(f"there is an account {account_id!r} already")
        account = MemoryAccount(account_id, secrets.token_hex(4), self._clock)
        for name, special_use in mailboxes:
            await account.create(name, special_use)
        self._accounts[account_id] = account

    async def delete_account(self, account_id: str) -> None:
        account = await self.open_account(account_id)
        del self._accounts[account_id]
        account.gone = True
        account.went()

    async def take_away(self, account_id: str) -> None:
        (await self.open_account(account_id)).went()

    async def accounts(self) -> AsyncIterator[str]:
        for account_id in sorted(self._accounts):
            yield account_id

    async def open_account(self, account_id: str) -> MemoryAccount:
        account = self._accounts.get(account_id)
        if account is None:
            raise StoreError(f"there is no account {account_id!r}")
        return account

    async def close(self) -> None:
        self._accounts.clear()


if TYPE_CHECKING:
    _PORT: MailStore = MemoryStore()  # this is the whole port
