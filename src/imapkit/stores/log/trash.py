"""Expunged messages that can be brought back: one batch for each expunge, so that expunging 100,000 messages writes one row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta, timezone

from imapkit.ports.store import Trashed
from imapkit.protocol.numset import Range, compress, holds, join
from imapkit.record import record

from . import bits
from .entry import Batch

BATCH_BITS = 24
"""A trash id is the batch's id and the message's place in it."""
_PLACE = (1 << BATCH_BITS) - 1


@record
class TrashBatch:
    """What one expunge removed. ``taken``: places that were brought back already."""

    id: int
    mailbox: str
    time: int
    uids: list[Range]
    keywords: tuple[str, ...]
    batch: Batch
    taken: list[Range]

    def trashed(self) -> Iterator[Trashed]:
        place = 0
        for low, high in self.uids:
            for uid in range(low, high + 1):
                if not holds(self.taken, place):
                    yield self._trashed(place, uid)
                place += 1

    def _trashed(self, place: int, uid: int) -> Trashed:
        batch = self.batch
        zone = timezone(timedelta(minutes=batch.zone[place]))
        return Trashed(
            self.id << BATCH_BITS | place,
            self.mailbox,
            uid,
            batch.size[place],
            frozenset(bits.names(batch.flags(place), self.keywords)),
            datetime.fromtimestamp(batch.date[place], zone),
            datetime.fromtimestamp(self.time, UTC),
        )

    def take(self, places: Collection[int]) -> TrashBatch:
        """The same without ``places``."""
        taken = join([*self.taken, *compress(sorted(places))])
        return TrashBatch(self.id, self.mailbox, self.time, self.uids, self.keywords, self.batch, taken)

    def has(self, place: int) -> bool:
        return place < len(self.batch) and not holds(self.taken, place)


def split_id(trash_id: int) -> tuple[int, int]:
    """(batch, place)."""
    return trash_id >> BATCH_BITS, trash_id & _PLACE
