"""What an account asks of the store that opened it: the port between the two, which lets each be read by itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from .disk import Disk
from .sync import SyncThreads

A = TypeVar("A", contravariant=True)
"""The class of the accounts."""


class Owner(Protocol[A]):
    """What an account asks of its store."""

    @property
    def disk(self) -> Disk: ...

    @property
    def flags_durable(self) -> bool: ...

    @property
    def threads(self) -> Executor: ...

    @property
    def syncs(self) -> SyncThreads: ...

    @property
    def columns_budget(self) -> int: ...

    @property
    def clock(self) -> Callable[[], float]: ...

    def committed(self, account: A) -> None:
        """Tell other processes."""
        ...

    def look_later(self) -> None:
        """Call ``look`` from time to time: a hint may be lost."""
        ...

    async def give_back(self, account: A) -> None: ...
