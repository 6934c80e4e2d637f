"""What messages, queries and mailboxes need of those they belong to; so that none of the files imports another in a circle."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ...ports.events import Event
from ..files import MessageSource
from .connection import AsyncConnection


class AsyncPlace(Protocol):
    """An open mailbox, as its messages see it."""

    name: str
    exists: int

    @property
    def connection(self) -> AsyncConnection: ...

    @property
    def has_events(self) -> bool: ...

    def take_events(self) -> list[Event]: ...

    def check_open(self) -> None:
        """Raises UsageError unless this is the open mailbox."""
        ...


class AsyncOwner(Protocol):
    """A client, as its open mailbox sees it."""

    @property
    def connection(self) -> AsyncConnection: ...

    async def noop(self) -> None: ...

    async def leave_mailbox(self) -> None: ...

    async def append(
        self, mailbox: str, message: MessageSource, *, flags: Iterable[str] = (), date: datetime | None = None
    ) -> int | None: ...
