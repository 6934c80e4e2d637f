"""Commit inline, sync together (STORE rule 11): a thread runs one fdatasync for every commit before it.

The rules it must not break: ``barrier`` returns only when a sync that began after the call has ended without an error; and when a sync
fails, everybody who waits is told, for the kernel may have given up what it could not write and say nothing the next time.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from .disk import Disk
from .errors import store_errors

THREADS: Final = 8

Work = Callable[[], None]
Ended = Callable[[BaseException | None], None]


class SyncThreads:
    """Threads that do nothing but wait for the disk: a hop there and back takes half of the time that an executor's takes."""

    def __init__(self, most: int = THREADS) -> None:
        self._most = most
        self._jobs: SimpleQueue[tuple[Work, asyncio.AbstractEventLoop, Ended] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0

    def run(self, work: Work, ended: Ended) -> None:
        """``ended`` is called on the loop, with what ``work`` raised."""
        self._busy += 1
        if self._busy > len(self._threads) < self._most:
            thread = threading.Thread(target=self._run, name="imapkit-sync", daemon=True)
            thread.start()
            self._threads.append(thread)
        self._jobs.put((work, asyncio.get_running_loop(), ended))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, loop, ended = job
            error: BaseException | None = None
            try:
                work()
            except BaseException as raised:
                error = raised
            try:
                loop.call_soon_threadsafe(self._done, ended, error)
            except RuntimeError:
                if not loop.is_closed():  # then there is nobody left to tell
                    raise
            del job, work, loop, ended, error

    def _done(self, ended: Ended, error: BaseException | None) -> None:
        self._busy -= 1
        ended(error)

    def close(self) -> None:
        """Wait for what runs."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._busy = 0


class WalSync:
    """Makes the commits of one account durable. A ``Durable`` of ``ports.gate``."""

    __slots__ = (
        "_batch", "_disk", "_fd", "_running", "_threads", "_timer", "_waiting", "_wal", "begun", "failures", "synced",
    )  # fmt: skip

    def __init__(self, wal: Path | str, disk: Disk, threads: SyncThreads) -> None:
        self.begun = 0
        self.synced = 0
        self.failures = 0
        self._wal = str(wal)
        self._disk = disk
        self._threads = threads
        self._fd: int | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._batch: list[asyncio.Future[None]] = []
        self._running = False
        self._timer: asyncio.TimerHandle | None = None

    async def barrier(self) -> None:
        """Wait until everything committed so far is on the disk."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if not self._running:
            self._start()
        await done

    def soon(self, delay: float) -> None:
        """See that everything committed so far is on the disk after about ``delay`` seconds."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._due)

    def _due(self) -> None:
        self._timer = None
        if not self._running:
            self._start()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        self._batch, self._waiting = self._waiting, []
        self._cancel_timer()
        self._running = True
        self.begun += 1
        self._threads.run(self._sync, self._ended)

    def _sync(self) -> None:
        with store_errors(self._wal):
            if self._fd is None:
                self._fd = os.open(self._wal, os.O_RDONLY | os.O_CLOEXEC)
                self._disk.sync_directory(Path(self._wal).parent)
            self._disk.reached("syncing")
            self._disk.sync_data(self._fd, Path(self._wal))
            self._disk.reached("synced")

    def _ended(self, error: BaseException | None) -> None:
        self._running = False
        batch, self._batch = self._batch, []
        if error is None:
            self.synced = self.begun
        else:
            self.failures += 1
            alone = not batch and not self._waiting
            batch, self._waiting = batch + self._waiting, []
            if alone:
                self.soon(1.0)  # flags that nobody waits for: tried again
        for waiter in batch:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)
        if self._waiting:
            self._start()

    def rest(self) -> bool:
        """Close the descriptor, which the next sync opens again; False while something is to be synced."""
        if self._running or self._waiting or self._timer is not None:
            return False
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        return True

    async def close(self) -> None:
        """End what runs; the caller checkpoints or does not care."""
        self._cancel_timer()
        while self._running:
            done = asyncio.get_running_loop().create_future()
            self._batch.append(done)
            await asyncio.wait([done])
            if not done.cancelled():
                done.exception()  # told to those who wait for the disk
        self._cancel_timer()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
