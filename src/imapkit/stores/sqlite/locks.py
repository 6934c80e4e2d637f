"""The order of writers across processes: a lock file under ``flock`` (STORE rule 14), who has the account open, and who works alone.

The rule it must not break: the event loop never waits for another process; a cancelled wait gives the lock back; no process passes it
on among its own tasks for longer than ``TURN``.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from imapkit.errors import StoreError

from .errors import store_errors

TURN: Final = 0.003
"""Seconds: some ten changes."""
AGAIN: Final = 0.2
"""Seconds until somebody who waits to be alone looks again."""
UPKEEP_LOCK: Final = "upkeep.lock"
"""Beside an account's file, for ``alone``: whoever compacts its mailboxes, or removes what is not needed any more."""


class WriterLock:
    """One writer at a time: among the tasks of this process, and among processes.

    A process that has it lets those of its tasks write who wait already, one after the other, before another process comes to it: each
    change of hands costs a thread that waits, and everything read anew that the other wrote.
    """

    __slots__ = ("_behind", "_closed", "_fd", "_kept", "_path", "_since", "_tasks")

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._closed = False
        self._tasks = asyncio.Lock()
        self._behind = 0
        """Tasks that wait for another of this process."""
        self._since = 0.0
        """When this process came to it."""
        self._kept = False
        """It was left to the next task."""

    @property
    def is_held(self) -> bool:
        """By this process, or wanted."""
        return self._tasks.locked() or self._behind > 0

    async def acquire(self) -> None:
        """Raises StoreError once it is closed, and where the file cannot be opened."""
        self._behind += 1
        try:
            await self._tasks.acquire()
        except BaseException:
            self._behind -= 1
            if self._kept and not self.is_held:
                self._unlock()
            raise
        self._behind -= 1
        if self._kept and not self._closed:
            self._kept = False
            return
        try:
            if self._closed:
                raise StoreError("the account is closed")
            if self._fd < 0:
                with store_errors(self._path):
                    self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await self._wait()
        except BaseException:
            self._tasks.release()
            raise
        self._since = time.monotonic()

    async def _wait(self) -> None:
        waiting = asyncio.get_running_loop().run_in_executor(None, fcntl.flock, self._fd, fcntl.LOCK_EX)
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            waiting.add_done_callback(lambda _: self.release())
            raise
        except BaseException:
            self._tasks.release()
            raise

    def release(self) -> None:
        if self._behind and time.monotonic() - self._since < TURN:
            self._kept = True
        else:
            self._unlock()
        self._tasks.release()

    def _unlock(self) -> None:
        self._kept = False
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def rest(self) -> None:
        """Close the file, which the next writer opens again. Nobody may hold the lock, or want it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def close(self) -> None:
        """For good."""
        self._closed = True
        self.rest()


@contextmanager
def alone(path: Path | str) -> Iterator[bool]:
    """For work that one process does at a time: False within while another is inside, or another task of this one.

    Nobody waits for it. It ends with its holder, however that ends.
    """
    with store_errors(path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _is_free(fd)
    finally:
        os.close(fd)


@asynccontextmanager
async def when_alone(path: Path | str) -> AsyncIterator[None]:
    """The same for what is to be done in any case: it waits until nobody else is inside."""
    while True:
        with alone(path) as is_ours:
            if is_ours:
                yield
                return
        await asyncio.sleep(AGAIN)


def _is_free(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class OpenLock:
    """Held shared while a process has the account open; whoever gets it alone at the end is the last."""

    __slots__ = ("fd",)

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """True: nobody else has it open, nor can open it before ``close``."""
        return _is_free(self.fd)

    def close(self) -> None:
        os.close(self.fd)
