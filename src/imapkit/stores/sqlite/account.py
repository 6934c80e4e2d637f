"""An account on disk: the log model over one SQLite file.

The rules it must not break: a write is one short transaction on the event loop, and no statement or transaction lives across
an await; memory, answers and hints change after COMMIT only; a writer applies what others appended before it decides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import cast

import apsw

from imapkit.errors import AccountGone, MailboxMissing, StoreError
from imapkit.ports.blob import Part
from imapkit.ports.gate import held
from imapkit.ports.store import AnyColumn, NewMessage
from imapkit.protocol.numset import Range
from imapkit.query.index import IdColumn, MessageSet, SearchIndex, TextColumn
from imapkit.stores.log.account import AccountModel
from imapkit.stores.log.content import NewContent, new_content
from imapkit.stores.log.entry import ACCOUNT, Deleted, Entry, Subscribed, Unsubscribed
from imapkit.stores.log.mailbox import OpenMailbox
from imapkit.stores.log.search import LogSearch, Narrowed
from imapkit.stores.log.state import Change, State
from imapkit.stores.log.trash import TrashBatch
from imapkit.wire.frame import LiteralSink, MemorySink

from . import database
from .arrangement import Arrangement, octets_of
from .blobs import Blobs
from .body import SqliteBody
from .contents import INLINE, Contents, InFile, Inline, insert_contents, tables_of
from .errors import store_errors
from .handle import Handle
from .kept_keys import columns_of
from .loading import load_columns
from .locks import OpenLock, WriterLock
from .maintenance import Maintenance
from .opening import begin
from .owner import Owner
from .read_ahead import ReadAhead, read_ahead
from .reading import reading
from .schema import read_meta, write_meta
from .search_index import TextIndex
from .sort_rows import SortRows
from .states import (
    COUNTERS,
    NUMBERS,
    Counters,
    after,
    read_counters,
    read_entries,
    read_expunged,
    read_floors,
    read_mailbox_log,
    read_states,
    read_trash,
    write_entries,
    write_state,
    write_trash,
)
from .sync import WalSync
from .tick import TickWord
from .writing import Writing

FLAGS_WITHIN = 0.2


class SqliteAccount(AccountModel):
    """One account, opened by ``SqliteStore``."""

    # Thousands of them are there at once, most of which only wait.
    __slots__ = (
        "_generation", "_handle", "_in_use", "_index", "_open_lock", "blobs", "closed", "contents", "counted", "disk", "holders",
        "lock", "maintenance", "next_content", "owner", "path", "sync", "threads", "tick", "ticks",
    )  # fmt: skip

    def __init__(self, account_id: str, directory: Path, owner: Owner[SqliteAccount]) -> None:
        self.path = directory / database.FILE
        self.owner = owner
        self.holders = self.counted = 0
        self.closed = False
        self.tick = -1
        self.next_content = 1
        self._in_use = False
        self._generation = 0
        self._index: TextIndex | None = None
        self.lock = WriterLock(f"{directory}/writer.lock")
        with store_errors(self.path):
            self._open_lock = OpenLock(f"{directory}/open.lock")
            self.ticks = TickWord(self._open_lock.fd)
        self.disk = owner.disk
        self.threads = owner.threads
        self._handle = Handle(self.path, self.disk)
        self.sync = WalSync(f"{self.path}-wal", self.disk, owner.syncs)
        self.blobs = Blobs(f"{directory}/blobs", self.disk)
        self.maintenance = Maintenance(self)
        self._handle.hook = self.maintenance.committed
        super().__init__(account_id, "")

    async def start(self) -> None:
        """Bring the file up to date, skip ahead after a power cut, and read the mailboxes."""
        with store_errors(self.path):
            async with self.lock:
                found = begin(self._handle, self.path, self.disk)
                self._generation = self.ticks.generation()
                if self.ticks.read() != found.counters.tick:
                    self.ticks.write(found.counters.tick)
        self.token = found.token
        self.contents = Contents(self._handle, self.blobs, self.token)
        self.subscribed = found.subscribed
        self.take_states(found.states, [])
        self._take_counters(found.counters)
        if found.inbox is not None:
            state, columns = found.inbox
            self.open_mailboxes[state.id] = OpenMailbox(self, columns, state, tail_from=state.modseq)
        self.blobs.clear_spool(time.time() - 86400)
        if found.was_cut:
            self._in_use = True
            await self.sync.barrier()

    @property
    def db(self) -> apsw.Connection:
        return self._handle.db

    @property
    def index(self) -> TextIndex:
        if self._index is None:
            maintenance = self.maintenance
            self._index = TextIndex(self, maintenance.index_behind, maintenance.is_stopping)
        return self._index

    def rest(self) -> bool:
        """Give back what is only needed by an account that is used, if it was not since the last call; True when that was much."""
        if (
            not self._handle.is_unused()
            or self.maintenance.is_busy
            or self.lock.is_held
            or not self.sync.rest()
        ):
            return False
        self.lock.rest()
        self.ticks.rest()
        self._forget_index()
        return self._handle.rest()

    def _forget_index(self) -> None:
        if self._index is not None:
            self._index.forget()

    # Changes

    def writing(self) -> AbstractAsyncContextManager[Change]:
        return Writing(self)

    async def take_in_use(self) -> None:
        """Before the first change: whoever sees one sees it before it is on the disk, so the mark must be there already (STORE rule 5)."""
        if self._in_use or self.closed:
            return
        self._need_ours()
        with store_errors(self.path), self.db:
            database.mark_in_use(self.db, self.disk.boot_id())
        await self.sync.barrier()
        self._in_use = True

    def begin(self) -> Change:
        if self.closed:
            raise StoreError("the account is closed")
        self.disk.reached("begin")
        self._need_ours()  # its file may not be there any more
        with store_errors(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                self._look()
            except BaseException:
                self.rollback()
                raise
        return Change(self.last_modseq + 1, int(self.owner.clock()), self.states)

    def rollback(self) -> None:
        # A full disk may have ended the transaction already.
        if self.db.in_transaction:
            with store_errors(self.path):
                self.db.execute("ROLLBACK")

    def commit(self, change: Change) -> None:
        kept = change.kept()
        try:
            with store_errors(self.path):
                self._write(change, kept)
                self.disk.reached("written")
                self.ticks.write(self.tick + 1)
                self.db.execute("COMMIT")
        except BaseException:
            self.rollback()
            raise
        self.disk.reached("committed")
        self.tick += 1
        self.next_content += len(change.contents)
        for batch in change.trash:
            self.next_trash = max(self.next_trash, batch.id + 1)
        for number in change.states:
            self.next_mailbox = max(self.next_mailbox, number + 1)
        self.apply(change)
        for state in kept:
            self.maintenance.consider(state)
        if change.contents:
            self.maintenance.arrived(self.next_content - len(change.contents))
        if change.entries and self.ticks.take_asked():
            self.owner.committed(self)

    def _write(self, change: Change, kept: Sequence[State]) -> None:
        db = self.db
        if change.contents:
            for content in change.contents:
                if isinstance(content.blob, InFile):
                    self.blobs.need(content.blob.file)
            insert_contents(db, self.next_content, change.contents)
        write_entries(db, change)
        for state in kept:
            write_state(db, state, self.tick + 1)
        for mailbox_id in change.removed:
            for table in ("segment", "snapshot"):
                db.execute(f"DELETE FROM {table} WHERE mailbox = ?", (mailbox_id,))
            db.execute("DELETE FROM log WHERE mailbox = ? AND id < ?", (mailbox_id, after(change.modseq - 1)))
            db.execute("DELETE FROM mailbox WHERE id = ?", (mailbox_id,))
        if change.trash:
            write_trash(db, change.trash)
        for item in change.subscriptions:
            verb = "INSERT OR IGNORE INTO subscription VALUES (?)"
            db.execute(verb if item.wanted else "DELETE FROM subscription WHERE name = ?", (item.name,))
        self._write_counters(change, kept)

    def _write_counters(self, change: Change, kept: Sequence[State]) -> None:
        messages = sum([state.messages for state in kept])
        size = sum([state.size for state in kept])
        for number in change.states:
            before = self.states.get(number)
            if before is not None:
                messages -= before.messages
                size -= before.size
        modseq = change.modseq if change.entries else self.last_modseq
        fresh = change.contents or change.trash or change.uidvalidity is not None
        if not (fresh or messages or size) and change.states.keys() <= self.states.keys():
            self.db.execute(NUMBERS, (modseq, self.tick + 1))  # flags: nothing else counts on
            return
        self.db.execute(
            COUNTERS,
            (
                modseq,
                self.last_uidvalidity if change.uidvalidity is None else change.uidvalidity,
                self.tick + 1,
                max(change.states, default=0) + 1,
                self.next_content + len(change.contents),
                max([batch.id for batch in change.trash], default=0) + 1,
                messages,
                size,
            ),
        )

    async def settle(self, durable: bool) -> None:
        if durable or self.owner.flags_durable:
            if not held(self.sync):
                await self.sync.barrier()
        else:
            self.sync.soon(FLAGS_WITHIN / 2)
        self.disk.reached("answer")

    async def take_contents(self, messages: Sequence[NewMessage]) -> list[NewContent]:
        found: list[NewContent] = []
        try:
            for message in messages:
                found.append(new_content(message, await self._take(message)))  # noqa: PERF401
        finally:
            for message in messages:
                message.content.close()
        return found

    async def _take(self, message: NewMessage) -> object:
        content = message.content
        header = message.index.header
        if content.size <= INLINE:
            data = content.read()
            return Inline(data[: len(header)], data[len(header) :])
        loop = asyncio.get_running_loop()
        return InFile(header, await loop.run_in_executor(self.threads, self.blobs.keep, content))

    def number_contents(self, change: Change, contents: list[NewContent]) -> list[int]:
        first = self.next_content + len(change.contents)
        change.contents += contents
        return list(range(first, first + len(contents)))

    # What other processes wrote

    async def refresh(self) -> None:
        if self.closed:
            raise StoreError("the account is closed")
        if self.ticks.read() == self.tick:
            return
        self._need_ours()
        with store_errors(self.path), reading(self.db):
            self._catch_up()

    def _look(self) -> None:
        """In a write: nobody else can commit now."""
        if self.ticks.read() != self.tick:
            self._need_ours()
            self._catch_up()

    def is_gone(self) -> bool:
        """True when the account was taken from those who had it open, and this is one of them: whoever uses it is told."""
        if self.closed or self.ticks.read() == self.tick:
            return False
        with store_errors(self.path):
            if self.ticks.generation() == self._generation:
                return False
        self.went()
        return True

    def _need_ours(self) -> None:
        if self.is_gone():
            raise AccountGone

    def _catch_up(self) -> None:
        """Apply rows and entries above what is known; inside a transaction."""
        counters = read_counters(self.db)
        if counters.tick == self.tick:
            return
        entries = read_entries(self.db, "id >= ?", (after(self.last_modseq),))
        states = read_states(self.db, self.tick)
        removed = [entry.fact.mailbox for entry in entries if isinstance(entry.fact, Deleted)]
        self._forget_names(states, removed)
        self.take_states(states, [])
        self.take_states([], removed)
        self._take_entries(entries, removed)
        self._take_counters(counters)
        if entries:
            self.wake()

    def _take_counters(self, counters: Counters) -> None:
        self.tick = counters.tick
        self.last_modseq = counters.modseq
        self.last_uidvalidity = counters.uidvalidity
        self.next_mailbox = counters.next_mailbox
        self.next_content = counters.next_content
        self.next_trash = counters.next_trash

    def _forget_names(self, states: Sequence[State], removed: Sequence[int]) -> None:
        """Names move between mailboxes: all old ones go before the new ones come."""
        for number in [*removed, *(state.id for state in states)]:
            known = self.states.get(number)
            if known is not None and self.names.get(known.name) == number:
                self._drop_name(known.name)
                del self.states[number]

    def _take_entries(self, entries: Sequence[Entry], removed: Sequence[int]) -> None:
        # Where the log was compacted meanwhile, entries are gone that were not read here.
        behind = {
            number
            for number, mailbox in self.open_mailboxes.items()
            if mailbox.state.log_floor > mailbox.columns.modseq
        }
        names = set(self.subscribed)
        for entry in entries:
            mailbox = self.open_mailboxes.get(entry.mailbox)
            if mailbox is not None and entry.mailbox not in behind:
                mailbox.apply(entry)
            elif entry.mailbox == ACCOUNT and isinstance(entry.fact, Subscribed):
                names.add(entry.fact.name)
            elif entry.mailbox == ACCOUNT and isinstance(entry.fact, Unsubscribed):
                names.discard(entry.fact.name)
        self.subscribed = frozenset(names)
        for number in behind:
            mailbox = self.open_mailboxes[number]
            mailbox.replace_columns(load_columns(self.db, mailbox.state))
        for number in removed:
            self.forget(number)

    def watch(self, since: int) -> asyncio.Future[None]:
        self.owner.look_later()
        watching = super().watch(since)
        self.hear()
        return watching

    def hear(self) -> None:
        """Somebody began to wait, or another process committed: who does not wait looks when it uses the account.

        A commit before they ask is seen by the look behind it.
        """
        self.look()
        if self._waiters:  # there is nothing new to them yet
            with store_errors(self.path):
                self.ticks.ask()
            self.look()

    def look(self) -> bool:
        """Wake those who wait when there is something new; False: nobody waits."""
        if not self._waiters:
            return False
        if self.ticks.read() != self.tick:
            self.is_gone()
            self.wake()  # they refresh, and whatever goes wrong then is theirs
        return True

    # What the model reads

    def load(self, state: State) -> OpenMailbox:
        """Snapshot and entries come from one transaction, in which nothing newer than ``state`` is left unread."""
        with store_errors(self.path):
            outside = not self.db.in_transaction
            with reading(self.db):
                if outside:
                    self._catch_up()  # always: this read is what the transaction sees the file by
                known = self.states.get(state.id)
                if known is None:
                    raise MailboxMissing(f"there is no mailbox {state.name!r} any more")
                return OpenMailbox(self, load_columns(self.db, known), known, tail_from=known.modseq)

    def read_columns(self, contents: list[int], columns: Sequence[AnyColumn]) -> list[Sequence[object]]:
        with store_errors(self.path):
            return self.contents.read(contents, columns)

    def read_some(
        self, contents: list[int], columns: Sequence[AnyColumn], octets: int
    ) -> list[Sequence[object]]:
        with store_errors(self.path):
            return self.contents.read_some(contents, columns, octets)

    def ahead(
        self, mailbox: OpenMailbox, messages: MessageSet, columns: Sequence[AnyColumn]
    ) -> ReadAhead | None:
        (ids,) = columns_of(mailbox).arrays(messages, "content")
        with store_errors(self.path):
            return read_ahead(self._handle, tables_of(columns), ids)

    def read_log(self, mailbox: int, since: int, until: int) -> list[Entry] | None:
        if mailbox not in self.states:
            return None
        with store_errors(self.path), reading(self.db):
            # Not the floor in memory: another process may have cut the log since it was read.
            if since < read_floors(self.db, mailbox)[1]:
                return None
            return read_mailbox_log(self.db, mailbox, since, until)

    def read_tombstones(self, mailbox: int, since: int, until: int) -> list[Range] | None:
        with store_errors(self.path), reading(self.db):
            if since < read_floors(self.db, mailbox)[0]:
                return None
            return read_expunged(self.db, mailbox, since, until)

    def search_index(self, mailbox: OpenMailbox) -> SearchIndex:
        return LogSearch(mailbox, self)

    def arrangement(self, mailbox: OpenMailbox) -> Arrangement:
        return Arrangement(mailbox, SortRows(self))

    def read_texts(self, column: TextColumn, contents: list[int]) -> list[str]:
        with store_errors(self.path):
            found = self.contents.texts(column, contents)
        self.maintenance.texts_made()
        return found

    def holding(self, column: TextColumn, contents: list[int], needle: str) -> list[int]:
        with store_errors(self.path):
            found = self.contents.holding(column, contents, needle)
        self.maintenance.texts_made()
        return found

    def narrowed(self, column: TextColumn, needle: str, above: int) -> Narrowed:
        return self.index.narrowed(column, needle, above)

    def read_headers(self, contents: list[int]) -> list[bytes]:
        with store_errors(self.path):
            return self.contents.headers(contents)

    def contents_with_id(self, column: IdColumn, text: str) -> list[int]:
        with store_errors(self.path):
            return self.contents.with_id(column, text)

    def has_contents(self, contents: Sequence[int]) -> bool:
        return self.contents.count(contents) == len(set(contents))

    def trash_batches(self, ids: Sequence[int] | None = None) -> Iterator[TrashBatch]:
        with store_errors(self.path):
            if ids is None:
                rows = self.db.execute("SELECT id FROM trash ORDER BY id").fetchall()
                ids = [cast(int, row[0]) for row in rows]
            for number in ids:
                batch = read_trash(self.db, number)
                if batch is not None:
                    yield batch

    async def store_texts(self) -> None:
        """Keep the search texts that were made."""
        try:
            async with self.lock:
                with store_errors(self.path), self.db:
                    self.contents.store_texts()
        finally:
            self.contents.new_texts.clear()  # stored, or made again when next asked for

    # The port

    def open_spool(self, size: int) -> LiteralSink:
        return MemorySink() if size <= INLINE else self.blobs.spool()

    def body(self, content_id: int) -> SqliteBody:
        return SqliteBody(self, content_id)

    def read_ranges(self, wanted: Sequence[tuple[int, int, int]]) -> list[bytes | Part]:
        with store_errors(self.path):
            return self.contents.octets_of(wanted)

    def released(self, mailbox: OpenMailbox) -> None:
        """Columns that nobody holds stay within the budget, and those of ``mailbox`` in any case: one that large is opened again."""
        held = self.octets
        for number, idle in list(self.open_mailboxes.items()):
            if held <= self.owner.columns_budget:
                return
            if idle.holders == 0 and idle is not mailbox:
                held -= octets_of(idle)
                del self.open_mailboxes[number]

    @property
    def octets(self) -> int:
        """Memory held by columns."""
        return sum(octets_of(mailbox) for mailbox in self.open_mailboxes.values())

    async def release(self) -> None:
        await self.owner.give_back(self)

    async def abandon(self) -> None:
        """Close what could not be started."""
        self.closed = True
        await self.sync.close()
        self._handle.close()
        self.lock.close()
        self.ticks.close()
        self._open_lock.close()

    async def close(self) -> None:
        """Sync, checkpoint, and, if nobody else has the account open, mark it as cleanly closed."""
        self.closed = True
        await self.maintenance.stop()
        self._forget_index()
        await self.sync.close()
        self.wake()
        with store_errors(self.path):
            try:
                used = self._handle.was_opened or self.ticks.read() != self.tick
                if used and self.path.exists():  # else another process has removed the account
                    await self._leave()
            finally:
                self._handle.close()
                self.lock.close()
                self.ticks.close()
                self._open_lock.close()

    async def _leave(self) -> None:
        """The file of an account that was more than looked at."""
        last = self._open_lock.is_last()
        async with self.lock:
            if last and read_meta(self.db, "clean") != "1":
                with self.db:
                    write_meta(self.db, "clean", "1")
            database.checkpointed(self.db, apsw.SQLITE_CHECKPOINT_PASSIVE)
            if self._in_use and not last:
                await self.sync.barrier()
                await self.sync.close()
