"""Snapshots: a mailbox's columns in segments, so that opening reads columns and few entries (STORE rule 3).

A segment has two parts: what never changes (uid, content, dates, size) and what does (flags, MODSEQ); each with a CRC. A manifest names
the segments of one snapshot. The rule this file must not break: the snapshot before the latest, and the log above it, stay
until there is a newer one, so a damaged snapshot costs time and no mail.

A segment is never written anew under its number, and no number is given twice. Segments without a manifest are those of a compaction
under way, or of one that was killed.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterable
from typing import Any, Final, cast
from zlib import crc32

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.errors import StoreBroken
from imapkit.record import record

from .columns import FIXED, NumpyColumns

MESSAGES: Final = 65_536
"""In a full segment."""
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<BBHI")  # version, columns, spare, count
_Column = npt.NDArray[Any]
_MUTABLE: Final = ("uid", "modseq")
_KINDS: Final = {
    "uid": "<u4", "content": "<i8", "size": "<i8", "date": "<i8", "zone": "<i2", "sent": "<i4", "saved": "<i8",
    "born": "<i8", "modseq": "<i8",
}  # fmt: skip
_FIXED_OCTETS: Final = sum(np.dtype(_KINDS[name]).itemsize for name in FIXED)
"""Of a message."""


@record
class Part:
    """One segment of a manifest: rows of the segment table, and the UIDs they cover."""

    fixed: int
    mutable: int
    first: int
    last: int
    messages: int
    """In the fixed part, the expunged too."""


@record
class Manifest:
    modseq: int
    last: int
    """The highest UID that was ever added."""
    parts: list[Part]
    size: int

    def segments(self) -> list[int]:
        """The rows of the segment table that it names."""
        return [number for part in self.parts for number in (part.fixed, part.mutable)]


def pack_fixed(columns: dict[str, _Column]) -> bytes:
    return _pack([columns[name].astype(_KINDS[name], copy=False) for name in FIXED])


def pack_mutable(columns: dict[str, _Column], planes: list[_Column]) -> bytes:
    own = [columns[name].astype(_KINDS[name], copy=False) for name in _MUTABLE]
    return _pack([*own, *(plane.astype("<u8", copy=False) for plane in planes)])


def _pack(columns: list[_Column]) -> bytes:
    head = _HEAD.pack(_VERSION, len(columns), 0, len(columns[0]))
    return head + b"".join([column.tobytes() for column in columns])


def _unpack(data: bytes, kinds: Iterable[str]) -> list[_Column]:
    version, _, _, count = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise StoreBroken(f"a segment has version {version}; this program reads {_VERSION}")
    at = _HEAD.size
    columns: list[_Column] = []
    for kind in kinds:
        column = np.frombuffer(data, kind, count, at)
        at += column.nbytes
        columns.append(column)
    return columns


def unpack_fixed(data: bytes) -> dict[str, _Column]:
    """What never changes of the messages of a segment. Raises ValueError, IndexError, struct.error where it is none."""
    return dict(zip(FIXED, _unpack(data, [_KINDS[name] for name in FIXED]), strict=True))


def unpack_mutable(data: bytes) -> tuple[_Column, _Column, list[_Column]]:
    """(UIDs, MODSEQs, planes of flags) of a segment."""
    planes = data[1] - len(_MUTABLE)
    uid, modseq, *rest = _unpack(data, [*(_KINDS[name] for name in _MUTABLE), *(["<u8"] * planes)])
    return uid, modseq, rest


def is_fixed(data: bytes) -> bool:
    """Which of the two a segment is: flags take another number of octets for each message."""
    return data[1] == len(FIXED) and len(data) == _HEAD.size + _HEAD.unpack_from(data)[3] * _FIXED_OCTETS


def unpack(fixed: bytes, mutable: bytes) -> tuple[dict[str, _Column], list[_Column]]:
    """The living messages of a segment."""
    columns = unpack_fixed(fixed)
    uid, modseq, rest = unpack_mutable(mutable)
    if len(uid) != len(columns["uid"]):
        keep = np.searchsorted(columns["uid"], uid)
        columns = {name: column[keep] for name, column in columns.items()}
    if not np.array_equal(columns["uid"], uid):
        raise StoreBroken("the two parts of a segment do not belong together")
    columns["modseq"] = modseq
    return columns, rest


# Tables


def write_segment(db: apsw.Connection, mailbox: int, data: bytes) -> int:
    db.execute("INSERT INTO segment (mailbox, crc, data) VALUES (?, ?, ?)", (mailbox, crc32(data), data))
    return db.last_insert_rowid()


def write_manifest(db: apsw.Connection, mailbox: int, manifest: Manifest) -> None:
    parts = [[part.fixed, part.mutable, part.first, part.last, part.messages] for part in manifest.parts]
    data = json.dumps({"last": manifest.last, "parts": parts, "size": manifest.size}).encode()
    # A damaged one may have its place.
    db.execute(
        "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?)", (mailbox, manifest.modseq, crc32(data), data)
    )


def marks_of(db: apsw.Connection, mailbox: int) -> list[tuple[int, int]]:
    """The MODSEQ and the CRC of each of a mailbox's manifests, the latest first: as long as they are the same, nobody wrote one."""
    query = "SELECT modseq, crc FROM snapshot WHERE mailbox = ? ORDER BY modseq DESC"
    return cast("list[tuple[int, int]]", db.execute(query, (mailbox,)).fetchall())


def manifest_modseqs(db: apsw.Connection, mailbox: int) -> list[int]:
    """The MODSEQs of a mailbox's snapshots, the latest first."""
    return [modseq for modseq, _ in marks_of(db, mailbox)]


def highest_segment(db: apsw.Connection, mailbox: int) -> int:
    query = "SELECT coalesce(max(id), 0) FROM segment WHERE mailbox = ?"
    return cast(int, db.execute(query, (mailbox,)).fetchall()[0][0])


def has_segments(db: apsw.Connection, mailbox: int, manifest: Manifest) -> bool:
    """All that the manifest names are there."""
    wanted = set(manifest.segments())
    query = (
        "SELECT count(*) FROM carray(?) AS a CROSS JOIN segment AS s ON s.id = a.value WHERE s.mailbox = ?"
    )
    numbers = apsw.carray(array("q", sorted(wanted))) if wanted else None
    return numbers is None or db.execute(query, (numbers, mailbox)).fetchall() == [(len(wanted),)]


def read_manifest(db: apsw.Connection, mailbox: int, modseq: int) -> Manifest:
    query = "SELECT crc, manifest FROM snapshot WHERE mailbox = ? AND modseq = ?"
    crc, data = cast("tuple[int, bytes]", db.execute(query, (mailbox, modseq)).fetchall()[0])
    if crc32(data) != crc:
        raise StoreBroken(f"the manifest of a snapshot at MODSEQ {modseq} is damaged")
    fields = json.loads(data)
    return Manifest(modseq, fields["last"], [Part(*part) for part in fields["parts"]], fields["size"])


def read_segment(db: apsw.Connection, number: int) -> bytes:
    """Raises StoreBroken when it is missing or damaged."""
    rows = db.execute("SELECT crc, data FROM segment WHERE id = ?", (number,)).fetchall()
    if not rows:
        raise StoreBroken(f"segment {number} of a snapshot is missing")
    crc, data = cast("tuple[int, bytes]", rows[0])
    if crc32(data) != crc:
        raise StoreBroken(f"segment {number} of a snapshot is damaged")
    return data


def load_manifest(db: apsw.Connection, manifest: Manifest) -> NumpyColumns:
    """The columns as of the snapshot. Raises StoreBroken when any piece of it is damaged."""
    columns = columns_for(manifest)
    for part in manifest.parts:
        load_part(db, columns, part)
    end_columns(columns, manifest)
    return columns


def columns_for(manifest: Manifest) -> NumpyColumns:
    """Empty, with room for all that its parts have."""
    columns = NumpyColumns()
    columns.reserve(sum(part.messages for part in manifest.parts))
    return columns


def load_part(db: apsw.Connection, columns: NumpyColumns, part: Part) -> None:
    """Add a part behind what is there. Raises StoreBroken."""
    try:
        found = unpack(read_segment(db, part.fixed), read_segment(db, part.mutable))
    except (struct.error, ValueError, IndexError) as error:
        raise StoreBroken(f"a segment of a snapshot is damaged: {error}") from error
    columns.load_segment(*found)


def end_columns(columns: NumpyColumns, manifest: Manifest) -> None:
    """After all parts: the columns are those of the snapshot."""
    columns.last = max(columns.last, manifest.last)
    columns.modseq = manifest.modseq


def drop_snapshots(db: apsw.Connection, mailbox: int, keep: list[Manifest], upto: int) -> None:
    """Remove all snapshots of a mailbox but these, and the segments up to ``upto`` that only they used."""
    modseqs = [manifest.modseq for manifest in keep] + [-1, -1]
    db.execute("DELETE FROM snapshot WHERE mailbox = ? AND modseq NOT IN (?, ?)", (mailbox, *modseqs[:2]))
    used = {number for manifest in keep for number in manifest.segments()}
    rows = db.execute("SELECT id FROM segment WHERE mailbox = ? AND id <= ?", (mailbox, upto)).fetchall()
    unused = [(row[0],) for row in rows if row[0] not in used]
    db.executemany("DELETE FROM segment WHERE id = ?", unused)
