"""Sort keys of 4,096 contents in one piece, a piece for each column: what the first SORT of a mailbox reads instead of their rows.

The rows of ``sort_key`` are the truth. They are written once, by ascending number, so a span of numbers is packed when the last of them
is given, behind the arrivals. The rules this file must not break: a piece that is missing or damaged costs time alone; and no
piece keeps what vacuum took away.
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, Protocol, cast
from zlib import crc32

import apsw
import numpy as np
import numpy.typing as npt
import zstandard

from imapkit.ports.store import Column
from imapkit.record import record

from .disk import Disk
from .errors import store_errors
from .handle import HasConnection
from .locks import WriterLock
from .uidset import distinct

Numbers = npt.NDArray[np.int64]

SPAN_BITS: Final = 12
SPAN: Final = 1 << SPAN_BITS
NUMBERS: Final = frozenset({Column.SENT, Column.IS_REPLY})
"""All other columns are texts."""
_COLUMNS: Final = {
    Column.SENT: (1, "sent"),
    Column.IS_REPLY: (2, "reply"),
    Column.BASE_SUBJECT: (3, "subject"),
    Column.SORT_FROM: (4, "sort_from"),
    Column.SORT_TO: (5, "sort_to"),
    Column.SORT_CC: (6, "sort_cc"),
    Column.DISPLAY_FROM: (7, "display_from"),
    Column.DISPLAY_TO: (8, "display_to"),
    Column.MESSAGE_ID: (9, "message_id"),
    Column.REFERENCES: (10, "ancestors"),
}
"""The number of each, which is in the file, and its name in ``sort_key``."""
_CODE_BITS: Final = 48
_HAS: Final = SPAN // 8
_BETWEEN: Final = "\0"

_log = logging.getLogger(__name__)


@record
class Pack:
    """One column of one span: the contents that there are, ascending, and the value of each."""

    ids: Numbers
    values: Numbers | list[str]


def _id(number: int, column: Column) -> int:
    return _COLUMNS[column][0] << _CODE_BITS | number


def pack(ids: Numbers, values: Numbers | Sequence[str]) -> bytes | None:
    """The octets of a piece; None where a text holds what is between them."""
    has = np.zeros(SPAN, np.bool_)
    has[ids & (SPAN - 1)] = True
    if isinstance(values, np.ndarray):
        # Octets of one weight together: most of them are alike
        data = values.astype("<i8").view(np.uint8).reshape(-1, 8).T.tobytes()
    else:
        text = _BETWEEN.join(values)
        if text.count(_BETWEEN) != len(values) - 1:
            return None
        data = text.encode()
    return zstandard.ZstdCompressor().compress(np.packbits(has).tobytes() + data)


def unpack(number: int, column: Column, octets: bytes) -> Pack:
    """Raises ValueError when they are none."""
    try:
        data = zstandard.ZstdDecompressor().decompress(octets)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
    ids = np.flatnonzero(np.unpackbits(np.frombuffer(data, np.uint8, _HAS))) + (number << SPAN_BITS)
    if column in NUMBERS:
        turned = np.frombuffer(data, np.uint8, 8 * len(ids), _HAS).reshape(8, -1)
        return Pack(ids, np.ascontiguousarray(turned.T).view("<i8").reshape(-1).astype(np.int64))
    texts = data[_HAS:].decode().split(_BETWEEN)
    if len(texts) != len(ids):
        raise ValueError(f"{len(texts)} texts of {len(ids)} contents")
    return Pack(ids, texts)


# Reading


def packed_spans(db: apsw.Connection, numbers: Numbers, columns: Sequence[Column]) -> Numbers:
    """Those of the spans of which there are pieces for all ``columns``."""
    query = "SELECT p.id FROM carray(?) AS a CROSS JOIN sort_pack AS p ON p.id = a.value ORDER BY p.id"
    for column in columns:
        if not len(numbers):
            break
        base = _id(0, column)
        wanted = array("q", (numbers + base).tobytes())
        rows = cast("list[tuple[int]]", db.execute(query, (apsw.carray(wanted),)).fetchall())
        numbers = np.array([row[0] for row in rows], np.int64) - base
    return numbers


def read_pack(db: apsw.Connection, number: int, column: Column) -> Pack | None:
    """None where it is missing or damaged."""
    row = db.execute("SELECT crc, data FROM sort_pack WHERE id = ?", (_id(number, column),)).fetchone()
    if row is None:
        return None
    crc, data = cast("tuple[int, bytes]", row)
    if crc32(data) == crc:
        try:
            return unpack(number, column, data)
        except ValueError as error:
            _log.warning("sort keys of span %d are read from their rows: %s", number, error)
            return None
    _log.warning("sort keys of span %d are read from their rows: the piece is damaged", number)
    return None


# Writing


class Packed(HasConnection, Protocol):
    """What is asked of an account."""

    path: Path
    lock: WriterLock
    disk: Disk
    next_content: int


async def build_packs(account: Packed, number: int, is_stopping: Callable[[], bool]) -> int:
    """Pack all spans from ``number`` on to which nothing will be added; gives the first that is left."""
    while not is_stopping():
        with store_errors(account.path):
            found = _next_span(account.db, number)
        if found is None or found >= account.next_content >> SPAN_BITS:
            break
        for column in _COLUMNS:
            account.disk.reached("upkeep")
            # Rows are read with the writer's lock: vacuum must not take them away meanwhile
            async with account.lock:
                with store_errors(account.path), account.db:
                    _write_pack(account.db, found, column)
            await asyncio.sleep(0)
        number = found + 1
    return number


async def rebuild_packs(account: Packed) -> None:
    """Remove all pieces and make them anew."""
    async with account.lock:
        with store_errors(account.path), account.db:
            account.db.execute("DELETE FROM sort_pack")
    await build_packs(account, 0, lambda: False)


def _next_span(db: apsw.Connection, number: int) -> int | None:
    row = db.execute("SELECT min(id) FROM sort_key WHERE id >= ?", (number << SPAN_BITS,)).fetchone()
    first = cast("tuple[int | None]", row)[0]
    return None if first is None else first >> SPAN_BITS


def _write_pack(db: apsw.Connection, number: int, column: Column) -> None:
    if db.execute("SELECT 1 FROM sort_pack WHERE id = ?", (_id(number, column),)).fetchone():
        return
    data = pack(*_rows(db, number, column))
    if data is not None:
        db.execute("INSERT INTO sort_pack VALUES (?, ?, ?)", (_id(number, column), crc32(data), data))


def _rows(db: apsw.Connection, number: int, column: Column) -> tuple[Numbers, Numbers | list[str]]:
    """What the rows of a span say."""
    query = f"SELECT id, {_COLUMNS[column][1]} FROM sort_key WHERE id >= ? AND id < ? ORDER BY id"
    first = number << SPAN_BITS
    rows = db.execute(query, (first, first + SPAN)).fetchall()
    flat = list(chain.from_iterable(rows))
    ids, values = np.array(flat[::2], np.int64), flat[1::2]
    return ids, np.array(values, np.int64) if column in NUMBERS else cast("list[str]", values)


def drop_packs(db: apsw.Connection, contents: Numbers) -> None:
    """Remove all pieces with any of these: inside a transaction of the caller's."""
    spans = distinct(contents >> SPAN_BITS)
    for column in _COLUMNS:
        pieces = array("q", (spans + _id(0, column)).tobytes())
        db.execute("DELETE FROM sort_pack WHERE id IN (SELECT value FROM carray(?))", (apsw.carray(pieces),))


def check_packs(db: apsw.Connection) -> Iterator[str]:
    """What is wrong with the pieces, in words."""
    columns = {code: column for column, (code, _) in _COLUMNS.items()}
    for (piece,) in cast("list[tuple[int]]", db.execute("SELECT id FROM sort_pack ORDER BY id").fetchall()):
        number, column = piece & (1 << _CODE_BITS) - 1, columns.get(piece >> _CODE_BITS)
        found = None if column is None else read_pack(db, number, column)
        if column is None or found is None:
            yield f"piece {piece} of the sort keys is damaged"
            continue
        ids, values = _rows(db, number, column)
        if not (np.array_equal(found.ids, ids) and list(found.values) == list(values)):
            yield f"piece {piece} of the sort keys differs from their rows"
