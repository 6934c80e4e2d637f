"""How long single turns of an event loop keep everybody else waiting: CPU time of each callback, whatever else the machine does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class LoopBlocks:
    """The longest turn since ``start``, of the loop that runs in any other thread than the one that measures."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.turns = 0
        self.what = ""

    def start(self) -> None:
        self.longest, self.turns, self.what = 0.0, 0, ""

    def note(self, seconds: float, handle: asyncio.Handle) -> None:
        self.turns += 1
        if seconds > self.longest:
            self.longest, self.what = seconds, repr(handle)


@contextmanager
def loop_blocks() -> Iterator[LoopBlocks]:
    """Measure all turns of asyncio's own loops in other threads, for the time of the block."""
    blocks = LoopBlocks()
    plain = asyncio.Handle._run
    here = threading.get_ident()

    def measured(handle: asyncio.Handle) -> None:
        if threading.get_ident() == here:
            plain(handle)
            return
        started = time.thread_time()
        try:
            plain(handle)
        finally:
            blocks.note(time.thread_time() - started, handle)

    asyncio.Handle._run = measured  # type: ignore[assignment,method-assign]
    try:
        yield blocks
    finally:
        asyncio.Handle._run = plain  # type: ignore[method-assign]
