"""A small thread pool for hashes: as many at once as there are cores, a bounded queue before it.

An argon2id hash takes all of a core and 64 MB, so an unbounded number of them is a way to bring a server down. A cancelled wait
leaves the queue at once; a hash that runs already cannot be stopped and keeps its slot until it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from imapkit.errors import ImapError

T = TypeVar("T")


class Busy(ImapError):
    """Too many logins wait already: to be answered ``NO [UNAVAILABLE]``. It says nothing about the user."""


class HashPool:
    def __init__(self, workers: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="hash")
        self._slots = asyncio.Semaphore(workers)
        self._queue = queue
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Logins that wait for a core."""
        return self._waiting

    async def run(self, work: Callable[[str, str], T], first: str, second: str) -> T:
        """``work(first, second)`` in a thread; raises Busy instead of waiting in a full queue."""
        if self._slots.locked() and self._waiting >= self._queue:
            raise Busy("too many logins at the moment")
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            running = asyncio.get_running_loop().run_in_executor(self._executor, work, first, second)
        except BaseException:
            self._slots.release()
            raise
        running.add_done_callback(self._done)
        return await asyncio.shield(running)

    def _done(self, running: asyncio.Future[T]) -> None:
        self._slots.release()
        # Marks an error as seen, for the case that nobody waits any more; who does wait gets it raised.
        if not running.cancelled():
            running.exception()

    def close(self) -> None:
        """Wait for the hashes that run; those that wait fail."""
        self._executor.shutdown(wait=True, cancel_futures=True)
