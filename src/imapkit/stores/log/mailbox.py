"""One open mailbox: its columns, the latest entries, and the answers of the port that follow from them.

The rule it must not break: columns, tail and row are replaced only after the change was committed (STORE rule 12).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from imapkit.ports.store import AnyColumn, Arrangement, Changes, Column, HeaderFields, MailboxRow
from imapkit.protocol.numset import STAR, Range, join
from imapkit.query.index import MessageSet, SearchIndex

from . import bits
from .columns import Columns, Slice
from .entry import Added, Entry, Expunged, FlagsChanged, Touched
from .state import State

CHUNK: Final = 1000
LOCAL_CHUNK: Final = 4000
"""Of messages that are answered from memory alone."""
CHUNK_OCTETS: Final = 1 << 20
"""What the values of a chunk take, all columns together, unless a single message has more."""
HEADER_OCTETS: Final = 4 << 20
"""The same where headers are read, which are taken to be as large as their messages."""
CELLS: Final = 64_000
"""Values of a chunk: a caller chooses how many columns there are."""
MANY: Final = 500
"""A read of more messages is a long one."""
_LOCAL: Final[dict[AnyColumn, str]] = {
    Column.UID: "uid",
    Column.FLAGS: "flags",
    Column.MODSEQ: "modseq",
    Column.SAVEDATE: "saved",
    Column.CONTENT: "content",
    Column.SIZE: "size",
    Column.ARRIVED: "date",
}
_MAX_HEADER: Final = 1 << 20
"""Header blocks are as large as their messages at most, and never larger than this."""


class ReadAhead(Protocol):
    """What is told how far a long read is."""

    def before(self, count: int) -> None:
        """So many messages more are about to be read."""
        ...


class Contents(Protocol):
    """What a mailbox asks of its store."""

    def read_some(
        self, contents: list[int], columns: Sequence[AnyColumn], octets: int
    ) -> list[Sequence[object]]:
        """Values of content columns: a sequence for each column, in the order of the ids. Where all would take much more than
        ``octets``, those of the first ids alone, but of one at least."""
        ...

    def ahead(
        self, mailbox: OpenMailbox, messages: MessageSet, columns: Sequence[AnyColumn]
    ) -> ReadAhead | None:
        """What makes a long read of these columns quicker; None: nothing."""
        ...

    def read_log(self, mailbox: int, since: int, until: int) -> list[Entry] | None:
        """Entries of a mailbox with since < MODSEQ <= until; None when ``since`` is below what the log still has."""
        ...

    def read_tombstones(self, mailbox: int, since: int, until: int) -> list[Range] | None:
        """UIDs expunged in that time; None when the store has forgotten some."""
        ...

    def search_index(self, mailbox: OpenMailbox) -> SearchIndex: ...

    def arrangement(self, mailbox: OpenMailbox) -> Arrangement | None:
        """What keeps the order of messages; asked for once."""
        ...

    def released(self, mailbox: OpenMailbox) -> None:
        """Nobody holds the mailbox any more."""
        ...


class OpenMailbox:
    """Shared by all sessions of this process that have the mailbox open."""

    __slots__ = (
        "_names", "_tail", "_tail_from", "_tail_modseqs", "arranged", "columns", "contents", "gone", "holders", "row", "state",
    )  # fmt: skip

    def __init__(self, contents: Contents, columns: Columns, state: State, tail_from: int) -> None:
        self.contents = contents
        self.columns = columns
        self.state = state
        self.row: MailboxRow = state.row()
        self.gone = False
        self.holders = 0
        self._tail: list[Entry] = []
        self._tail_modseqs: list[int] = []
        self._tail_from = tail_from
        self._names: dict[int, tuple[str, ...]] = {}
        self.arranged: Arrangement | None = None

    # The store's side

    def apply(self, entry: Entry) -> None:
        self.columns.apply(entry)
        self._tail.append(entry)
        self._tail_modseqs.append(entry.modseq)
        if len(self._tail) > 4096:
            self._tail_from = self._tail_modseqs[2047]
            keep = bisect_right(self._tail_modseqs, self._tail_from)
            del self._tail[:keep], self._tail_modseqs[:keep]

    def take_state(self, state: State) -> None:
        if state.keywords != self.state.keywords:
            self._names.clear()
        self.state = state
        self.row = state.row()

    def replace_columns(self, columns: Columns) -> None:
        """Columns read anew, as of the present state."""
        self.columns = columns
        self.arranged = None
        self._tail.clear()
        self._tail_modseqs.clear()
        self._tail_from = self.state.modseq

    # The port

    def everything(self) -> MessageSet:
        return self.columns.everything()

    def by_uid(self, ranges: list[Range]) -> MessageSet:
        return self.columns.by_uid(ranges)

    def uids(self) -> Sequence[int]:
        return self.columns.uids()

    def numbers(self, messages: MessageSet) -> list[int]:
        return self.columns.numbers(messages)

    def number_text(self, messages: MessageSet, *, uid: bool) -> bytes:
        return self.columns.number_text(messages, uid=uid)

    def rows(self, messages: MessageSet, columns: Sequence[AnyColumn]) -> Iterator[list[tuple[object, ...]]]:
        for chunk in self.chunks(messages, columns):
            yield list(zip(*chunk, strict=True))

    def chunks(
        self, messages: MessageSet, columns: Sequence[AnyColumn], most: int = LOCAL_CHUNK
    ) -> Iterator[list[Sequence[object]]]:
        foreign = [column for column in columns if column not in _LOCAL]
        most = min(most, CHUNK if foreign else LOCAL_CHUNK, CELLS // max(1, len(columns)) or 1)
        headers = sum([isinstance(column, HeaderFields) or column is Column.HEADER for column in foreign])
        octets, cap = (HEADER_OCTETS // headers, _MAX_HEADER) if headers else (CHUNK_OCTETS, 0)
        ahead = self.contents.ahead(self, messages, foreign) if len(messages) > MANY and foreign else None
        for part in self.columns.slices(messages, most, octets, cap):
            if ahead is not None:
                ahead.before(len(part.content))
            if foreign:
                yield from self._with_contents(part, columns, foreign)
            else:
                yield [part.values(_LOCAL[column]) for column in columns]

    def _with_contents(
        self, part: Slice, columns: Sequence[AnyColumn], foreign: Sequence[AnyColumn]
    ) -> Iterator[list[Sequence[object]]]:
        contents = part.content
        local = {column: part.values(_LOCAL[column]) for column in columns if column in _LOCAL}
        at, ahead = 0, len(contents)
        while at < len(contents):
            some = contents if ahead == len(contents) else contents[at : at + ahead]
            read = self.contents.read_some(some, foreign, CHUNK_OCTETS)
            values, end = iter(read), at + len(read[0])
            ahead = 2 * len(read[0])
            if not at and end == len(contents):
                yield [local[column] if column in local else next(values) for column in columns]
            else:
                yield [local[column][at:end] if column in local else next(values) for column in columns]
            at = end

    def flag_names(self, key: int) -> tuple[str, ...]:
        found = self._names.get(key)
        if found is None:
            if len(self._names) > 4096:
                self._names.clear()
            found = self._names[key] = bits.names(key, self.state.keywords)
        return found

    def keywords(self) -> tuple[str, ...]:
        return self.state.keywords

    def search(self) -> SearchIndex:
        return self.contents.search_index(self)

    def arrangement(self) -> Arrangement | None:
        if self.arranged is None:
            self.arranged = self.contents.arrangement(self)
        return self.arranged

    def first_unseen(self) -> int | None:
        return self.columns.first_without(bits.SEEN_BIT)

    def changes(self, since: int, own: frozenset[int] = frozenset()) -> Changes:
        now = self.state.modseq
        entries = self._entries(since)
        if entries is None:
            return self._compared(since)
        added: list[Range] = []
        changed: list[Range] = []
        gone: list[Range] = []
        for entry in entries:
            fact = entry.fact
            if isinstance(fact, Added):
                added.append((fact.first, fact.last))
            elif isinstance(fact, Expunged):
                gone += fact.ranges
            elif isinstance(fact, Touched) or (isinstance(fact, FlagsChanged) and entry.modseq not in own):
                changed += fact.ranges
        columns = self.columns
        if not (added or changed or gone):  # flags that the session that asks has changed itself
            return Changes(now, columns.nothing(), [], columns.nothing())
        first = min((low for low, _ in added), default=STAR)
        return Changes(
            now,
            columns.by_uid(join(added)) if added else columns.nothing(),
            below(join(gone), first),
            columns.by_uid(below(join(changed), first)) if changed else columns.nothing(),
        )

    def _entries(self, since: int) -> list[Entry] | None:
        if since >= self.state.modseq:
            return []
        if since >= self._tail_from:
            return self._tail[bisect_right(self._tail_modseqs, since) :]
        return self.contents.read_log(self.state.id, since, self.state.modseq)

    def _compared(self, since: int) -> Changes:
        """Below the log's end: by what each message says of itself (STORE rule 4)."""
        added = self.columns.born_after(since)
        first = next(iter(added), STAR)
        gone = self.contents.read_tombstones(self.state.id, since, self.state.modseq)
        if gone is None:  # whatever is not there now
            gone = between(self.columns.everything().ranges(), self.state.uidnext - 1)
        return Changes(self.state.modseq, added, below(join(gone), first), self.columns.changed_after(since))

    def vanished(self, since: int) -> list[Range] | None:
        if since < self.state.floor:
            return None
        if since >= self.state.modseq:
            return []
        gone = self.contents.read_tombstones(self.state.id, since, self.state.modseq)
        return None if gone is None else join(gone)

    def release(self) -> None:
        self.holders -= 1
        if self.holders == 0:
            self.contents.released(self)


def below(ranges: list[Range], end: int) -> list[Range]:
    """What of sorted ``ranges`` is less than ``end``."""
    return [(low, min(high, end - 1)) for low, high in ranges if low < end]


def between(ranges: list[Range], last: int) -> list[Range]:
    """What of 1 to ``last`` sorted, joined ``ranges`` leave out."""
    starts = [1, *(high + 1 for _, high in ranges)]
    ends = [*(low - 1 for low, _ in ranges), last]
    return [(low, high) for low, high in zip(starts, ends, strict=True) if low <= high]
