"""One account: what each mutation of the port means in entries and states. Stores add how a change is kept.

The rules it must not break: a mutation is one change under one MODSEQ, put together without an await between ``writing`` and
its end, so nothing can come between; what is in memory changes only after the store has committed.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager

from imapkit.errors import MailboxMissing, MailboxTaken, StoreError, UsageError
from imapkit.ports.store import (
    DELIMITER,
    INBOX,
    Added,
    Copied,
    FlagAction,
    Mailbox,
    MailboxRow,
    MessageSet,
    NewMessage,
    Stored,
    Trashed,
)
from imapkit.protocol.flags import DELETED, RECENT
from imapkit.protocol.mailbox import normal
from imapkit.protocol.numset import Range

from . import bits
from .columns import remap
from .content import NewContent
from .entry import ACCOUNT, Created, Deleted, Expunged, Renamed, Subscribed, Unsubscribed, batch_of
from .mailbox import OpenMailbox
from .state import Change, State, Subscription
from .trash import TrashBatch, split_id

DURABLE, FLAGS_ONLY = True, False


class AccountModel(ABC):
    """What memory and disk have in common."""

    __slots__ = (
        "_rows", "_tells", "_waiters", "id", "last_modseq", "last_uidvalidity", "names", "next_mailbox", "next_trash", "open_mailboxes",
        "sorted_names", "states", "subscribed", "token",
    )  # fmt: skip

    def __init__(self, account_id: str, token: str) -> None:
        self.id = account_id
        self.token = token
        self.states: dict[int, State] = {}
        self.names: dict[str, int] = {}
        self.sorted_names: list[str] = []
        self.subscribed: frozenset[str] = frozenset()
        self.open_mailboxes: dict[int, OpenMailbox] = {}
        self.last_modseq = 0
        self.last_uidvalidity = 0
        self.next_mailbox = 1
        self.next_trash = 1
        self._rows: dict[int, MailboxRow] = {}
        self._waiters: set[asyncio.Future[None]] = set()
        self._tells: set[Callable[[], None]] | None = None

    # What a store adds

    @abstractmethod
    def writing(self) -> AbstractAsyncContextManager[Change]:
        """A change to put together. At its end it is committed and applied, or, after an exception, dropped."""

    @abstractmethod
    async def settle(self, durable: bool) -> None:
        """Wait until what was committed is on the disk; for changes of flags alone, see that it will be soon.

        Where the session that asks has further commands at hand, its answers wait instead (``ports.gate``): what must be on the disk
        before something else happens needs a wait of its own.
        """

    @abstractmethod
    async def take_contents(self, messages: Sequence[NewMessage]) -> list[NewContent]:
        """Keep the octets of messages; nothing refers to them yet."""

    @abstractmethod
    def number_contents(self, change: Change, contents: list[NewContent]) -> list[int]:
        """Give contents their ids, and see that the change keeps them."""

    @abstractmethod
    def load(self, state: State) -> OpenMailbox:
        """A mailbox with its columns at the latest MODSEQ."""

    @abstractmethod
    def trash_batches(self, ids: Sequence[int] | None = None) -> Iterator[TrashBatch]: ...

    @abstractmethod
    def has_contents(self, contents: Sequence[int]) -> bool:
        """True when all of them are still there (the trash may have been emptied)."""

    @abstractmethod
    async def refresh(self) -> None:
        """Apply what other processes wrote."""

    # Committed changes

    def apply(self, change: Change) -> None:
        """Make memory what was committed."""
        self.last_modseq = max(self.last_modseq, *(entry.modseq for entry in change.entries), 0)
        if change.uidvalidity is not None:
            self.last_uidvalidity = change.uidvalidity
        self.take_states(change.states.values(), change.removed)
        for entry in change.entries:
            mailbox = self.open_mailboxes.get(entry.mailbox)
            if mailbox is not None:
                mailbox.apply(entry)
        for mailbox_id in change.removed:
            self.forget(mailbox_id)
        if change.subscriptions:
            names = set(self.subscribed)
            for item in change.subscriptions:
                (names.add if item.wanted else names.discard)(item.name)
            self.subscribed = frozenset(names)
        if change.entries:
            self.wake()

    def take_states(self, states: Iterable[State], removed: Collection[int]) -> None:
        for state in states:
            mailbox = self.open_mailboxes.get(state.id)
            if mailbox is not None:
                mailbox.take_state(state)
                self._rows[state.id] = mailbox.row
            else:
                self._rows.pop(state.id, None)
            if state.id in removed:
                continue
            known = self.states.get(state.id)
            if known is None or known.name != state.name:
                if known is not None and self.names.get(known.name) == known.id:
                    self._drop_name(known.name)
                if state.name not in self.names:
                    insort(self.sorted_names, state.name)
                self.names[state.name] = state.id
            self.states[state.id] = state
            self.next_mailbox = max(self.next_mailbox, state.id + 1)
        for mailbox_id in removed:
            gone = self.states.pop(mailbox_id, None)
            if gone is not None and self.names.get(gone.name) == mailbox_id:
                self._drop_name(gone.name)

    def _drop_name(self, name: str) -> None:
        del self.names[name]
        self.sorted_names.remove(name)

    def forget(self, mailbox_id: int) -> None:
        mailbox = self.open_mailboxes.pop(mailbox_id, None)
        if mailbox is not None:
            mailbox.gone = True

    def wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def tell_when_gone(self, tell: Callable[[], None]) -> None:
        if self._tells is None:
            self._tells = set()
        self._tells.add(tell)

    def tell_no_more(self, tell: Callable[[], None]) -> None:
        if self._tells is not None:
            self._tells.discard(tell)

    def went(self) -> None:
        """The account was taken away: whoever has it open is told, once, and whoever waits finds it."""
        tells, self._tells = self._tells, None
        for tell in tells or ():
            tell()
        self.wake()

    # The port: state

    @property
    def modseq(self) -> int:
        return self.last_modseq

    async def changed(self, since: int) -> None:
        await self.refresh()
        while self.last_modseq <= since:
            watching = self.watch(since)
            try:
                await watching
            finally:
                self.unwatch(watching)
            await self.refresh()

    def watch(self, since: int) -> asyncio.Future[None]:
        watching = asyncio.get_running_loop().create_future()
        if self.last_modseq > since:
            watching.set_result(None)
        else:
            self._waiters.add(watching)
        return watching

    def unwatch(self, watching: asyncio.Future[None]) -> None:
        self._waiters.discard(watching)

    def mailboxes(self) -> Sequence[MailboxRow]:
        return [self._row(self.names[name]) for name in self.sorted_names]

    def _row(self, number: int) -> MailboxRow:
        found = self._rows.get(number)
        if found is None:
            found = self._rows[number] = self.states[number].row()
        return found

    def find(self, name: str) -> MailboxRow | None:
        number = self.names.get(normal(name))
        return None if number is None else self._row(number)

    def subscriptions(self) -> frozenset[str]:
        return self.subscribed

    def _existing(self, name: str) -> State:
        number = self.names.get(normal(name))
        if number is None:
            raise MailboxMissing(f"there is no mailbox {name!r}")
        return self.states[number]

    def _held(self, mailbox: Mailbox) -> OpenMailbox:
        if not isinstance(mailbox, OpenMailbox):
            raise UsageError("the mailbox belongs to another store")
        if mailbox.gone or self.open_mailboxes.get(mailbox.state.id) is not mailbox:
            raise MailboxMissing("the mailbox does not exist any more")
        return mailbox

    # Mailboxes

    def _make(self, change: Change, name: str, special_use: tuple[str, ...] = ()) -> State:
        number = self.next_mailbox + sum(state not in self.states for state in change.states)
        counter = self.last_uidvalidity if change.uidvalidity is None else change.uidvalidity
        change.uidvalidity = max(counter + 1, change.time)
        state = State(number, name, self.object_id("F", number), change.uidvalidity, special_use)
        state.modseq = change.modseq
        change.states[number] = state
        change.log(ACCOUNT, Created(number, name))
        return state

    def object_id(self, letter: str, number: int) -> str:
        """An object id (RFC 8474 section 5): a letter for the kind, the account's token, the number."""
        return f"{letter}{self.token}{number:x}"

    def _make_path(self, change: Change, name: str, special_use: tuple[str, ...] = ()) -> State:
        taken = {state.name for state in change.states.values()}
        for at, char in enumerate(name):
            if char == DELIMITER and name[:at] not in self.names and name[:at] not in taken:
                self._make(change, name[:at])
        return self._make(change, name, special_use)

    async def create(self, name: str, special_use: tuple[str, ...] = ()) -> MailboxRow:
        name = normal(name)
        async with self.writing() as change:
            if name in self.names:
                raise MailboxTaken(f"there is a mailbox {name!r} already")
            state = self._make_path(change, name, special_use)
        await self.settle(DURABLE)
        return state.row()

    async def delete(self, name: str) -> None:
        async with self.writing() as change:
            state = change.state(self._existing(name).id)
            mailbox = self.open_mailboxes.get(state.id) or self.load(state)
            everything = mailbox.everything()
            if len(everything):
                self._expunge(change, mailbox, everything)
            change.log(ACCOUNT, Deleted(state.id, state.name))
            change.removed.append(state.id)
        await self.settle(DURABLE)

    async def rename(self, old: str, new: str) -> None:
        new = normal(new)
        async with self.writing() as change:
            source = self._existing(old)
            if new in self.names:
                raise MailboxTaken(f"there is a mailbox {new!r} already")
            if source.name == INBOX:
                self._rename_inbox(change, source, new)
            else:
                self._rename_tree(change, source, new)
        await self.settle(DURABLE)

    def _rename_inbox(self, change: Change, source: State, new: str) -> None:
        target = self._make_path(change, new)
        mailbox = self.open_mailboxes.get(source.id) or self.load(source)
        everything = mailbox.everything()
        if len(everything):
            self._transfer(change, mailbox, everything, target)
            state = change.state(source.id)
            change.expunged(
                state,
                Expunged(everything.ranges()),
                mailbox.columns.totals(everything, state.recent_from),
            )

    def _rename_tree(self, change: Change, source: State, new: str) -> None:
        old = source.name
        if new.startswith(old + DELIMITER):
            raise UsageError(f"{old!r} cannot be moved into itself")
        pairs = [(old, new)]
        pairs += [(name, new + name[len(old) :]) for name in self.names if name.startswith(old + DELIMITER)]
        for _, name in pairs:
            if name in self.names:
                raise MailboxTaken(f"there is a mailbox {name!r} already")
        for name, wanted in pairs:
            state = change.state(self.names[name])
            state.name = wanted
            change.log(ACCOUNT, Renamed(state.id, name, wanted))
        superior = new.rpartition(DELIMITER)[0]
        if superior and superior not in self.names:
            self._make_path(change, superior)

    async def subscribe(self, name: str) -> None:
        await self._set_subscription(normal(name), True)

    async def unsubscribe(self, name: str) -> None:
        await self._set_subscription(normal(name), False)

    async def _set_subscription(self, name: str, wanted: bool) -> None:
        async with self.writing() as change:
            if (name in self.subscribed) != wanted:
                change.subscriptions.append(Subscription(name, wanted))
                change.log(ACCOUNT, Subscribed(name) if wanted else Unsubscribed(name))
        await self.settle(DURABLE)

    async def open(self, name: str) -> OpenMailbox:
        await self.refresh()
        state = self._existing(name)
        mailbox = self.open_mailboxes.get(state.id)
        if mailbox is None:
            mailbox = self.open_mailboxes[state.id] = self.load(state)
        mailbox.holders += 1
        return mailbox

    # Messages

    async def append(
        self, mailbox_id: int, messages: Sequence[NewMessage], *, take_recent: bool = False
    ) -> Added:
        if not messages:
            raise UsageError("nothing to append")
        contents = await self.take_contents(messages)
        async with self.writing() as change:
            state = change.state(mailbox_id)
            masks = [change.mask(state, message.flags - {RECENT}) for message in messages]
            numbers = self.number_contents(change, contents)
            rows = [
                (number, content.size, content.date, content.zone, content.sent, mask)
                for number, content, mask in zip(numbers, contents, masks, strict=True)
            ]
            first = change.added(state, batch_of(rows))
            recent = state.take_recent() if take_recent else None
        await self.settle(DURABLE)
        return Added(state.uidvalidity, list(range(first, first + len(messages))), change.modseq, recent)

    def _transfer(
        self, change: Change, source: OpenMailbox, messages: MessageSet, target: State
    ) -> list[Range]:
        """Put the members of ``messages`` (present ones) at the end of ``target``."""
        columns = source.columns
        bits_used = columns.bits_used(messages)
        batch = columns.extract(messages)
        if target.id != source.state.id:
            batch = remap(batch, change.renumbering(bits_used, source.state.keywords, target))
        first = change.added(target, batch)
        return [(first, first + len(batch) - 1)]

    async def copy(self, source: Mailbox, messages: MessageSet, target_id: int) -> Copied:
        return await self._copy(source, messages, target_id, expunge=False)

    async def move(self, source: Mailbox, messages: MessageSet, target_id: int) -> Copied:
        return await self._copy(source, messages, target_id, expunge=True)

    async def _copy(self, source: Mailbox, messages: MessageSet, target_id: int, expunge: bool) -> Copied:
        async with self.writing() as change:
            mailbox = self._held(source)
            target = change.state(target_id)
            present = messages & mailbox.everything()
            if not len(present):
                change.states.clear()
                return Copied(target.uidvalidity, [], [], self.last_modseq)
            ranges = self._transfer(change, mailbox, present, target)
            taken = present.ranges()
            if expunge:
                state = change.state(mailbox.state.id)
                totals = mailbox.columns.totals(present, state.recent_from)
                change.expunged(state, Expunged(taken), totals)
        await self.settle(DURABLE)
        return Copied(target.uidvalidity, taken, ranges, change.modseq)

    async def store(
        self,
        mailbox: Mailbox,
        messages: MessageSet,
        action: FlagAction,
        flags: frozenset[str],
        unchanged_since: int | None = None,
    ) -> Stored:
        async with self.writing() as change:
            held = self._held(mailbox)
            state = change.state(held.state.id)
            flags = flags - {RECENT}
            if action is FlagAction.REMOVE:
                on, off = 0, bits.known_mask(flags, state.keywords)
            else:
                on, off = change.mask(state, flags), bits.EVERY if action is FlagAction.REPLACE else 0
            plan = held.columns.plan_flags(messages, on, off, unchanged_since)
            if not len(plan.changed):
                change.states.clear()
                change.entries.clear()
                return Stored(plan.changed, plan.refused, self.last_modseq)
            change.flags(state, plan, on, off)
        await self.settle(FLAGS_ONLY)
        return Stored(plan.changed, plan.refused, change.modseq)

    def _expunge(self, change: Change, mailbox: OpenMailbox, present: MessageSet) -> list[Range]:
        state = change.state(mailbox.state.id)
        ranges = present.ranges()
        columns = mailbox.columns
        number = self.next_trash + len(change.trash)
        batch = columns.extract(present)
        change.trash.append(
            TrashBatch(number, state.name, change.time, ranges, state.keywords, batch, taken=[])
        )
        change.expunged(state, Expunged(ranges), columns.totals(present, state.recent_from))
        return ranges

    async def expunge(self, mailbox: Mailbox, messages: MessageSet) -> list[Range]:
        async with self.writing() as change:
            held = self._held(mailbox)
            present = messages & held.everything()
            if not len(present):
                return []
            ranges = self._expunge(change, held, present)
        await self.settle(DURABLE)
        return ranges

    async def take_recent(self, mailbox: Mailbox) -> MessageSet:
        async with self.writing() as change:
            held = self._held(mailbox)
            state = change.state(held.state.id)
            recent = state.take_recent()
            if recent is None:
                change.states.clear()
                return held.columns.nothing()
        await self.settle(FLAGS_ONLY)
        return held.by_uid([recent])

    # The trash table

    def trash(self) -> Iterator[Trashed]:
        for batch in self.trash_batches():
            yield from batch.trashed()

    async def undelete(self, trash_ids: Sequence[int], mailbox_id: int) -> Added:
        wanted: dict[int, set[int]] = {}
        for trash_id in trash_ids:
            number, place = split_id(trash_id)
            wanted.setdefault(number, set()).add(place)
        if not wanted:
            raise UsageError("nothing to bring back")
        async with self.writing() as change:
            state = change.state(mailbox_id)
            rows: list[tuple[int, int, int, int, int, int]] = []
            found = {batch.id: batch for batch in self.trash_batches(list(wanted))}
            for number, places in sorted(wanted.items()):
                batch = found.get(number)
                if batch is None or not all(batch.has(place) for place in places):
                    raise StoreError("a message is not in the trash any more")
                columns = batch.batch
                for place in sorted(places):
                    # Whoever wants it back does not want it to go with the next EXPUNGE.
                    names = bits.names(columns.flags(place), batch.keywords)
                    flags = [name for name in names if name != DELETED]
                    mask = change.mask(state, flags)
                    rows.append(
                        (columns.content[place], columns.size[place], columns.date[place],
                         columns.zone[place], columns.sent[place], mask)
                    )  # fmt: skip
                change.trash.append(batch.take(places))
            if not self.has_contents([row[0] for row in rows]):
                raise StoreError("a message is not in the trash any more")
            first = change.added(state, batch_of(rows))
        await self.settle(DURABLE)
        return Added(state.uidvalidity, list(range(first, first + len(rows))), change.modseq)
