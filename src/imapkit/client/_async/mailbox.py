"""The open mailbox: its counts, and everything one does with its messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Unpack

from ...errors import ImapError, UsageError
from ...features.esearch import search
from ...features.fetch_items import FetchItem
from ...features.select import Selected
from ...features.uidplus import expunge
from ...ports.events import Event
from ...query.key import SearchKey
from ...query.keys import UNSEEN
from ..criteria import Criteria, build
from ..files import MessageSource
from ..numbers import UidsLike, numset_of
from ..view import MailboxView
from .connection import AsyncConnection
from .idle import RENEW, AsyncEvents
from .message import AsyncMessage
from .place import AsyncOwner
from .query import AsyncQuery


class AsyncMailbox(MailboxView):
    """A mailbox that is open, until another one is. Its counts stay current as the server tells changes."""

    def __init__(self, client: AsyncOwner, selected: Selected) -> None:
        super().__init__(selected)
        self.client = client

    @property
    def connection(self) -> AsyncConnection:
        return self.client.connection

    @property
    def is_open(self) -> bool:
        """False as soon as another mailbox was opened, or this one was closed."""
        return self.connection.view is self

    def check_open(self) -> None:
        """Raises UsageError unless this is the open mailbox."""
        if not self.is_open:
            raise UsageError(f"{self.name} is not open any more: open it again with select()")

    def search(self, *keys: SearchKey, **criteria: Unpack[Criteria]) -> AsyncQuery:
        """Messages that match all keys (``FROM("bob") & ~SEEN``) and criteria (``from_="bob", seen=False``); all without any.

        Nothing is sent before the query is used.
        """
        return AsyncQuery(self, build(keys, criteria))

    def uids(self, *uids: UidsLike) -> AsyncQuery:
        """Messages by UID: numbers, sets of numbers, or text like ``"1:5,9"``."""
        return AsyncQuery(self, None, numset_of(uids))

    def all(self) -> AsyncQuery:
        """All messages."""
        return AsyncQuery(self, build((), {}))

    def fetch(self, uids: UidsLike, *items: FetchItem) -> AsyncIterator[AsyncMessage]:
        """Messages by UID, as they come; see ``AsyncQuery.fetch``."""
        return self.uids(uids).fetch(*items)

    async def message(self, uid: int, *items: FetchItem) -> AsyncMessage | None:
        """One message; None when there is none with this UID."""
        return await self.uids(uid).first(*items)

    async def append(
        self, message: MessageSource, *, flags: Iterable[str] = (), date: datetime | None = None
    ) -> int | None:
        """Put a message into this mailbox; see ``AsyncClient.append``."""
        return await self.client.append(self.name, message, flags=flags, date=date)

    async def expunge(self) -> None:
        r"""Remove all messages marked \Deleted, whoever marked them."""
        self.check_open()
        await self.connection.run(expunge(self.connection))

    async def first_unseen(self) -> int | None:
        """The message number of the first message that is unseen now; None where all are seen. Asked of the server."""
        self.check_open()
        found = await self.connection.run(search(self.connection, UNSEEN, uid=False))
        return next(iter(found.messages.numbers()), None)

    async def refresh(self) -> list[Event]:
        """Let the server tell what changed (NOOP); what happened since the last look."""
        self.check_open()
        await self.client.noop()
        return self.take_events()

    def idle(self, timeout: float | None = None, *, renew: float = RENEW) -> AsyncEvents:
        """What happens to this mailbox, for ``timeout`` seconds or without end. Uses IDLE, or NOOP once a minute.

        Other commands may be run in between: they end IDLE, and the next step begins it again. What happened since the mailbox
        was opened comes first.
        """
        self.check_open()
        return AsyncEvents(self, timeout, renew)

    watch = idle

    async def close(self) -> None:
        """Leave the mailbox; nothing is removed."""
        if self.is_open:
            await self.client.leave_mailbox()

    async def __aenter__(self) -> AsyncMailbox:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        try:
            if not self.connection.closed:
                await self.close()
        except ImapError:
            if kind is None:
                raise
            # the reason for leaving is told, not what it met on its way out
