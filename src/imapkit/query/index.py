"""What the query engine asks of a mailbox: sets of messages, and columns to choose them by.

Stores implement these protocols (``ports.store`` builds on them); ``query`` itself touches no store, array or SQL.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Protocol

from ..protocol.numset import Range
from ..record import record


class MessageSet(Protocol):
    """A set of messages of one mailbox, by UID. Immutable; operands come from the same store."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[int]:
        """UIDs, ascending."""
        ...

    def __contains__(self, uid: object) -> bool: ...

    def __or__(self, other: MessageSet) -> MessageSet: ...

    def __and__(self, other: MessageSet) -> MessageSet: ...

    def __sub__(self, other: MessageSet) -> MessageSet: ...

    def ranges(self) -> list[Range]:
        """UIDs as sorted, joined ranges."""
        ...


class NumberColumn(enum.Enum):
    """Columns that can be compared with a range of numbers."""

    UID = "uid"
    MODSEQ = "modseq"
    SIZE = "octets of the message"
    INTERNAL_DAY = "INTERNALDATE as a proleptic ordinal day, in its own zone"
    SENT_DAY = "the Date field as a proleptic ordinal day, in its own zone; 0 for a message without one"
    SAVE_DAY = "when it came into this mailbox, as an ordinal day in UTC"
    INTERNAL_TIME = "INTERNALDATE in seconds since 1970"
    SAVE_TIME = "when it came into this mailbox, in seconds since 1970"


class TextColumn(enum.Enum):
    """Texts that are stored decoded and mapped by i;unicode-casemap (query.collate)."""

    FROM = "From"
    TO = "To"
    CC = "Cc"
    BCC = "Bcc"
    SUBJECT = "Subject"
    BODY = "all text parts"
    PARTS = "the headers of parts and of embedded messages"
    HEADERS = "the whole header, decoded"


class IdColumn(enum.Enum):
    """Object ids (RFC 8474)."""

    EMAIL = "EMAILID"
    THREAD = "THREADID"


@record
class Known:
    """What an index says of some messages. Those of all pieces together that are in neither set do not hold the needle."""

    certain: MessageSet
    """They hold it."""
    possible: MessageSet
    """Their texts will tell."""


class SearchIndex(Protocol):
    """One mailbox as the query engine sees it, as of one moment."""

    def everything(self) -> MessageSet: ...

    def nothing(self) -> MessageSet: ...

    def by_uid(self, ranges: list[Range]) -> MessageSet:
        """Messages present whose UID is in sorted, joined ``ranges``."""
        ...

    def with_flag(self, flag: str) -> MessageSet:
        """Messages that have this flag or keyword (any case)."""
        ...

    def between(self, column: NumberColumn, low: int, high: int) -> MessageSet:
        """Messages with low <= value <= high."""
        ...

    def with_id(self, column: IdColumn, text: str) -> MessageSet: ...

    def known(self, column: TextColumn, needle: str, within: MessageSet) -> Iterator[Known]:
        """What can be told without the texts about the members of ``within`` and ``needle`` (mapped), in pieces of work."""
        ...

    def texts(self, column: TextColumn, within: MessageSet) -> Iterator[list[tuple[int, str]]]:
        """(UID, mapped text) of the members of ``within``, in chunks: one text holds all values of the field, joined by newlines."""
        ...

    def holding(self, column: TextColumn, needle: str, within: MessageSet) -> Iterator[list[int]]:
        """UIDs of the members of ``within`` whose text holds ``needle`` (mapped), in chunks."""
        ...

    def header_values(self, name: str, within: MessageSet) -> Iterator[list[tuple[int, list[str]]]]:
        """(UID, mapped values of the field ``name``) in chunks; messages without the field have an empty list."""
        ...
