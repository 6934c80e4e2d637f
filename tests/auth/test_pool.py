"""The hash pool: how many run, how many wait, and what a cancelled wait leaves behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from imapkit.server.auth.pool import Busy, HashPool
from tests.auth.support import run


class Work:
    """Blocks in its thread until ``gate`` is set; counts how many run at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.lock = threading.Lock()
        self.running = self.most = self.done = 0

    def __call__(self, first: str, second: str) -> str:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.gate.wait(20)
        with self.lock:
            self.running -= 1
            self.done += 1
        if first == "bad":
            raise ValueError(second)
        return first + second


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


def test_no_more_at_once_than_workers() -> None:
    async def scene() -> None:
        work, pool = Work(), HashPool(2, queue=10)
        tasks = [asyncio.create_task(pool.run(work, "a", str(n))) for n in range(8)]
        await until(lambda: work.running == 2 and pool.waiting == 6)
        work.gate.set()
        assert await asyncio.gather(*tasks) == [f"a{n}" for n in range(8)]
        assert (work.most, pool.waiting) == (2, 0)
        pool.close()

    run(scene())


def test_a_full_queue_says_busy_at_once_and_recovers() -> None:
    async def scene() -> None:
        work, pool = Work(), HashPool(1, queue=2)
        tasks = [asyncio.create_task(pool.run(work, "a", "b")) for _ in range(3)]
        await until(lambda: work.running == 1 and pool.waiting == 2)
        with pytest.raises(Busy):
            await pool.run(work, "a", "b")
        assert pool.waiting == 2
        work.gate.set()
        await asyncio.gather(*tasks)
        assert await pool.run(work, "c", "d") == "cd"
        pool.close()

    run(scene())


def test_a_cancelled_wait_leaves_the_queue_and_does_no_work() -> None:
    async def scene() -> None:
        work, pool = Work(), HashPool(1, queue=1)
        first = asyncio.create_task(pool.run(work, "a", "b"))
        await until(lambda: work.running == 1)
        second = asyncio.create_task(pool.run(work, "a", "b"))
        await until(lambda: pool.waiting == 1)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert pool.waiting == 0
        third = asyncio.create_task(pool.run(work, "x", "y"))
        await until(lambda: pool.waiting == 1)
        work.gate.set()
        assert (await first, await third) == ("ab", "xy")
        assert work.done == 2
        pool.close()

    run(scene())


def test_a_running_hash_keeps_its_slot_when_nobody_waits_any_more() -> None:
    async def scene() -> None:
        work, pool = Work(), HashPool(1, queue=5)
        first = asyncio.create_task(pool.run(work, "a", "b"))
        await until(lambda: work.running == 1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(pool.run(work, "c", "d"))
        await until(lambda: pool.waiting == 1)
        await asyncio.sleep(0.02)
        assert work.running == 1 and pool.waiting == 1
        work.gate.set()
        assert await second == "cd"
        assert work.most == 1
        pool.close()

    run(scene())


def test_errors_reach_the_caller_and_free_the_slot() -> None:
    async def scene() -> None:
        work, pool = Work(), HashPool(1, queue=5)
        work.gate.set()
        for _ in range(3):
            with pytest.raises(ValueError, match="why"):
                await pool.run(work, "bad", "why")
        assert await pool.run(work, "a", "b") == "ab"
        pool.close()

    run(scene())
