"""An account in memory: the log model with dictionaries below it."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import accumulate
from types import TracebackType

from imapkit.errors import AccountGone, StoreBroken
from imapkit.message.headers import select_from_all
from imapkit.message.scan import scan
from imapkit.message.text import body_text_of, part_headers_of, search_header, search_text
from imapkit.ports.blob import LARGE, Part
from imapkit.ports.store import AnyColumn, Column, HeaderFields, NewMessage
from imapkit.protocol.numset import Range
from imapkit.query.index import IdColumn, MessageSet, SearchIndex, TextColumn
from imapkit.stores.log.account import AccountModel
from imapkit.stores.log.content import NewContent, ancestors, new_content, thread_keys
from imapkit.stores.log.entry import Entry, Expunged
from imapkit.stores.log.mailbox import OpenMailbox
from imapkit.stores.log.search import NOTHING_KNOWN, LogSearch, Narrowed
from imapkit.stores.log.state import Change, State
from imapkit.stores.log.trash import TrashBatch
from imapkit.wire.frame import MemorySink

from .columns import ArrayColumns


class MemoryBody:
    """The octets of a message."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int = 0, length: int | None = None) -> bytes:
        return self.data[offset : None if length is None else offset + length]


class _Stored:
    """A content with the ids it got."""

    __slots__ = ("content", "email_id", "thread_id")

    def __init__(self, content: NewContent, email_id: str, thread_id: str) -> None:
        self.content = content
        self.email_id = email_id
        self.thread_id = thread_id

    @property
    def data(self) -> bytes:
        if not isinstance(self.content.blob, bytes):
            raise StoreBroken("a content without octets")
        return self.content.blob


_VALUES: dict[Column, Callable[[_Stored], object]] = {
    Column.INTERNALDATE: lambda stored: stored.content.internaldate,
    Column.ENVELOPE: lambda stored: stored.content.index.envelope,
    Column.BODY: lambda stored: stored.content.index.body,
    Column.BODYSTRUCTURE: lambda stored: stored.content.index.bodystructure,
    Column.PARTS: lambda stored: stored.content.index.parts,
    Column.HEADER: lambda stored: stored.content.index.header,
    Column.PREVIEW: lambda stored: stored.content.index.preview,
    Column.EMAILID: lambda stored: stored.email_id,
    Column.THREADID: lambda stored: stored.thread_id,
    Column.SENT: lambda stored: stored.content.sent_time,
    Column.BASE_SUBJECT: lambda stored: stored.content.index.base_subject,
    Column.SORT_FROM: lambda stored: stored.content.index.from_mailbox,
    Column.SORT_TO: lambda stored: stored.content.index.to_mailbox,
    Column.SORT_CC: lambda stored: stored.content.index.cc_mailbox,
    Column.DISPLAY_FROM: lambda stored: stored.content.index.from_display,
    Column.DISPLAY_TO: lambda stored: stored.content.index.to_display,
    Column.IS_REPLY: lambda stored: int(stored.content.index.is_reply),
    Column.MESSAGE_ID: lambda stored: stored.content.index.message_id or "",
    Column.REFERENCES: lambda stored: ancestors(stored.content.index),
}
_TEXTS: dict[TextColumn, Callable[[_Stored], str]] = {
    TextColumn.FROM: lambda stored: stored.content.index.search_from,
    TextColumn.TO: lambda stored: stored.content.index.search_to,
    TextColumn.CC: lambda stored: stored.content.index.search_cc,
    TextColumn.BCC: lambda stored: stored.content.index.search_bcc,
    TextColumn.SUBJECT: lambda stored: stored.content.index.search_subject,
    TextColumn.BODY: lambda stored: body_text_of(search_text(stored.data, scan(stored.data))),
    TextColumn.PARTS: lambda stored: part_headers_of(search_text(stored.data, scan(stored.data))),
    TextColumn.HEADERS: lambda stored: search_header(stored.content.index.header),
}


class _Writing(AbstractAsyncContextManager[Change]):
    """A change that nothing can interrupt: there is no await in it."""

    def __init__(self, account: MemoryAccount) -> None:
        self.account = account
        self.change = Change(account.last_modseq + 1, account.now(), account.states)

    async def __aenter__(self) -> Change:
        self.account.need()
        return self.change

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and not self.change.empty:
            self.account.commit(self.change)


class MemoryAccount(AccountModel):
    """One account; all its sessions are in this process."""

    def __init__(self, account_id: str, token: str, clock: Callable[[], float] = time.time) -> None:
        super().__init__(account_id, token)
        self._clock = clock
        self._contents: dict[int, _Stored] = {}
        self._next_content = 1
        self._threads: dict[str, str] = {}
        self._log: dict[int, list[Entry]] = {}
        self._trash: dict[int, TrashBatch] = {}
        self.gone = False
        """It was deleted: whoever has it open is told at the next use."""

    def need(self) -> None:
        """Raises AccountGone."""
        if self.gone:
            raise AccountGone

    def now(self) -> int:
        return int(self._clock())

    # Changes

    def writing(self) -> AbstractAsyncContextManager[Change]:
        return _Writing(self)

    def commit(self, change: Change) -> None:
        numbers = range(self._next_content, self._next_content + len(change.contents))
        for number, content in zip(numbers, change.contents, strict=True):
            email_id = content.email_id or self.object_id("M", number)
            self._contents[number] = _Stored(content, email_id, self._thread(number, content))
        self._next_content = numbers.stop
        for batch in change.trash:
            self._trash[batch.id] = batch
            self.next_trash = max(self.next_trash, batch.id + 1)
        for entry in change.entries:
            self._log.setdefault(entry.mailbox, []).append(entry)
        self.apply(change)

    def _thread(self, number: int, content: NewContent) -> str:
        keys = thread_keys(content.index)
        known = next((self._threads[key] for key in keys if key in self._threads), None)
        thread = known or self.object_id("T", number)
        for key in keys:
            self._threads.setdefault(key, thread)
        return thread

    async def refresh(self) -> None:
        """No other process writes here."""
        self.need()

    async def settle(self, durable: bool) -> None:
        """Memory is as durable as it gets."""

    async def take_contents(self, messages: Sequence[NewMessage]) -> list[NewContent]:
        contents = [new_content(message, message.content.read()) for message in messages]
        for message in messages:
            message.content.close()
        return contents

    def number_contents(self, change: Change, contents: list[NewContent]) -> list[int]:
        first = self._next_content + len(change.contents)
        change.contents += contents
        return list(range(first, first + len(contents)))

    def load(self, state: State) -> OpenMailbox:
        columns = ArrayColumns()
        for entry in self._log.get(state.id, ()):
            columns.apply(entry)
        return OpenMailbox(self, columns, state, tail_from=state.modseq)

    # What the model reads

    def ahead(self, mailbox: OpenMailbox, messages: MessageSet, columns: Sequence[AnyColumn]) -> None:
        return None

    def read_columns(self, contents: list[int], columns: Sequence[AnyColumn]) -> list[Sequence[object]]:
        stored = [self._contents[number] for number in contents]
        return [
            select_from_all(self.read_headers(contents), sorted(column.names))
            if isinstance(column, HeaderFields)
            else list(map(_VALUES[column], stored))
            for column in columns
        ]

    def read_some(
        self, contents: list[int], columns: Sequence[AnyColumn], octets: int
    ) -> list[Sequence[object]]:
        """What is referred to here lies in memory already; who makes lines of it copies it."""
        read = self.read_columns(contents, columns)
        sizes = [
            sum([len(value) for value in row if isinstance(value, bytes | str)])
            for row in zip(*read, strict=True)
        ]
        fit = max(1, bisect_right(list(accumulate(sizes)), octets))
        return read if fit >= len(contents) else [column[:fit] for column in read]

    def read_log(self, mailbox: int, since: int, until: int) -> list[Entry] | None:
        return [entry for entry in self._log.get(mailbox, ()) if since < entry.modseq <= until]

    def read_tombstones(self, mailbox: int, since: int, until: int) -> list[Range]:
        entries = self.read_log(mailbox, since, until) or []
        return [pair for entry in entries if isinstance(entry.fact, Expunged) for pair in entry.fact.ranges]

    def search_index(self, mailbox: OpenMailbox) -> SearchIndex:
        return LogSearch(mailbox, self)

    def arrangement(self, mailbox: OpenMailbox) -> None:
        """Sorted and threaded from the rows, which are in memory."""

    def released(self, mailbox: OpenMailbox) -> None:
        """Columns stay: they are small where this store is used."""

    def read_texts(self, column: TextColumn, contents: list[int]) -> list[str]:
        read = _TEXTS[column]
        return [read(self._contents[number]) for number in contents]

    def holding(self, column: TextColumn, contents: list[int], needle: str) -> list[int]:
        read = _TEXTS[column]
        return [at for at, number in enumerate(contents) if needle in read(self._contents[number])]

    def narrowed(self, column: TextColumn, needle: str, above: int) -> Narrowed:
        return NOTHING_KNOWN

    def read_headers(self, contents: list[int]) -> list[bytes]:
        return [self._contents[number].content.index.header for number in contents]

    def contents_with_id(self, column: IdColumn, text: str) -> list[int]:
        if column is IdColumn.EMAIL:
            return [number for number, stored in self._contents.items() if stored.email_id == text]
        return [number for number, stored in self._contents.items() if stored.thread_id == text]

    def has_contents(self, contents: Sequence[int]) -> bool:
        return all(number in self._contents for number in contents)

    def trash_batches(self, ids: Sequence[int] | None = None) -> Iterator[TrashBatch]:
        wanted = list(self._trash) if ids is None else ids
        return iter([self._trash[number] for number in wanted if number in self._trash])

    # The port

    def open_spool(self, size: int) -> MemorySink:
        return MemorySink()

    def body(self, content_id: int) -> MemoryBody:
        stored = self._contents.get(content_id)
        if stored is None:
            raise StoreBroken(f"there is no content {content_id}")
        return MemoryBody(stored.data)

    def read_ranges(self, wanted: Sequence[tuple[int, int, int]]) -> list[bytes | Part]:
        return [self._range(*each) for each in wanted]

    def _range(self, content: int, start: int, end: int) -> bytes | Part:
        data = self.body(content).data
        return data[start:end] if end - start <= LARGE else memoryview(data)[start:end]

    async def release(self) -> None:
        """Nothing to give back: the account lives as long as its store."""
