"""What an account does behind its commands: checkpoints, compaction of the log, search texts (STORE rules 3 and 16).

The rule it must not break: nothing here is on the path of a command, and each step is short; a step that fails is logged and
tried again later, and nobody's mail hangs on it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from pathlib import Path
from typing import Final, Protocol

import apsw

from imapkit.errors import MailboxMissing, StoreError
from imapkit.stores.log.state import State

from .compaction import Compacted, compact
from .contents import Contents
from .database import checkpoint
from .disk import Disk
from .errors import store_errors
from .large_texts import make_large
from .search_index import TextIndex
from .sort_packs import SPAN_BITS, build_packs

PAGES: Final = 1000
"""A checkpoint is due at this many pages of WAL …"""
MANY_PAGES: Final = 16_384
"""… and at this many (64 MB) writers wait until the file is cut."""
LEAST_LOG: Final = 128 << 10
"""Logs shorter than this are never compacted: small mailboxes have no snapshot at all."""
MOST_LOG: Final = 1 << 20
"""Logs longer than this always are."""
UPKEEP_AGAIN: Final = 0.5
"""Seconds until an account is looked at again that another process is at."""
TEXTS_AT_ONCE: Final = 64
TEXTS_AFTER: Final = 0.5
"""Seconds after an arrival when its text is made: a burst comes first."""
INDEX_AFTER: Final = 0.5
"""Seconds until a search index that lags is built: that is the batch of arrivals of a busy account."""
TEXTS_STEP: Final = 8
"""Texts made without a pause."""

Work = Callable[[], Coroutine[object, object, None]]

_log = logging.getLogger(__name__)


class Maintained(Compacted, Protocol):
    """What is asked of an account."""

    disk: Disk
    threads: Executor
    contents: Contents
    next_content: int

    @property
    def index(self) -> TextIndex: ...

    async def store_texts(self) -> None: ...


class Maintenance:
    """The background tasks of one account, at most one of each kind."""

    __slots__ = (
        "_account",
        "_due",
        "_failed",
        "_first_span",
        "_first_text",
        "_pages",
        "_stopped",
        "_stopping",
        "_tasks",
    )

    def __init__(self, account: Maintained) -> None:
        self._account = account
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._due: dict[int, None] = {}
        self._failed: dict[int, int] = {}
        """Octets of log up to which a mailbox is not tried again: what failed may fail after each commit."""
        self._stopped = False
        self._pages = 0
        self._first_text: int | None = None
        self._first_span = 0
        """From here on sort keys may be not packed yet."""
        self._stopping: asyncio.Future[None] | None = None
        """For those who pause."""

    def committed(self, db: apsw.Connection, name: str, pages: int) -> int:
        """SQLite's hook: so many pages are in the WAL after a commit."""
        self._pages = pages
        if pages >= PAGES:
            self._begin("checkpoint", self._checkpoint)
        return apsw.SQLITE_OK

    def consider(self, state: State) -> None:
        """After a commit: compact the mailbox when its log has grown to a quarter of its snapshot."""
        if self._is_due(state):
            self._due[state.id] = None
            self._begin("compact", self._compact)

    def _is_due(self, state: State) -> bool:
        if state.log_size <= min(max(LEAST_LOG, state.snapshot_size // 4), MOST_LOG):
            return False
        return not self._failed or state.log_size > self._failed.get(state.id, 0)

    def texts_made(self) -> None:
        if len(self._account.contents.new_texts) >= TEXTS_AT_ONCE:
            self._begin("texts", self._store_texts)

    def _begin(self, kind: str, work: Work) -> None:
        if self._stopped or kind in self._tasks:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # called outside a loop: the next commit asks again
        task = loop.create_task(self._guard(kind, work()))
        self._tasks[kind] = task

    async def _guard(self, kind: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except StoreError as error:
            if not self._stopped:  # a task that finds the account closed is late, and nothing is lost
                _log.warning("account %s: %s failed: %s", self._account.id, kind, error)
        finally:
            del self._tasks[kind]

    async def _checkpoint(self) -> None:
        loop = asyncio.get_running_loop()
        account = self._account
        args = (account.path, account.disk)
        threads = account.threads
        passive, truncate = apsw.SQLITE_CHECKPOINT_PASSIVE, apsw.SQLITE_CHECKPOINT_TRUNCATE
        done = await loop.run_in_executor(threads, checked, *args, passive)
        if self._pages <= done:
            return
        # Writers went on meanwhile. What they added is little: with them held for a moment the WAL starts over.
        async with account.lock:
            mode = truncate if self._pages >= MANY_PAGES else passive
            await loop.run_in_executor(threads, checked, *args, mode)

    async def _compact(self) -> None:
        """Those that are due, and still are when this process comes to it: others may have done it meanwhile."""
        while self._due and not self._stopped:
            mailbox_id = next(iter(self._due))
            if await self._compact_one(mailbox_id):
                del self._due[mailbox_id]
            else:
                await self._pause(UPKEEP_AGAIN)

    async def _compact_one(self, mailbox_id: int) -> bool:
        """False: another process is at it, or at another mailbox."""
        account = self._account
        await account.refresh()
        state = account.states.get(mailbox_id)
        if state is None or not self._is_due(state):
            return True
        try:
            return await compact(account, mailbox_id)
        except MailboxMissing:
            return True
        except StoreError as error:
            if not self._stopped:
                self._failed[mailbox_id] = 2 * state.log_size
                _log.warning("account %s: compact failed: %s", account.id, error)
            return True

    def arrived(self, content: int) -> None:
        """New contents from this id on: their search texts are made behind them."""
        if self._first_text is None:
            self._first_text = content
        self._begin("arrivals", self._make_texts)

    async def _make_texts(self) -> None:
        account = self._account
        await self._pause(TEXTS_AFTER)
        while self._first_text is not None and not self.is_stopping():
            with store_errors(account.path):
                found = account.contents.without_text(self._first_text, TEXTS_AT_ONCE)
            for at in range(0, len(found), TEXTS_STEP):
                await self._make_some(found[at : at + TEXTS_STEP])
                await self._pause(0.001)
                if self.is_stopping():
                    return
            # Before the next await: what arrives from here on sets it again.
            self._first_text = found[-1] + 1 if found else None
            if found:
                await account.store_texts()
        if account.index.is_behind(account.index.done()):
            self.index_behind()
        if account.next_content >> SPAN_BITS > self._first_span:
            self._begin("sort packs", self._pack)

    async def _make_some(self, numbers: list[int]) -> None:
        """One that cannot be read does not keep the others from their texts; it may have been removed meanwhile."""
        account = self._account
        for number in numbers:
            try:
                await make_large(account, [number])
                with store_errors(account.path):
                    account.contents.make_text(number)
            except StoreError as error:
                with store_errors(account.path):
                    is_there = account.contents.count([number])
                if is_there:
                    _log.warning("account %s: no text of content %d: %s", account.id, number, error)

    async def _pack(self) -> None:
        self._first_span = await build_packs(self._account, self._first_span, self.is_stopping)

    def index_behind(self) -> None:
        """The search index lags: it is brought up to date when there is time."""
        self._begin("index", self._index)

    async def _index(self) -> None:
        await self._pause(INDEX_AFTER)
        if not self.is_stopping():
            await self._account.index.build()

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    def is_stopping(self) -> bool:
        return self._stopped

    async def _pause(self, seconds: float) -> None:
        """Let others work; ends early when the account is closed."""
        if not self._stopped:
            if self._stopping is None:
                self._stopping = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._stopping], timeout=seconds)

    async def _store_texts(self) -> None:
        await asyncio.sleep(0)
        await self._account.store_texts()

    async def stop(self) -> None:
        """No new tasks; those that run are waited for."""
        self._stopped = True
        if self._stopping is not None and not self._stopping.done():
            self._stopping.set_result(None)
        await self.idle()

    async def idle(self) -> None:
        """Wait until nothing is being done."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))


def checked(path: Path, disk: Disk, mode: int) -> int:
    """``checkpoint`` with its errors in the package's words."""
    with store_errors(path):
        return checkpoint(path, disk, mode)
