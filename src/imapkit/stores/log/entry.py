"""Entries of the log: every change of an account is one or more of them, all under one MODSEQ (STORE rules 1 and 2).

The rule this file must not break: an entry that is on a disk somewhere can be read for ever; a change of form takes a new
``VERSION`` (see ``codec``).
"""

from __future__ import annotations

import enum
from array import array

from imapkit.protocol.numset import Range
from imapkit.record import record

from .bits import PLANE, PLANE_MASK, planes_of

ACCOUNT = 0
"""The mailbox number under which the account's own entries run."""


class Kind(enum.IntEnum):
    ADDED = 1
    FLAGS = 2
    EXPUNGED = 3
    TOUCHED = 4
    KEYWORD = 5
    CREATED = 16
    RENAMED = 17
    DELETED = 18
    SUBSCRIBED = 19
    UNSUBSCRIBED = 20


@record
class Batch:
    """Messages as columns of equal length, without their UIDs."""

    content: array[int]
    size: array[int]
    date: array[int]
    """INTERNALDATE in seconds since 1970."""
    zone: array[int]
    """Its zone, in minutes east."""
    sent: array[int]
    """The Date field as an ordinal day."""
    planes: list[array[int]]
    """Flags, 64 bits a plane."""

    def __len__(self) -> int:
        return len(self.content)

    def flags(self, at: int) -> int:
        """All flag bits of one message."""
        mask = 0
        for number, plane in enumerate(self.planes):
            mask |= plane[at] << PLANE * number
        return mask


def planes_for(masks: list[int]) -> list[array[int]]:
    """Flag masks as planes of 64 bits; one plane at least."""
    count = max((planes_of(mask) for mask in masks), default=1)
    return [array("Q", [mask >> PLANE * number & PLANE_MASK for mask in masks]) for number in range(count)]


def batch_of(rows: list[tuple[int, int, int, int, int, int]]) -> Batch:
    """From rows of (content, size, date, zone, sent, flags)."""
    return Batch(
        array("q", [row[0] for row in rows]),
        array("q", [row[1] for row in rows]),
        array("q", [row[2] for row in rows]),
        array("h", [row[3] for row in rows]),
        array("i", [row[4] for row in rows]),
        planes_for([row[5] for row in rows]),
    )


def with_flags(batch: Batch, masks: list[int]) -> Batch:
    """``batch`` with these flags instead of its own."""
    return Batch(batch.content, batch.size, batch.date, batch.zone, batch.sent, planes_for(masks))


@record
class Added:
    """Messages with UIDs from ``first`` on, without gaps. The entry's time is their SAVEDATE."""

    first: int
    batch: Batch

    @property
    def last(self) -> int:
        return self.first + len(self.batch) - 1


@record
class FlagsChanged:
    """In ``ranges`` (UIDs that really changed): take the bits of ``off`` away, then set those of ``on``."""

    ranges: list[Range]
    on: int
    off: int


@record
class Expunged:
    ranges: list[Range]


@record
class Touched:
    """Nothing but the MODSEQ changed here (annotations; a resynchronisation after a power cut)."""

    ranges: list[Range]


@record
class NewKeywords:
    """Keywords numbered from ``first`` (a bit), before their first use."""

    first: int
    names: tuple[str, ...]


@record
class Created:
    mailbox: int
    name: str


@record
class Renamed:
    mailbox: int
    old: str
    new: str


@record
class Deleted:
    mailbox: int
    name: str


@record
class Subscribed:
    name: str


@record
class Unsubscribed:
    name: str


Fact = (
    Added
    | FlagsChanged
    | Expunged
    | Touched
    | NewKeywords
    | Created
    | Renamed
    | Deleted
    | Subscribed
    | Unsubscribed
)

KINDS: dict[type[Fact], Kind] = {
    Added: Kind.ADDED,
    FlagsChanged: Kind.FLAGS,
    Expunged: Kind.EXPUNGED,
    Touched: Kind.TOUCHED,
    NewKeywords: Kind.KEYWORD,
    Created: Kind.CREATED,
    Renamed: Kind.RENAMED,
    Deleted: Kind.DELETED,
    Subscribed: Kind.SUBSCRIBED,
    Unsubscribed: Kind.UNSUBSCRIBED,
}


@record
class Entry:
    """One line of the log. ``actor`` is who did it (empty: the owner)."""

    modseq: int
    mailbox: int
    time: int
    fact: Fact
    actor: str = ""

    @property
    def kind(self) -> Kind:
        return KINDS[type(self.fact)]


def ranges_of(entry: Entry) -> list[Range]:
    """The UIDs that an entry of a mailbox is about."""
    fact = entry.fact
    if isinstance(fact, Added):
        return [(fact.first, fact.last)]
    if isinstance(fact, FlagsChanged | Expunged | Touched):
        return fact.ranges
    return []
