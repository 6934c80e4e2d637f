"""Some messages of a mailbox, by what they are like or by UID: the receiver of everyday jobs.

A query is lazy and can be used again: each use searches anew. Rules: nothing is sent for an empty set; what is open (``n:*``, ``$``)
is looked up before anything is changed, and only what was named is changed; messages are removed by UID EXPUNGE or not at all; line
lengths stay far below what servers take; an error in the middle tells what was done before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

from ...features.copy import copy
from ...features.esearch import search
from ...features.fetch import Fetch
from ...features.fetch_items import FetchItem, SectionItem, UidItem, checked_items
from ...features.move import move
from ...features.store import store
from ...features.uidplus import expunge
from ...ports.store import FlagAction
from ...protocol import flags as names
from ...protocol.given import MailboxName, flag_list, mailbox_name, one_of
from ...protocol.numset import NumSet, check_count
from ...protocol.tally import Tally
from ...query.key import SearchKey
from ...query.keys import UID
from ..criteria import settled
from ..gather import Gatherer
from ..items import DEFAULT
from ..numbers import is_settled, within
from .message import AsyncMessage
from .place import AsyncPlace
from .stream import AsyncResponses

_RANGES: Final = 200
"""Ranges of one set: about 4,000 octets of a command line at most."""
_MESSAGES: Final = 500
"""Messages of one FETCH, so that whoever stops early leaves little behind."""
_BODIES: Final = 50
"""The same where their content comes with them."""


class AsyncQuery:
    """Messages of ``mailbox`` that match ``key``, or those with certain UIDs."""

    def __init__(self, mailbox: AsyncPlace, key: SearchKey | None, fixed: NumSet | None = None) -> None:
        self.mailbox = mailbox
        self.key = key
        self._fixed = fixed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.mailbox.name!r} {self.key if self._fixed is None else self._fixed}>"

    async def uidset(self) -> NumSet:
        """The UIDs as a set; those that are there, where it was not said which. Raises BadCharset, CommandFailed."""
        fixed = self._fixed
        if fixed is not None and is_settled(fixed, self.mailbox.exists):
            return fixed
        self.mailbox.check_open()
        connection = self.mailbox.connection
        key = self.key if fixed is None else UID(fixed)
        assert key is not None, "a query has a key or UIDs"
        found = await connection.run(search(connection, settled(key, self.mailbox.exists)))
        check_count(found.messages)
        return found.messages if fixed is None else within(found.messages, fixed)

    async def uids(self) -> list[int]:
        """The UIDs, ascending."""
        return list((await self.uidset()).numbers())

    async def count(self) -> int:
        """How many messages there are."""
        return (await self.uidset()).count()

    async def fetch(self, *items: FetchItem) -> AsyncIterator[AsyncMessage]:
        """The messages, as they come; without ``items``: flags, envelope, size and date of arrival.

        Stopping early is safe. A message whose answer cannot be read has ``broken`` set. Raises CommandFailed.
        """
        wanted = tuple(dict.fromkeys((UidItem(), *(checked_items(items) or DEFAULT))))
        most = (
            _BODIES
            if any(isinstance(item, SectionItem) and not item.section.fields for item in wanted)
            else _MESSAGES
        )
        for part in _slices(await self.uidset(), most):
            self.mailbox.check_open()
            gatherer = Gatherer(part, wanted)
            responses = AsyncResponses(self.mailbox.connection, Fetch(part, wanted, uid=True), part.count())
            try:
                while batch := await responses.batch():
                    for data in gatherer.take_all(batch):
                        yield AsyncMessage(self.mailbox, data)
                for data in gatherer.finish():
                    yield AsyncMessage(self.mailbox, data)
            finally:
                responses.abandon()

    def __aiter__(self) -> AsyncIterator[AsyncMessage]:
        return self.fetch()

    async def first(self, *items: FetchItem) -> AsyncMessage | None:
        """The message with the lowest UID, or None."""
        there = (await self.uidset()).resolve(0)
        return await self._only(items, there[0][0]) if there else None

    async def last(self, *items: FetchItem) -> AsyncMessage | None:
        """The message with the highest UID, or None."""
        there = (await self.uidset()).resolve(0)
        return await self._only(items, there[-1][1]) if there else None

    async def _only(self, items: tuple[FetchItem, ...], uid: int) -> AsyncMessage | None:
        found: AsyncMessage | None = None
        async for message in AsyncQuery(self.mailbox, None, NumSet.of(uid)).fetch(*items):
            found = message
        return found

    async def flag(
        self,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        *,
        seen: bool | None = None,
        flagged: bool | None = None,
        answered: bool | None = None,
        deleted: bool | None = None,
        draft: bool | None = None,
    ) -> int:
        """Add and remove flags and keywords; how many messages it was asked for. Raises LimitReached, CommandFailed."""
        on, off = list(flag_list(add)), list(flag_list(remove))
        for flag, wanted in (
            (names.SEEN, seen),
            (names.FLAGGED, flagged),
            (names.ANSWERED, answered),
            (names.DELETED, deleted),
            (names.DRAFT, draft),
        ):
            if wanted is not None:
                one_of(bool, wanted, f"{flag[1:].lower()} is True, False or None")
                (on if wanted else off).append(flag)
        changes = [
            (action, flags) for action, flags in ((FlagAction.ADD, on), (FlagAction.REMOVE, off)) if flags
        ]
        return await self._store(changes)

    async def set_flags(self, flags: Iterable[str]) -> int:
        """Replace all flags and keywords; how many messages it was asked for."""
        return await self._store([(FlagAction.REPLACE, list(flag_list(flags)))])

    async def copy(self, mailbox: MailboxName) -> dict[int, int]:
        """Copy to another mailbox; the new UIDs by the old ones, where the server tells. Raises NoSuchMailbox, OverQuota."""
        connection, name = self.mailbox.connection, mailbox_name(mailbox)
        tally = Tally("COPY")
        for part in _parts(await self.uidset()):
            with tally.part(part):
                self.mailbox.check_open()
                tally.pairs.update((await connection.run(copy(part, name))).pairs())
        return tally.pairs

    async def move(self, mailbox: MailboxName) -> dict[int, int]:
        """Move to another mailbox; the new UIDs by the old ones, where the server tells.

        Raises NoSuchMailbox, OverQuota; NotSupported where it could not be done without removing other messages.
        """
        connection, name = self.mailbox.connection, mailbox_name(mailbox)
        tally = Tally("MOVE")
        for part in _parts(await self.uidset()):
            with tally.part(part):
                self.mailbox.check_open()
                tally.pairs.update((await connection.run(move(connection, part, name))).pairs())
        return tally.pairs

    async def delete(self) -> int:
        r"""Remove these messages, and no others that were marked \Deleted; how many it was asked for.

        Raises NotSupported, before anything is changed, where the server cannot do that.
        """
        connection = self.mailbox.connection
        connection.need("UIDPLUS", "to remove these messages and no others")
        uids = await self.uidset()
        tally = Tally("EXPUNGE")
        for part in _parts(uids):
            with tally.part(part):
                await self._store_part(part, FlagAction.ADD, [names.DELETED])
                tally.step("STORE")
                await connection.run(expunge(connection, part))
                tally.step("EXPUNGE")
        return uids.count()

    async def _store(self, changes: list[tuple[FlagAction, list[str]]]) -> int:
        uids = await self.uidset()
        tally = Tally("STORE")
        for part in _parts(uids):
            with tally.part(part):
                for action, flags in changes:
                    await self._store_part(part, action, flags)
                    tally.step("STORE")
        return uids.count()

    async def _store_part(self, part: NumSet, action: FlagAction, flags: list[str]) -> None:
        self.mailbox.check_open()
        connection = self.mailbox.connection
        await connection.run(store(connection, part, action, flags, silent=True))


def _parts(uids: NumSet) -> Iterator[NumSet]:
    """Sets that are short enough for a command line."""
    return uids.split(_RANGES)


def _slices(uids: NumSet, most: int) -> Iterator[NumSet]:
    """Sets of at most that many messages."""
    held: list[tuple[int, int]] = []
    count = 0
    for low, high in uids.resolve(0):
        while low <= high:
            last = min(high, low + most - count - 1)
            held.append((low, last))
            count += last - low + 1
            low = last + 1
            if count >= most or len(held) >= _RANGES:
                yield NumSet(tuple(held))
                held, count = [], 0
    if held:
        yield NumSet(tuple(held))
