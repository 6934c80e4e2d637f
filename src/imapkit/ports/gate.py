"""Answers that wait for the disk, so that commands need not: the group commit of one session's pipelined commands.

A session that has further commands at hand sets its gate before it runs one. A store that has committed may then leave the wait for
the disk to the gate, and return. The rule this file must not break: once a change is held, ``passed`` returns only when it is on the
disk, and raises for ever when that failed; the session sends nothing that it queued meanwhile without it.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Final, Protocol

from ..errors import StoreBroken

MOST: Final = 256
"""Changes that one gate holds back; whoever makes the next one waits for it."""


class Durable(Protocol):
    """What makes the changes of one account durable, by one sync after another."""

    begun: int
    """The number of the latest sync."""
    synced: int
    """The latest that has ended well: all that was committed before it began is on the disk."""
    failures: int
    """Syncs that failed: what was not on the disk before one of them may never be."""

    async def barrier(self) -> None:
        """Wait until everything committed so far is on the disk. Raises StoreError."""
        ...


class Gate:
    """One session's: for the task that sets it, and for no other that it starts."""

    __slots__ = ("_count", "_held", "_task")

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._held: dict[Durable, tuple[int, int]] = {}
        self._count = 0

    def set(self, ahead: bool) -> None:
        """Before each command; ``ahead``: there is more at hand to be done before its answer must go out."""
        self._task = asyncio.current_task() if ahead else None

    def hold(self, durable: Durable) -> bool:
        """Take over the wait for what was just committed; False: the caller has to wait."""
        if self._task is None or self._count >= MOST or asyncio.current_task() is not self._task:
            return False
        known = self._held.get(durable)
        self._held[durable] = durable.begun, durable.failures if known is None else known[1]
        self._count += 1
        return True

    @property
    def is_clear(self) -> bool:
        return not self._held

    async def passed(self) -> None:
        """Wait for all that is held. Raises StoreError. Being cancelled loses nothing."""
        while self._held:
            durable, latest = next(iter(self._held.items()))
            begun, failures = latest
            if durable.synced <= begun and durable.failures == failures:
                await durable.barrier()
            if durable.failures != failures:
                raise StoreBroken("what was answered already did not reach the disk")
            if self._held.get(durable) == latest:  # else the other task was quicker
                del self._held[durable]
        self._count = 0

    def forget(self) -> None:
        """The answers that waited are gone, too."""
        self._held.clear()
        self._count = 0


_gate: ContextVar[Gate | None] = ContextVar("imapkit_gate", default=None)


def use(gate: Gate) -> None:
    """For the rest of this task."""
    _gate.set(gate)


def held(durable: Durable) -> bool:
    """True when the session that this runs in waits with its answers until ``durable`` has synced."""
    gate = _gate.get()
    return gate is not None and gate.hold(durable)
