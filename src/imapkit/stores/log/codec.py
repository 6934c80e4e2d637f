"""Entries as bytes: one version octet, then fixed little-endian columns, so that arrays are read without a loop.

The rule this file must not break: every form that was ever written can be read.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from collections.abc import Callable
from itertools import chain

from imapkit.errors import StoreBroken
from imapkit.protocol.numset import Range

from .entry import (
    Added,
    Batch,
    Created,
    Deleted,
    Expunged,
    Fact,
    FlagsChanged,
    Kind,
    NewKeywords,
    Renamed,
    Subscribed,
    Touched,
    Unsubscribed,
)

VERSION = 1
_BATCH = struct.Struct("<BBHII")  # version, planes, spare, count, first UID
_MASKS = struct.Struct("<BBHH")  # version, spare, octets of ``on``, octets of ``off``
COLUMN_CODES = ("q", "q", "q", "h", "i")
"""Array codes of content, size, date, zone and sent."""


def put(column: array[int]) -> bytes:
    """A column as little-endian octets."""
    if sys.byteorder == "big":
        column = array(column.typecode, column)
        column.byteswap()
    return column.tobytes()


def get(code: str, data: bytes | memoryview) -> array[int]:
    """The column that ``put`` wrote."""
    column: array[int] = array(code)
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def put_ranges(ranges: list[Range]) -> bytes:
    return put(array("I", chain.from_iterable(ranges)))


def get_ranges(data: bytes | memoryview) -> list[Range]:
    numbers = get("I", data)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def put_batch(first: int, batch: Batch) -> bytes:
    head = _BATCH.pack(VERSION, len(batch.planes), 0, len(batch), first)
    columns = (batch.content, batch.size, batch.date, batch.zone, batch.sent, *batch.planes)
    return head + b"".join([put(column) for column in columns])


def get_batch(data: bytes) -> tuple[int, Batch]:
    """(first UID, batch)."""
    _, planes, _, count, first = _BATCH.unpack_from(data)
    view = memoryview(data)
    at = _BATCH.size
    columns: list[array[int]] = []
    for code in (*COLUMN_CODES, *("Q" * planes)):
        width = count * array(code).itemsize
        columns.append(get(code, view[at : at + width]))
        at += width
    content, size, date, zone, sent, *rest = columns
    return first, Batch(content, size, date, zone, sent, rest)


def encode(fact: Fact) -> bytes:
    """The octets of a fact; its kind is kept beside them."""
    if isinstance(fact, Added):
        return put_batch(fact.first, fact.batch)
    if isinstance(fact, FlagsChanged):
        on, off = (mask.to_bytes((mask.bit_length() + 7) // 8, "little") for mask in (fact.on, fact.off))
        return _MASKS.pack(VERSION, 0, len(on), len(off)) + on + off + put_ranges(fact.ranges)
    if isinstance(fact, Expunged | Touched):
        return bytes((VERSION, 0, 0, 0)) + put_ranges(fact.ranges)
    return bytes((VERSION,)) + json.dumps(_fields(fact), ensure_ascii=False).encode(
        "utf-8", "surrogateescape"
    )


def _fields(fact: Fact) -> list[object]:
    match fact:
        case NewKeywords(first, names):
            return [first, list(names)]
        case Created(mailbox, name) | Deleted(mailbox, name):
            return [mailbox, name]
        case Renamed(mailbox, old, new):
            return [mailbox, old, new]
        case Subscribed(name) | Unsubscribed(name):
            return [name]
        case _:
            raise TypeError(f"no plain form for {fact!r}")


_PLAIN: dict[Kind, Callable[..., Fact]] = {
    Kind.KEYWORD: lambda first, names: NewKeywords(first, tuple(names)),
    Kind.CREATED: Created,
    Kind.RENAMED: Renamed,
    Kind.DELETED: Deleted,
    Kind.SUBSCRIBED: Subscribed,
    Kind.UNSUBSCRIBED: Unsubscribed,
}


def decode(kind: int, data: bytes) -> Fact:
    """The fact that ``encode`` wrote. Raises StoreBroken."""
    if not data or data[0] != VERSION:
        raise StoreBroken(f"a log entry has version {data[:1]!r}; this program reads {VERSION}")
    try:
        return _decode(Kind(kind), data)
    except (ValueError, struct.error, TypeError, IndexError) as error:
        raise StoreBroken(f"a log entry of kind {kind} is damaged: {error}") from error


def _decode(kind: Kind, data: bytes) -> Fact:
    if kind is Kind.ADDED:
        return Added(*get_batch(data))
    if kind is Kind.FLAGS:
        _, _, on, off = _MASKS.unpack_from(data)
        at = _MASKS.size
        return FlagsChanged(
            get_ranges(data[at + on + off :]),
            int.from_bytes(data[at : at + on], "little"),
            int.from_bytes(data[at + on : at + on + off], "little"),
        )
    if kind in (Kind.EXPUNGED, Kind.TOUCHED):
        ranges = get_ranges(data[4:])
        return Expunged(ranges) if kind is Kind.EXPUNGED else Touched(ranges)
    return _PLAIN[kind](*json.loads(data[1:].decode("utf-8", "surrogateescape")))
