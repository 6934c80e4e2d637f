"""What the tests of logging in share: a clock that is moved by hand, cheap hashes, a hasher that counts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import argon2

from imapkit.ports.directory import NewUser
from imapkit.server.auth.hashing import Hasher, make_user

T = TypeVar("T")

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class FakeClock:
    """Time passes only in ``sleep`` and ``advance``."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self.time += seconds


class CountingHasher(Hasher):
    """Real argon2 with cheap parameters. ``gate``, when cleared, holds every check until it is set."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        self.checked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Semaphore(0)

    def verify(self, password_hash: str, prepared: str) -> bool:
        self.checked.append(password_hash)
        self.started.release()
        assert self.gate.wait(20)
        return super().verify(password_hash, prepared)


def user(name: str, password: str = "secret", *, scram: bool = False) -> NewUser:
    return make_user(name, password, scram, Hasher(CHEAP))


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
