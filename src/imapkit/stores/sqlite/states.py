"""Mailbox rows, log entries and trash batches between memory and the tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from sys import intern
from typing import Final, cast

import apsw

from imapkit.protocol.numset import Range
from imapkit.record import record
from imapkit.stores.log.codec import decode, encode, get_batch, get_ranges, put_batch, put_ranges
from imapkit.stores.log.entry import Entry, Kind
from imapkit.stores.log.state import Change, State
from imapkit.stores.log.trash import TrashBatch

PART_BITS = 20
"""A log id is the MODSEQ and the entry's place in its change (RENAME of a tree has one for each mailbox)."""
GONE: Final = (1 << 63) - 1
_STATE = (
    "id, name, object_id, uidvalidity, special_use, uidnext, modseq, messages, unseen, deleted, size, deleted_size, recent,"
    " recent_from, keywords, floor, log_floor, log_size, snapshot_size"
)
_UPSERT = f"INSERT OR REPLACE INTO mailbox ({_STATE}, tick) VALUES ({','.join('?' * 20)})"
COUNTERS = (
    "UPDATE account SET modseq = ?, uidvalidity = ?, tick = ?, next_mailbox = max(next_mailbox, ?), next_content = ?,"
    " next_trash = max(next_trash, ?), messages = messages + ?, size = size + ?"
)
NUMBERS = "UPDATE account SET modseq = ?, tick = ?"
"""What a change of nothing but flags counts on."""
_StateRow = tuple[
    int, str, str, int, str, int, int, int, int, int, int, int, int, int, str, int, int, int, int
]  # fmt: skip


@record
class Counters:
    """The account's row."""

    modseq: int
    uidvalidity: int
    tick: int
    next_mailbox: int
    next_content: int
    next_trash: int


def read_counters(db: apsw.Connection) -> Counters:
    query = "SELECT modseq, uidvalidity, tick, next_mailbox, next_content, next_trash FROM account"
    return Counters(*cast("tuple[int, int, int, int, int, int]", db.execute(query).fetchall()[0]))


def read_states(db: apsw.Connection, after_tick: int) -> list[State]:
    """Mailboxes whose row changed after ``after_tick``."""
    query = f"SELECT {_STATE} FROM mailbox WHERE tick > ?"
    rows = cast("list[_StateRow]", db.execute(query, (after_tick,)).fetchall())
    return [_state(row) for row in rows]


def read_state(db: apsw.Connection, mailbox: int) -> State | None:
    """The row of one mailbox."""
    rows = cast(
        "list[_StateRow]", db.execute(f"SELECT {_STATE} FROM mailbox WHERE id = ?", (mailbox,)).fetchall()
    )
    return _state(rows[0]) if rows else None


def has_mailbox(db: apsw.Connection, mailbox: int) -> bool:
    return db.execute("SELECT 1 FROM mailbox WHERE id = ?", (mailbox,)).fetchone() is not None


def read_floors(db: apsw.Connection, mailbox: int) -> tuple[int, int]:
    """Up to which MODSEQ tombstones are forgotten, and other entries; of a mailbox that is gone, all."""
    query = "SELECT floor, log_floor FROM mailbox WHERE id = ?"
    rows = cast("list[tuple[int, int]]", db.execute(query, (mailbox,)).fetchall())
    return rows[0] if rows else (GONE, GONE)


@lru_cache(4096)
def _words(text: str) -> tuple[str, ...]:
    """A JSON list of words; the same few are read again and again."""
    return tuple(json.loads(text))


def _state(row: _StateRow) -> State:
    number, name, object_id, uidvalidity, special_use, *counts = row
    uidnext, modseq, messages, unseen, deleted, size, deleted_size, recent, recent_from, keywords, *rest = (
        counts
    )
    return State(
        number, intern(name), object_id, uidvalidity, _words(special_use), cast(int, uidnext), cast(int, modseq),
        cast(int, messages), cast(int, unseen), cast(int, deleted), cast(int, size), cast(int, deleted_size),
        cast(int, recent), cast(int, recent_from), _words(cast(str, keywords)),
        *cast("list[int]", rest),
    )  # fmt: skip


@lru_cache(4096)
def _json(words: tuple[str, ...]) -> str:
    """The same few tuples are written again and again."""
    return json.dumps(words)


def write_state(db: apsw.Connection, state: State, tick: int) -> None:
    db.execute(
        _UPSERT,
        (
            state.id, state.name, state.object_id, state.uidvalidity, _json(state.special_use), state.uidnext,
            state.modseq, state.messages, state.unseen, state.deleted, state.size, state.deleted_size, state.recent,
            state.recent_from, _json(state.keywords), state.floor, state.log_floor, state.log_size,
            state.snapshot_size, tick,
        ),
    )  # fmt: skip


def write_entries(db: apsw.Connection, change: Change) -> None:
    """Append a change's entries, and count their octets in their mailboxes."""
    for part, entry in enumerate(change.entries):
        data = encode(entry.fact)
        db.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)",
            (entry.modseq << PART_BITS | part, entry.mailbox, int(entry.kind), entry.actor, entry.time, data),
        )
        state = change.states.get(entry.mailbox)
        if state is not None:
            state.log_size += len(data) + 16


_LogRow = tuple[int, int, int, str, int, bytes]


def read_entries(db: apsw.Connection, where: str, values: Sequence[int]) -> list[Entry]:
    query = f"SELECT id, mailbox, kind, actor, time, data FROM log WHERE {where} ORDER BY id"
    rows = cast("list[_LogRow]", db.execute(query, tuple(values)).fetchall())
    return [
        Entry(number >> PART_BITS, mailbox, time, decode(kind, data), actor)
        for number, mailbox, kind, actor, time, data in rows
    ]


def read_mailbox_log(db: apsw.Connection, mailbox: int, since: int, until: int) -> list[Entry]:
    """Entries of one mailbox with since < MODSEQ <= until."""
    bounds = (mailbox, after(since), after(until))
    return read_entries(db, "mailbox = ? AND id >= ? AND id < ?", bounds)


def read_expunged(db: apsw.Connection, mailbox: int, since: int, until: int) -> list[Range]:
    query = "SELECT data FROM log WHERE mailbox = ? AND id >= ? AND id < ? AND kind = ?"
    rows = db.execute(query, (mailbox, after(since), after(until), int(Kind.EXPUNGED))).fetchall()
    return [pair for row in rows for pair in get_ranges(cast(bytes, row[0])[4:])]


def after(modseq: int) -> int:
    """The lowest log id above ``modseq``."""
    return modseq + 1 << PART_BITS


def write_trash(db: apsw.Connection, batches: Iterable[TrashBatch]) -> None:
    for item in batches:
        values = (
            item.id, item.mailbox, item.time, put_ranges(item.uids), json.dumps(item.keywords),
            put_batch(0, item.batch), put_ranges(item.taken),
        )  # fmt: skip
        db.execute("INSERT OR REPLACE INTO trash VALUES (?, ?, ?, ?, ?, ?, ?)", values)


_TrashRow = tuple[int, str, int, bytes, str, bytes, bytes]


def read_trash(db: apsw.Connection, number: int) -> TrashBatch | None:
    rows = cast("list[_TrashRow]", db.execute("SELECT * FROM trash WHERE id = ?", (number,)).fetchall())
    if not rows:
        return None
    number, mailbox, time, uids, keywords, batch, taken = rows[0]
    return TrashBatch(
        number, mailbox, time, get_ranges(uids), tuple(json.loads(keywords)), get_batch(batch)[1],
        get_ranges(taken),
    )  # fmt: skip
