"""A mailbox as the query engine sees it: numbers from the columns, texts from the store's contents, in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from imapkit.message.text import header_values
from imapkit.protocol.numset import Range
from imapkit.query.collate import casemap
from imapkit.query.index import IdColumn, Known, MessageSet, NumberColumn, TextColumn
from imapkit.record import record

from . import bits
from .columns import Columns, Slice
from .mailbox import OpenMailbox

CHUNK: Final = 500
CHUNK_OCTETS: Final = 4 << 20
_CAP: Final = 1 << 20


SCANNED: Final = 200
"""So few messages are looked into without asking an index."""


@record
class Narrowed:
    """What an index says of the contents above one, up to ``upto``: which hold a needle for certain, and which may."""

    certain: Sequence[int]
    possible: Sequence[int] | None
    """None: any other."""
    upto: int | None
    """None: all the rest."""


NOTHING_KNOWN: Final = Narrowed((), None, None)

_IN_TEXTS: Final = frozenset((TextColumn.BODY, TextColumn.PARTS))
"""What is read from the stored text of a message, which may be long."""


class Texts(Protocol):
    """What the search of a mailbox asks of its store."""

    def read_texts(self, column: TextColumn, contents: list[int]) -> list[str]:
        """The mapped text of each content."""
        ...

    def holding(self, column: TextColumn, contents: list[int], needle: str) -> list[int]:
        """The places of the contents whose mapped text holds ``needle``."""
        ...

    def read_headers(self, contents: list[int]) -> list[bytes]: ...

    def contents_with_id(self, column: IdColumn, text: str) -> list[int]: ...

    def narrowed(self, column: TextColumn, needle: str, above: int) -> Narrowed:
        """What an index says of contents above this one."""
        ...


class LogSearch:
    """The index of one open mailbox."""

    def __init__(self, mailbox: OpenMailbox, texts: Texts) -> None:
        self._mailbox = mailbox
        self._texts = texts

    @property
    def _columns(self) -> Columns:
        return self._mailbox.columns

    def everything(self) -> MessageSet:
        return self._columns.everything()

    def nothing(self) -> MessageSet:
        return self._columns.nothing()

    def by_uid(self, ranges: list[Range]) -> MessageSet:
        return self._columns.by_uid(ranges)

    def with_flag(self, flag: str) -> MessageSet:
        bit = bits.find_bit(flag, self._mailbox.state.keywords)
        return self._columns.nothing() if bit is None else self._columns.with_bit(bit)

    def between(self, column: NumberColumn, low: int, high: int) -> MessageSet:
        return self._columns.between(column, low, high)

    def with_id(self, column: IdColumn, text: str) -> MessageSet:
        contents = self._texts.contents_with_id(column, text)
        return self._columns.with_contents(contents) if contents else self._columns.nothing()

    def known(self, column: TextColumn, needle: str, within: MessageSet) -> Iterator[Known]:
        if len(within) <= SCANNED:
            yield Known(self.nothing(), within)
            return
        upto: int | None = 0
        while upto is not None:
            found = self._texts.narrowed(column, needle, upto)
            if found.possible is not None:
                possible = self._columns.with_contents(found.possible)
            else:
                possible = self._columns.contents_above(upto)
                if found.upto is not None:
                    possible = possible - self._columns.contents_above(found.upto)
            upto = found.upto
            yield Known(self._columns.with_contents(found.certain), possible)

    def texts(self, column: TextColumn, within: MessageSet) -> Iterator[list[tuple[int, str]]]:
        for part in self._slices(within, 64 if column in _IN_TEXTS else 4):
            found = self._texts.read_texts(column, part.content)
            yield list(zip(part.uid, found, strict=True))

    def holding(self, column: TextColumn, needle: str, within: MessageSet) -> Iterator[list[int]]:
        for part in self._slices(within, 64 if column in _IN_TEXTS else 4):
            uids = part.uid
            yield [uids[at] for at in self._texts.holding(column, part.content, needle)]

    def header_values(self, name: str, within: MessageSet) -> Iterator[list[tuple[int, list[str]]]]:
        for part in self._slices(within, 16):
            headers = self._texts.read_headers(part.content)
            yield [
                (uid, [casemap(value) for value in header_values(header, name)])
                for uid, header in zip(part.uid, headers, strict=True)
            ]

    def _slices(self, within: MessageSet, share: int) -> Iterator[Slice]:
        return self._columns.slices(within, CHUNK, CHUNK_OCTETS, share * _CAP // 64)
