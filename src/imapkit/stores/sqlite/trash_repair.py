"""What can be brought back of a damaged trash table: batches that read, without the messages of which nobody has the octets."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, cast

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.errors import StoreBroken
from imapkit.stores.log.trash import TrashBatch

from .mending import Octets
from .states import read_trash, write_trash

UNREADABLE: Final = (StoreBroken, ValueError, IndexError, KeyError, TypeError, struct.error)


@dataclass(slots=True)
class TrashPlan:
    held: list[int] = field(default_factory=list)
    """Contents that can be brought back."""
    changed: list[TrashBatch] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)
    lost: int = 0
    """Messages that cannot be brought back any more."""

    @property
    def is_sound(self) -> bool:
        return not (self.changed or self.unreadable)


def look_at_trash(db: apsw.Connection, octets: Octets) -> TrashPlan:
    """Inside a transaction. Changes nothing."""
    plan = TrashPlan()
    lost = np.array([*octets.lost], np.int64)
    for number in [cast(int, row[0]) for row in db.execute("SELECT id FROM trash ORDER BY id").fetchall()]:
        try:
            batch = read_trash(db, number)
        except UNREADABLE:
            plan.unreadable.append(number)
            continue
        if batch is None or len(batch.batch) != sum(high - low + 1 for low, high in batch.uids):
            plan.unreadable.append(number)
            continue
        content = np.array(batch.batch.content, np.int64)
        gone = ~np.isin(content, octets.known) | np.isin(content, lost)
        left = [place for place in np.flatnonzero(gone).tolist() if batch.has(place)]
        if left:
            batch = batch.take(left)
            plan.changed.append(batch)
            plan.lost += len(left)
        plan.held += _held(batch, content)
    return plan


def _held(batch: TrashBatch, content: npt.NDArray[np.int64]) -> list[int]:
    return [number for place, number in enumerate(content.tolist()) if batch.has(place)]


def mend_trash(db: apsw.Connection, plan: TrashPlan) -> None:
    write_trash(db, plan.changed)
    db.executemany("DELETE FROM trash WHERE id = ?", [(number,) for number in plan.unreadable])
