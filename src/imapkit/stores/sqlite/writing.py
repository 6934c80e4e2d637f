"""One change of an account from its lock to its COMMIT (STORE rules 11, 12 and 14).

The rule it must not break: what others wrote is known before the change is put together, and a change that fails leaves nothing behind.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Protocol

from imapkit.stores.log.state import Change

from .locks import WriterLock


class Written(Protocol):
    """What is asked of an account."""

    lock: WriterLock

    async def take_in_use(self) -> None: ...

    def begin(self) -> Change: ...

    def commit(self, change: Change) -> None: ...

    def rollback(self) -> None: ...


class Writing(AbstractAsyncContextManager[Change]):
    """Lock, transaction, what others wrote; then the change is put together; then COMMIT, memory, unlock."""

    def __init__(self, account: Written) -> None:
        self.account = account

    async def __aenter__(self) -> Change:
        await self.account.lock.acquire()
        try:
            await self.account.take_in_use()
            self.change = self.account.begin()
        except BaseException:
            self.account.lock.release()
            raise
        return self.change

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and not self.change.empty:
                self.account.commit(self.change)
            else:
                self.account.rollback()
        finally:
            self.account.lock.release()
