"""Checks an account: counts against columns, snapshots against log, contents and files against both. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import apsw
import numpy as np

from imapkit.errors import StoreBroken
from imapkit.stores.log.entry import Added
from imapkit.stores.log.mailbox import OpenMailbox
from imapkit.stores.log.state import State
from imapkit.stores.log.trash import TrashBatch

from .blobs import Blobs
from .columns import NumpyColumns
from .contents import Contents
from .errors import store_errors
from .handle import HasConnection
from .loading import load_columns
from .snapshot import load_manifest, manifest_modseqs, read_manifest
from .sort_packs import check_packs
from .states import read_counters, read_mailbox_log, read_states, read_trash

_ALL = (1, (1 << 32) - 1)


class Checked(HasConnection, Protocol):
    """What is asked of an account."""

    id: str
    path: Path
    contents: Contents
    blobs: Blobs
    open_mailboxes: dict[int, OpenMailbox]

    async def refresh(self) -> None: ...


async def fsck(account: Checked) -> list[str]:
    """What is wrong with the account, in words; nothing if all is well."""
    await account.refresh()
    with store_errors(account.path):
        account.db.execute("BEGIN")
        try:
            return list(_check(account))
        finally:
            account.db.execute("COMMIT")


def _check(account: Checked) -> Iterator[str]:
    db = account.db
    verdict = cast(str, db.execute("PRAGMA quick_check").fetchall()[0][0])
    if verdict != "ok":
        yield f"SQLite finds damage: {verdict}"
    counters = read_counters(db)
    states = read_states(db, -1)
    for state in states:
        if state.modseq > counters.modseq:
            yield f"{state.name}: MODSEQ {state.modseq} is above the account's {counters.modseq}"
        yield from _check_mailbox(account, state)
    for number in [cast(int, row[0]) for row in db.execute("SELECT id FROM trash").fetchall()]:
        batch = read_trash(db, number)
        if batch is not None:
            yield from _check_trash(account, batch)
    totals = db.execute("SELECT messages, size FROM account").fetchall()[0]
    wanted = (sum(state.messages for state in states), sum(state.size for state in states))
    if totals != wanted:
        yield f"the account counts {totals} (messages, size) and has {wanted}"
    yield from _check_files(account)


def _check_mailbox(account: Checked, state: State) -> Iterator[str]:
    try:
        columns = load_columns(account.db, state)
    except StoreBroken as error:
        yield str(error)
        return
    yield from _check_counts(state, columns)
    yield from _check_log(account.db, state)
    for modseq in manifest_modseqs(account.db, state.id):
        try:
            other = load_manifest(account.db, read_manifest(account.db, state.id, modseq))
        except StoreBroken as error:
            yield f"{state.name}: {error}"
            continue
        for entry in read_mailbox_log(account.db, state.id, modseq, state.modseq):
            other.apply(entry)
        if not same(columns, other):
            yield f"{state.name}: the snapshot at {modseq} and the log above it give something else"
    held = account.open_mailboxes.get(state.id)
    if held is not None and isinstance(held.columns, NumpyColumns) and not same(columns, held.columns):
        yield f"{state.name}: memory and disk differ"
    contents = sorted(set(cast("list[int]", columns.segment(*_ALL)[0]["content"].tolist())))
    yield from _check_contents(account, state.name, contents)


def _check_counts(state: State, columns: NumpyColumns) -> Iterator[str]:
    totals = columns.totals(columns.everything(), state.recent_from)
    found = (totals.messages, totals.unseen, totals.deleted, totals.size, totals.deleted_size, totals.recent)
    kept = (state.messages, state.unseen, state.deleted, state.size, state.deleted_size, state.recent)
    if found != kept:
        yield f"{state.name}: counts are {kept} and should be {found}"
    uids = columns.uids()
    if uids and uids[-1] >= state.uidnext:
        yield f"{state.name}: UID {uids[-1]} is not below UIDNEXT {state.uidnext}"
    modseqs = columns.segment(*_ALL)[0]["modseq"]
    if len(modseqs) and int(modseqs.max()) > state.modseq:
        yield f"{state.name}: a message has a MODSEQ above HIGHESTMODSEQ {state.modseq}"


def _check_log(db: apsw.Connection, state: State) -> Iterator[str]:
    last = 0
    for entry in read_mailbox_log(db, state.id, 0, 1 << 42):
        if entry.modseq > state.modseq:
            yield f"{state.name}: the log goes on above HIGHESTMODSEQ, to {entry.modseq}"
        if isinstance(entry.fact, Added):
            if entry.fact.first <= last:
                yield f"{state.name}: UID {entry.fact.first} was given twice"
            last = entry.fact.last


def _check_contents(account: Checked, name: str, contents: list[int]) -> Iterator[str]:
    found = account.contents.count(contents)
    if found != len(contents):
        yield f"{name}: {len(contents) - found} contents are missing"


def _check_trash(account: Checked, batch: TrashBatch) -> Iterator[str]:
    if len(batch.batch) != sum(high - low + 1 for low, high in batch.uids):
        yield f"trash batch {batch.id} has another number of messages than of UIDs"
    left = sorted({content for place, content in enumerate(batch.batch.content) if batch.has(place)})
    yield from _check_contents(account, f"trash batch {batch.id}", left)


def _check_files(account: Checked) -> Iterator[str]:
    db = account.db
    query = "SELECT count(*) FROM content LEFT JOIN blob USING (id) WHERE blob.id IS NULL"
    missing = cast(int, db.execute(query).fetchall()[0][0])
    if missing:
        yield f"{missing} contents have no octets"
    query = "SELECT count(*) FROM content LEFT JOIN sort_key USING (id) WHERE sort_key.id IS NULL"
    missing = cast(int, db.execute(query).fetchall()[0][0])
    if missing:
        yield f"{missing} contents cannot be sorted"
    yield from check_packs(db)
    query = "SELECT count(*) FROM content LEFT JOIN fields USING (id) WHERE fields.id IS NULL"
    missing = cast(int, db.execute(query).fetchall()[0][0])
    if missing:
        yield f"{missing} contents lack their header fields"
    query = "SELECT count(*) FROM content JOIN blob USING (id) WHERE file IS NULL AND length(head) + length(rest) <> size"
    wrong = cast(int, db.execute(query).fetchall()[0][0])
    if wrong:
        yield f"{wrong} messages have another size than their octets"
    query = "SELECT file, size FROM content JOIN blob USING (id) WHERE file IS NOT NULL"
    for file, size in cast("list[tuple[str, int]]", db.execute(query).fetchall()):
        path = account.blobs.path(file)
        if not path.exists():
            yield f"the file {file} of a message is missing"
        elif path.stat().st_size != size:
            yield f"the file {file} of a message has {path.stat().st_size} octets instead of {size}"


def same(one: NumpyColumns, other: NumpyColumns) -> bool:
    """True when both hold the same messages with the same values."""
    columns, planes = one.segment(*_ALL)
    columns_2, planes_2 = other.segment(*_ALL)
    if any(not np.array_equal(columns[name], columns_2[name]) for name in columns):
        return False
    count = max(len(planes), len(planes_2))
    empty = np.zeros(len(columns["uid"]), np.uint64)
    planes += [empty] * (count - len(planes))
    planes_2 += [empty] * (count - len(planes_2))
    return all(np.array_equal(plane, plane_2) for plane, plane_2 in zip(planes, planes_2, strict=True))
