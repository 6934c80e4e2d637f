"""What can still be known of a mailbox whose snapshots or log are damaged: each message from whatever piece speaks of it.

Segments tell UIDs with their contents, and UIDs with their flags, as of the moment when they were written, whether a manifest names them
or not. The log tells what came and went since. The rules this file must not break: a piece that cannot be read takes nothing but itself
away; and a UID that something says was expunged stays so, for no UID is given twice.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final, cast

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.errors import StoreBroken
from imapkit.protocol.numset import Range, join
from imapkit.stores.log.bits import PLANE_MASK, planes_of, split
from imapkit.stores.log.codec import decode
from imapkit.stores.log.entry import Added, Entry, Expunged, FlagsChanged, NewKeywords, Touched
from imapkit.stores.log.state import State

from .columns import FIXED, NumpyColumns
from .snapshot import is_fixed, manifest_modseqs, read_manifest, read_segment, unpack_fixed, unpack_mutable
from .states import PART_BITS, read_trash

Column = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_HIGHEST: Final = (1 << 32) - 1
_UNREADABLE: Final = (StoreBroken, ValueError, IndexError, struct.error)


@dataclass(slots=True)
class Salvaged:
    """``columns``: the living messages. ``keywords``: those that the log names, by their bit."""

    columns: NumpyColumns
    keywords: dict[int, str] = field(default_factory=dict)
    last: int = 0
    """The highest UID that anything speaks of."""
    unreadable: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Flags:
    """A segment with flags: its number, and the UIDs from ``low`` to ``high`` of which it lists the living."""

    low: int
    high: int
    uid: Column
    modseq: Column
    planes: list[Column]


def salvage(db: apsw.Connection, state: State) -> Salvaged:
    """Inside a transaction."""
    found = Salvaged(NumpyColumns())
    entries = _read_log(db, state.id, found)
    fixed, flags = _read_segments(db, state.id, found)
    for entry in entries:
        if isinstance(entry.fact, Added):
            added = _columns_of(entry, entry.fact)
            fixed.append(added[0])
            flags.append(added[1])
        elif isinstance(entry.fact, NewKeywords):
            found.keywords |= dict(enumerate(entry.fact.names, entry.fact.first))
    columns = _joined(fixed)
    modseq, planes = _latest_flags(columns, flags)
    columns["modseq"] = modseq
    alive = _alive(columns["uid"], flags, entries)
    alive &= ~_in_trash(db, state.name, columns, found)
    _apply(columns, planes, entries)
    found.last = max([_last(each) for each in fixed] + [_last_of(entry) for entry in entries], default=0)
    found.columns.reserve(int(alive.sum()))
    found.columns.load_segment(
        {name: column[alive] for name, column in columns.items()}, [plane[alive] for plane in planes]
    )
    return found


# Reading, piece by piece


def _read_log(db: apsw.Connection, mailbox: int, found: Salvaged) -> list[Entry]:
    query = "SELECT id, kind, actor, time, data FROM log WHERE mailbox = ? ORDER BY id"
    entries: list[Entry] = []
    rows = cast("list[tuple[int, int, str, int, bytes]]", db.execute(query, (mailbox,)).fetchall())
    for number, kind, actor, time, data in rows:
        try:
            entries.append(Entry(number >> PART_BITS, mailbox, time, decode(kind, data), actor))
        except StoreBroken as error:
            found.unreadable.append(str(error))
    return entries


def _read_segments(
    db: apsw.Connection, mailbox: int, found: Salvaged
) -> tuple[list[dict[str, Column]], list[_Flags]]:
    """In the order in which they were written."""
    spans = _spans(db, mailbox, found)
    fixed: list[dict[str, Column]] = []
    flags: list[_Flags] = []
    query = "SELECT id FROM segment WHERE mailbox = ? ORDER BY id"
    for (number,) in cast("list[tuple[int]]", db.execute(query, (mailbox,)).fetchall()):
        try:
            data = read_segment(db, number)
            if is_fixed(data):
                fixed.append(unpack_fixed(data))
                continue
            uid, modseq, planes = unpack_mutable(data)
        except _UNREADABLE as error:
            found.unreadable.append(f"segment {number}: {error}")
            continue
        low, high = spans.get(number, (int(uid[0]), int(uid[-1])) if len(uid) else (1, 0))
        flags.append(_Flags(low, high, uid, modseq, planes))
    return fixed, flags


def _spans(db: apsw.Connection, mailbox: int, found: Salvaged) -> dict[int, Range]:
    """The UIDs that each segment with flags was about, as its manifest says."""
    spans: dict[int, Range] = {}
    for modseq in manifest_modseqs(db, mailbox):
        try:
            manifest = read_manifest(db, mailbox, modseq)
        except StoreBroken as error:
            found.unreadable.append(str(error))
            continue
        spans |= {part.mutable: (part.first, part.last) for part in manifest.parts}
    return spans


def _columns_of(entry: Entry, fact: Added) -> tuple[dict[str, Column], _Flags]:
    columns = NumpyColumns()
    columns.apply(entry)
    every, planes = columns.segment(1, _HIGHEST)
    modseq = every.pop("modseq")
    return every, _Flags(fact.first, fact.last, every["uid"], modseq, planes)


# Putting together


def _joined(pieces: list[dict[str, Column]]) -> dict[str, Column]:
    """All messages that any piece speaks of, by UID; where several do, they say the same."""
    if not pieces:
        return {name: column for name, column in NumpyColumns().segment(1, 0)[0].items() if name in FIXED}
    joined = {name: np.concatenate([piece[name] for piece in pieces]) for name in FIXED}
    _, first = np.unique(joined["uid"], return_index=True)
    return {name: column[first] for name, column in joined.items()}


def _latest_flags(columns: dict[str, Column], flags: list[_Flags]) -> tuple[Column, list[Column]]:
    """(MODSEQ, planes) of each message: by the piece that says the latest of it; where none does, as it came, without flags."""
    count = max([len(each.planes) for each in flags], default=1)
    uids = columns["uid"]
    modseq = columns["born"].copy()
    planes = [np.zeros(len(uids), np.uint64) for _ in range(count)]
    told = np.zeros(len(uids), np.bool_)
    for each in flags:
        at = np.searchsorted(uids, each.uid)
        at[at == len(uids)] = 0
        known = uids[at] == each.uid if len(uids) else np.zeros(0, np.bool_)
        at, here = at[known], each.modseq[known]
        newer = ~told[at] | (here >= modseq[at])
        at = at[newer]
        modseq[at] = here[newer]
        told[at] = True
        for number, plane in enumerate(planes):
            plane[at] = each.planes[number][known][newer] if number < len(each.planes) else 0
    return modseq, planes


def _alive(uids: Column, flags: list[_Flags], entries: list[Entry]) -> Mask:
    alive = np.ones(len(uids), np.bool_)
    for each in flags:
        low, high = np.searchsorted(uids, [each.low, each.high + 1])
        alive[low:high] &= np.isin(uids[low:high], each.uid)
    for entry in entries:
        if isinstance(entry.fact, Expunged):
            alive &= ~_members(uids, entry.fact.ranges)
    return alive


def _members(uids: Column, ranges: list[Range]) -> Mask:
    mask = np.zeros(len(uids), np.bool_)
    for low, high in ranges:
        mask[np.searchsorted(uids, low) : np.searchsorted(uids, high, "right")] = True
    return mask


def _in_trash(db: apsw.Connection, name: str, columns: dict[str, Column], found: Salvaged) -> Mask:
    """Messages that were expunged: their tombstone may be forgotten while they can still be brought back."""
    gone: dict[int, int] = {}
    query = "SELECT id FROM trash WHERE mailbox = ?"
    for (number,) in cast("list[tuple[int]]", db.execute(query, (name,)).fetchall()):
        try:
            batch = read_trash(db, number)
        except _UNREADABLE as error:
            found.unreadable.append(f"trash batch {number}: {error}")
            continue
        if batch is not None:
            uids = [uid for low, high in join(batch.uids) for uid in range(low, high + 1)]
            gone |= dict(zip(uids, batch.batch.content, strict=False))
    pairs = zip(columns["uid"].tolist(), columns["content"].tolist(), strict=True)
    return np.array([gone.get(uid) == content for uid, content in pairs], np.bool_)


def _apply(columns: dict[str, Column], planes: list[Column], entries: list[Entry]) -> None:
    """Changes of flags in order; one that a message's row has already is not applied again, as there may be gaps between them."""
    uids, modseq = columns["uid"], columns["modseq"]
    for entry in entries:
        fact = entry.fact
        if not isinstance(fact, FlagsChanged | Touched):
            continue
        here = _members(uids, fact.ranges) & (modseq < entry.modseq)
        modseq[here] = entry.modseq
        if isinstance(fact, Touched):
            continue
        while len(planes) < planes_of(fact.on):
            planes.append(np.zeros(len(uids), np.uint64))
        words = zip(planes, split(fact.on, len(planes)), split(fact.off, len(planes)), strict=True)
        for plane, on, off in words:
            plane[here] = plane[here] & np.uint64(~off & PLANE_MASK) | np.uint64(on)


def _last(piece: dict[str, Column]) -> int:
    return int(piece["uid"].max()) if len(piece["uid"]) else 0


def _last_of(entry: Entry) -> int:
    fact = entry.fact
    if isinstance(fact, Added):
        return fact.last
    # Those of a resynchronisation name UIDs that were never given
    return max([high for _, high in fact.ranges], default=0) if isinstance(fact, Expunged) else 0
