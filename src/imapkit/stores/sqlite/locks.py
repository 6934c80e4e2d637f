"""The order of writers across processes: a lock file under ``flock`` (STORE rule 14), and who has the account open.

The rule it must not break: the event loop never waits for another process; a cancelled wait gives the lock back.
"""

from __future__ import annotations

import asyncio
import fcntl
import os

from imapkit.errors import StoreError

from .errors import store_errors


class WriterLock:
    """One writer at a time: among the tasks of this process, and among processes."""

    __slots__ = ("_closed", "_fd", "_path", "_tasks")

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._closed = False
        self._tasks = asyncio.Lock()

    @property
    def is_held(self) -> bool:
        """By this process, or wanted."""
        return self._tasks.locked()

    async def acquire(self) -> None:
        """Raises StoreError once it is closed, and where the file cannot be opened."""
        await self._tasks.acquire()
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
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        self._tasks.release()

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


class OpenLock:
    """Held shared while a process has the account open; whoever gets it alone at the end is the last."""

    __slots__ = ("fd",)

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """True: nobody else has it open, nor can open it before ``close``."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self.fd)
