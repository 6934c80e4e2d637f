"""What each mailbox of a damaged account is to be: looked at first, written in one transaction then.

A mailbox that can be read keeps its snapshots, its log and its MODSEQs, and what it lost leaves it as by an expunge. One that cannot gets
a new snapshot of what is known of it. The rules this file must not break: a UID that is known stays; where a message comes back
under a new one, the mailbox gets a new UIDVALIDITY; and every number given here is above all that were ever given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.errors import StoreBroken
from imapkit.message.text import header_values
from imapkit.protocol.dates import parse_date_time
from imapkit.protocol.numset import compress
from imapkit.stores.log.bits import FIRST_KEYWORD
from imapkit.stores.log.codec import decode
from imapkit.stores.log.columns import EPOCH_DAY, Totals
from imapkit.stores.log.entry import ACCOUNT, Created, Deleted, Entry, Expunged, Kind, Renamed
from imapkit.stores.log.state import Change, State

from .columns import NumpyColumns
from .fsck import same
from .loading import load_columns
from .mending import Octets
from .read_back import miscounted
from .salvage import Salvaged, salvage
from .snapshot import (
    MESSAGES,
    Manifest,
    Part,
    load_manifest,
    manifest_modseqs,
    pack_fixed,
    pack_mutable,
    read_manifest,
    write_manifest,
    write_segment,
)
from .states import PART_BITS, read_mailbox_log, read_states

RECOVERED: Final = "Recovered"
_ALL: Final = (1, (1 << 32) - 1)
_OCTETS: Final = 70
"""Of a message in a snapshot, about."""

Column = npt.NDArray[Any]


@dataclass(slots=True)
class Lost:
    """A message that does not come back."""

    uid: int
    why: str
    sender: str = ""
    subject: str = ""


@dataclass(slots=True)
class Plan:
    """What is to be done to one mailbox. ``columns``: what it will have, without ``added``."""

    state: State
    columns: NumpyColumns
    reachable: int = 0
    """Messages that could be read before."""
    is_new: bool = False
    anew: bool = False
    """Its snapshots and its log are replaced."""
    tidy: bool = False
    """A snapshot of it is damaged, which costs nothing but that."""
    recount: bool = False
    renumber: bool = False
    """Its messages are not what clients know: it gets a new UIDVALIDITY."""
    lost: list[Lost] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    """Contents that get new UIDs."""
    missing: int = 0
    """Messages that its row counts and nothing else knows."""
    unknown: int = 0
    """Messages of which not even the row with their octets is there."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not (self.is_new or self.anew or self.tidy or self.recount or self.lost or self.added)


def look_at_mailboxes(db: apsw.Connection, octets: Octets) -> list[Plan]:
    """Inside a transaction. Changes nothing."""
    states = read_states(db, -1)
    plans = [_look(db, state, octets) for state in states]
    plans += [_look(db, state, octets) for state in _without_row(db, states)]
    return plans


def _look(db: apsw.Connection, state: State, octets: Octets) -> Plan:
    columns = _loaded(db, state)
    plan = Plan(state, NumpyColumns() if columns is None else columns, is_new=not state.uidvalidity)
    if columns is None or plan.is_new or _differs(state, columns):
        _salvage(db, plan, columns)
    if columns is not None and not plan.is_new:
        plan.reachable = _count_reachable(columns, octets)
    _drop_lost(db, plan, octets)
    uid, modseq = _values(plan.columns, "uid"), _values(plan.columns, "modseq")
    wrong = len(uid) and (int(uid.max()) >= state.uidnext or int(modseq.max()) > state.modseq)
    plan.recount = bool(miscounted(state, plan.columns) or wrong or _top_of_log(db, state.id) > state.modseq)
    plan.tidy = columns is not None and not plan.anew and not _snapshots_agree(db, state, columns)
    return plan


def _salvage(db: apsw.Connection, plan: Plan, columns: NumpyColumns | None) -> None:
    """The mailbox cannot be opened, or has not what its row counts."""
    state = plan.state
    found = salvage(db, state)
    plan.notes += found.unreadable
    if columns is None or plan.is_new or not _has_all(columns, found.columns):
        plan.anew = True
        plan.columns = found.columns
        _take_keywords(state, found)
        state.uidnext = max(state.uidnext, found.last + 1)
    plan.missing = max(0, state.messages - len(plan.columns))


def _loaded(db: apsw.Connection, state: State) -> NumpyColumns | None:
    """None: it cannot be opened."""
    try:
        read_mailbox_log(db, state.id, 0, 1 << 42)
        return load_columns(db, state)
    except (StoreBroken, ValueError, IndexError):
        return None


def _differs(state: State, columns: NumpyColumns) -> bool:
    totals = columns.totals(columns.everything(), state.recent_from)
    return (totals.messages, totals.size) != (state.messages, state.size)


def _has_all(columns: NumpyColumns, other: NumpyColumns) -> bool:
    return bool(np.isin(_values(other, "uid"), _values(columns, "uid")).all())


def _values(columns: NumpyColumns, name: str) -> Column:
    return columns.segment(*_ALL)[0][name]


def _take_keywords(state: State, found: Salvaged) -> None:
    """Names for all bits that are used: those of the row, else those of the log."""
    used = found.columns.bits_used(found.columns.everything()) >> FIRST_KEYWORD
    names = list(state.keywords)
    names += [
        found.keywords.get(FIRST_KEYWORD + number, f"recovered{number}")
        for number in range(len(names), used.bit_length())
    ]
    state.keywords = tuple(names)


def _count_reachable(columns: NumpyColumns, octets: Octets) -> int:
    content = _values(columns, "content")
    unreadable = np.array([*octets.lost, *octets.back], np.int64)
    return int((np.isin(content, octets.known) & ~np.isin(content, unreadable)).sum())


def _drop_lost(db: apsw.Connection, plan: Plan, octets: Octets) -> None:
    """Messages of which nobody has the octets."""
    content, uid = _values(plan.columns, "content"), _values(plan.columns, "uid")
    unknown = ~np.isin(content, octets.known)
    plan.unknown = int(unknown.sum())
    gone = unknown | np.isin(content, np.array([*octets.lost], np.int64))
    for at in np.flatnonzero(gone).tolist():
        number = int(content[at])
        plan.lost.append(_lost(db, int(uid[at]), number, octets.lost.get(number, "its content is not there")))
    if octets.resized and np.isin(content, np.array([*octets.resized], np.int64)).any():
        plan.anew = plan.renumber = True
        plan.columns = _resized(plan.columns, octets.resized)


def _lost(db: apsw.Connection, uid: int, content: int, why: str) -> Lost:
    rows = db.execute("SELECT head FROM blob WHERE id = ?", (content,)).fetchall()
    if not rows:
        query = "SELECT search_from, search_subject FROM content WHERE id = ?"
        found = cast("list[tuple[str, str]]", db.execute(query, (content,)).fetchall())
        return Lost(uid, why, *found[0]) if found else Lost(uid, why)
    head = cast(bytes, rows[0][0])
    return Lost(uid, why, _first(head, "from"), _first(head, "subject"))


def _first(head: bytes, name: str) -> str:
    values = header_values(head, name)
    return values[0] if values else ""


def _resized(columns: NumpyColumns, sizes: dict[int, int]) -> NumpyColumns:
    values, planes = columns.segment(*_ALL)
    pairs = zip(values["content"].tolist(), values["size"].tolist(), strict=True)
    values["size"] = np.array([sizes.get(content, size) for content, size in pairs], np.int64)
    fresh = NumpyColumns()
    fresh.load_segment(values, planes)
    return fresh


def _top_of_log(db: apsw.Connection, mailbox: int) -> int:
    query = "SELECT coalesce(max(id), 0) FROM log WHERE mailbox = ?"
    return cast(int, db.execute(query, (mailbox,)).fetchall()[0][0]) >> PART_BITS


def _snapshots_agree(db: apsw.Connection, state: State, columns: NumpyColumns) -> bool:
    """Each, with the log above it, gives the mailbox as it is."""
    for modseq in manifest_modseqs(db, state.id):
        try:
            other = load_manifest(db, read_manifest(db, state.id, modseq))
        except (StoreBroken, ValueError, IndexError):
            return False
        for entry in read_mailbox_log(db, state.id, modseq, state.modseq):
            other.apply(entry)
        if not same(columns, other):
            return False
    return True


def _without_row(db: apsw.Connection, states: list[State]) -> list[State]:
    """Mailboxes that the log and the segments speak of, that nobody deleted, and that have no row."""
    query = "SELECT mailbox FROM log UNION SELECT mailbox FROM segment UNION SELECT mailbox FROM snapshot"
    numbers = {cast(int, row[0]) for row in db.execute(query).fetchall()} - {ACCOUNT}
    numbers -= {state.id for state in states}
    names = {number: f"{RECOVERED} {number}" for number in numbers}
    query = "SELECT kind, data FROM log WHERE mailbox = ? ORDER BY id"
    rows = cast("list[tuple[int, bytes]]", db.execute(query, (ACCOUNT,)).fetchall())
    for kind, data in rows:
        if kind not in (Kind.CREATED, Kind.RENAMED, Kind.DELETED):
            continue
        try:
            fact = decode(kind, data)
        except StoreBroken:
            continue
        if isinstance(fact, Deleted):
            numbers.discard(fact.mailbox)
        elif isinstance(fact, Created | Renamed) and fact.mailbox in numbers:
            names[fact.mailbox] = fact.new if isinstance(fact, Renamed) else fact.name
    taken = {state.name for state in states}
    found: list[State] = []
    for number in sorted(numbers):
        name = free_name(names[number], taken)
        taken.add(name)
        found.append(State(number, name, "", 0))
    return found


def free_name(name: str, taken: set[str]) -> str:
    """``name``, or with a number behind it."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} {number}"
    return found


# Writing


def write_plan(db: apsw.Connection, plan: Plan, change: Change) -> None:
    """Inside the transaction; the state goes into ``change``, which the caller writes. A new UIDVALIDITY is counted there."""
    state = change.states[plan.state.id] = plan.state
    if plan.added or plan.renumber or plan.is_new:
        counter = max(change.uidvalidity or 0, change.time - 1)
        state.uidvalidity = change.uidvalidity = counter + 1
    uids = list(compress([each.uid for each in plan.lost]))
    if plan.anew or plan.added or plan.is_new:
        plan.columns.apply(Entry(change.modseq, state.id, change.time, Expunged(uids)))
        state.modseq = change.modseq
        plan.columns = _with_added(db, plan, change)
        _replace(db, state, plan.columns)
    else:
        if plan.recount:
            state.modseq = max(state.modseq, _top_of_log(db, state.id), _highest(plan.columns, "modseq"))
            state.uidnext = max(state.uidnext, _highest(plan.columns, "uid") + 1)
        if plan.tidy:
            _rewrite_snapshot(db, state, plan.columns)
        if uids:
            change.expunged(state, Expunged(uids), Totals())
            plan.columns.apply(change.entries[-1])
    _count(state, plan.columns)


def _highest(columns: NumpyColumns, name: str) -> int:
    values = _values(columns, name)
    return int(values.max()) if len(values) else 0


def _with_added(db: apsw.Connection, plan: Plan, change: Change) -> NumpyColumns:
    """All messages, new to clients: what they know of flags may be newer than what is known here."""
    values, planes = plan.columns.segment(*_ALL)
    rows = [_row(db, number) for number in plan.added]
    first, count = plan.state.uidnext, len(rows)
    plan.state.uidnext += count
    now = np.full(count, change.time, np.int64)
    more: dict[str, Column] = {
        "uid": np.arange(first, first + count, dtype=np.uint32),
        "content": np.array(plan.added, np.int64),
        "size": np.array([row[0] for row in rows], np.int64),
        "date": np.array([row[1] for row in rows], np.int64),
        "zone": np.array([row[2] for row in rows], np.int16),
        "sent": np.array([row[3] for row in rows], np.int32),
        "saved": now,
        "born": np.full(count, change.modseq, np.int64),
    }
    joined = {name: np.concatenate([values[name], column]) for name, column in more.items()}
    joined["born"] = np.minimum(joined["born"], change.modseq)
    joined["modseq"] = np.full(len(joined["uid"]), change.modseq, np.int64)
    fresh = NumpyColumns()
    fresh.load_segment(joined, [np.concatenate([plane, np.zeros(count, np.uint64)]) for plane in planes])
    return fresh


def _row(db: apsw.Connection, content: int) -> tuple[int, int, int, int]:
    """(size, INTERNALDATE, its zone in minutes, the Date field's day)."""
    query = (
        "SELECT c.size, c.internaldate, s.sent FROM content AS c JOIN sort_key AS s USING (id) WHERE c.id = ?"
    )
    size, text, sent = cast("tuple[int, bytes, int]", db.execute(query, (content,)).fetchall()[0])
    when = parse_date_time(text)
    offset = None if when is None else when.utcoffset()
    date = sent if when is None else int(when.timestamp())
    return size, date, int(offset.total_seconds()) // 60 if offset else 0, sent // 86_400 + EPOCH_DAY


def _replace(db: apsw.Connection, state: State, columns: NumpyColumns) -> None:
    for table in ("segment", "snapshot", "log"):
        db.execute(f"DELETE FROM {table} WHERE mailbox = ?", (state.id,))
    state.floor = state.log_floor = state.modseq
    state.log_size = 0
    _write_snapshot(db, state, columns)


def _rewrite_snapshot(db: apsw.Connection, state: State, columns: NumpyColumns) -> None:
    """The same once more, in place of what is damaged; the log stays."""
    for table in ("segment", "snapshot"):
        db.execute(f"DELETE FROM {table} WHERE mailbox = ?", (state.id,))
    _write_snapshot(db, state, columns)


def _write_snapshot(db: apsw.Connection, state: State, columns: NumpyColumns) -> None:
    parts: list[Part] = []
    uids = columns.uids()
    for at in range(0, len(uids), MESSAGES):
        first, last = uids[at], uids[min(at + MESSAGES, len(uids)) - 1]
        values, planes = columns.segment(first, last)
        fixed = write_segment(db, state.id, pack_fixed(values))
        mutable = write_segment(db, state.id, pack_mutable(values, planes))
        parts.append(Part(fixed, mutable, first, last, len(values["uid"])))
    state.snapshot_size = len(uids) * _OCTETS
    write_manifest(db, state.id, Manifest(state.modseq, state.uidnext - 1, parts, state.snapshot_size))


def _count(state: State, columns: NumpyColumns) -> None:
    state.recent_from = min(state.recent_from, state.uidnext)
    totals = columns.totals(columns.everything(), state.recent_from)
    state.messages, state.unseen, state.deleted = totals.messages, totals.unseen, totals.deleted
    state.size, state.deleted_size, state.recent = totals.size, totals.deleted_size, totals.recent
