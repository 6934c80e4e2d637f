"""Columns: what a mailbox is after its entries were applied. The protocol, and what the mailbox model asks of an implementation.

``memory.columns`` implements it on ``array``, ``sqlite.columns`` on numpy. The rule both keep: ``apply`` of entries that are
partly known already (a snapshot taken piece by piece, then the log above it) ends in the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Final, Protocol

from imapkit.protocol.numset import Range
from imapkit.query.index import MessageSet, NumberColumn
from imapkit.record import record

from .entry import Batch, Entry, with_flags

EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
DAY: Final = 86400


@record
class FlagPlan:
    """What a change of flags would do."""

    changed: MessageSet
    refused: MessageSet
    unseen: int
    """By how much the counts change."""
    deleted: int
    deleted_size: int


@record
class Totals:
    """Sums over a set of messages."""

    messages: int = 0
    unseen: int = 0
    deleted: int = 0
    size: int = 0
    deleted_size: int = 0
    recent: int = 0


class Slice:
    """A run of messages: plain lists of equal length, each made when it is asked for, which is before anything can change."""

    __slots__ = ("values",)

    def __init__(self, values: Callable[[str], list[int]]) -> None:
        self.values = values
        """Of uid, flags, modseq, saved, content, size or date."""

    @property
    def uid(self) -> list[int]:
        return self.values("uid")

    @property
    def content(self) -> list[int]:
        return self.values("content")


class Columns(Protocol):
    """The messages of one mailbox as columns."""

    modseq: int
    """Of the latest entry applied."""

    def apply(self, entry: Entry) -> None: ...

    def __len__(self) -> int: ...

    def everything(self) -> MessageSet: ...

    def nothing(self) -> MessageSet: ...

    def by_uid(self, ranges: list[Range]) -> MessageSet: ...

    def uids(self) -> Sequence[int]: ...

    def numbers(self, messages: MessageSet) -> list[int]:
        """The place, from 1, in ``uids`` of each member that is present."""
        ...

    def number_text(self, messages: MessageSet, *, uid: bool) -> bytes:
        """The UIDs of the members, or their ``numbers``, in decimal, a space before each."""
        ...

    def with_bit(self, bit: int) -> MessageSet: ...

    def first_without(self, bit: int) -> int | None: ...

    def between(self, column: NumberColumn, low: int, high: int) -> MessageSet: ...

    def with_contents(self, contents: Collection[int]) -> MessageSet: ...

    def contents_above(self, number: int) -> MessageSet:
        """Messages with a later content than this one."""
        ...

    def born_after(self, modseq: int) -> MessageSet:
        """Messages that came after ``modseq``."""
        ...

    def changed_after(self, modseq: int) -> MessageSet:
        """Messages that were there at ``modseq`` and have a later MODSEQ."""
        ...

    def plan_flags(
        self, messages: MessageSet, on: int, off: int, unchanged_since: int | None
    ) -> FlagPlan: ...

    def totals(self, messages: MessageSet, recent_from: int) -> Totals: ...

    def bits_used(self, messages: MessageSet) -> int:
        """All flag bits that any of them has."""
        ...

    def extract(self, messages: MessageSet) -> Batch:
        """The members that are present, as a batch, by ascending UID."""
        ...

    def slices(self, messages: MessageSet, most: int, octets: int, cap: int) -> Iterator[Slice]:
        """The members that are present when their slice is made: at most ``most`` messages a slice, or about ``octets`` octets.

        A message counts with its size, at most ``cap``.
        """
        ...


def remap(batch: Batch, bits: dict[int, int]) -> Batch:
    """``batch`` with keyword bits renumbered; bits that ``bits`` does not name stay."""
    if all(old == new for old, new in bits.items()):
        return batch
    moved = sum(1 << old for old in bits)
    known: dict[int, int] = {}
    masks: list[int] = []
    for at in range(len(batch)):
        mask = batch.flags(at)
        changed = known.get(mask)
        if changed is None:
            changed = mask & ~moved
            for old, new in bits.items():
                changed |= (mask >> old & 1) << new
            known[mask] = changed
        masks.append(changed)
    return with_flags(batch, masks)
