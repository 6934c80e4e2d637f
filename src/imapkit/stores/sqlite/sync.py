"""Commit inline, sync together (STORE rule 11): a thread runs one fdatasync for every commit before it.

The rule it must not break: ``barrier`` returns only when a sync that began after the call has ended without an error.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Executor
from pathlib import Path

from .disk import Disk
from .errors import store_errors


class WalSync:
    """Makes the commits of one account durable."""

    def __init__(self, wal: Path, disk: Disk, threads: Executor) -> None:
        self._wal = wal
        self._disk = disk
        self._threads = threads
        self._fd: int | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._running: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def barrier(self) -> None:
        """Wait until everything committed so far is on the disk."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._running is None:
            self._start()
        await done

    def soon(self, delay: float) -> None:
        """See that everything committed so far is on the disk after about ``delay`` seconds."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._running is None:
            self._start()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        batch, self._waiting = self._waiting, []
        self._cancel_timer()
        self._running = asyncio.get_running_loop().run_in_executor(self._threads, self._sync)
        self._running.add_done_callback(lambda done: self._ended(batch, done))

    def _sync(self) -> None:
        with store_errors(self._wal):
            if self._fd is None:
                self._fd = os.open(self._wal, os.O_RDONLY | os.O_CLOEXEC)
                self._disk.sync_directory(self._wal.parent)
            self._disk.reached("syncing")
            self._disk.sync_data(self._fd, self._wal)
            self._disk.reached("synced")

    def _ended(self, batch: list[asyncio.Future[None]], done: asyncio.Future[None]) -> None:
        self._running = None
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        for waiter in batch:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)
        if self._waiting:
            self._start()
        elif error is not None and not batch:
            self.soon(1.0)  # flags that nobody waits for: tried again

    async def close(self) -> None:
        """End what runs; the caller checkpoints or does not care."""
        self._cancel_timer()
        if self._running is not None:
            await asyncio.wait([self._running])
        self._cancel_timer()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
