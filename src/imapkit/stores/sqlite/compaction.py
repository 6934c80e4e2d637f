"""Compaction: a new snapshot from the columns, segment by segment, then the log cut below the snapshot before it.

Segments are taken at different moments while writers go on; the manifest's MODSEQ is that of the first, and applying the entries above
it once more ends in the same state (see ``log.columns``). The rule this file must not break: each step is one short transaction.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol, cast

import apsw

from imapkit.errors import MailboxMissing, StoreBroken
from imapkit.protocol.numset import Range, join
from imapkit.stores.log.entry import Kind, ranges_of
from imapkit.stores.log.mailbox import OpenMailbox
from imapkit.stores.log.state import Change, State

from .columns import NumpyColumns
from .errors import store_errors
from .handle import HasConnection
from .locks import WriterLock
from .snapshot import (
    MESSAGES,
    Manifest,
    Part,
    drop_snapshots,
    manifest_modseqs,
    pack_fixed,
    pack_mutable,
    read_manifest,
    read_segment,
    write_manifest,
    write_segment,
)
from .states import PART_BITS, after, read_mailbox_log

TOMBSTONES: Final = 20_000
"""Expunges that are remembered for a mailbox below its snapshots."""
OCTETS: Final = 70
"""Of a message in a snapshot, about."""

_log = logging.getLogger(__name__)


class Compacted(HasConnection, Protocol):
    """What is asked of an account."""

    id: str
    path: Path
    lock: WriterLock
    states: dict[int, State]

    async def open(self, name: str) -> OpenMailbox: ...

    def writing(self) -> AbstractAsyncContextManager[Change]: ...


async def compact(account: Compacted, mailbox_id: int) -> None:
    """Write a snapshot of the mailbox as it is now. Raises MailboxMissing."""
    state = account.states.get(mailbox_id)
    if state is None:
        raise MailboxMissing("the mailbox does not exist any more")
    mailbox = await account.open(state.name)
    try:
        await _compact(account, mailbox)
    finally:
        mailbox.release()


async def _compact(account: Compacted, mailbox: OpenMailbox) -> None:
    state = mailbox.state
    before = await _whole(account, state.id)
    if before is not None and before.modseq >= state.modseq:
        return
    with store_errors(account.path):
        dirty = _dirty(account, mailbox, before, state.modseq)
    uids = mailbox.uids()
    parts: list[Part] = []
    for known in _settled(before):
        part = await _rewrite(account, mailbox, known) if _touches(dirty, known) else known
        parts.append(part)
    start = bisect_right(uids, parts[-1].last) if parts else 0
    for at in range(start, len(uids), MESSAGES):
        last = uids[min(at + MESSAGES, len(uids)) - 1]
        parts.append(await _write(account, mailbox, uids[at], last))
    size = sum(part.messages for part in parts) * OCTETS
    manifest = Manifest(state.modseq, state.uidnext - 1, parts, size)
    await _finish(account, state.id, before, manifest, state.log_size)


async def _whole(account: Compacted, mailbox_id: int) -> Manifest | None:
    """The latest snapshot without a damaged piece: parts of it are used again, and it stays as the one before."""
    with store_errors(account.path):
        modseqs = manifest_modseqs(account.db, mailbox_id)
    for modseq in modseqs:
        try:
            with store_errors(account.path):
                manifest = read_manifest(account.db, mailbox_id, modseq)
            for number in [number for part in manifest.parts for number in (part.fixed, part.mutable)]:
                with store_errors(account.path):
                    read_segment(account.db, number)
                await asyncio.sleep(0)
        except StoreBroken as error:
            _log.warning("account %s: a snapshot is passed over: %s", account.id, error)
            continue
        return manifest
    return None


def _dirty(account: Compacted, mailbox: OpenMailbox, before: Manifest | None, until: int) -> list[Range]:
    if before is None:
        return []
    entries = read_mailbox_log(account.db, mailbox.state.id, before.modseq, until)
    return join([pair for entry in entries for pair in ranges_of(entry)])


def _settled(before: Manifest | None) -> list[Part]:
    """Parts that no message will be added to: all but the last, unless that is full."""
    if before is None or not before.parts:
        return []
    return before.parts if before.parts[-1].messages >= MESSAGES else before.parts[:-1]


def _touches(dirty: list[Range], part: Part) -> bool:
    return any(low <= part.last and part.first <= high for low, high in dirty)


async def _rewrite(account: Compacted, mailbox: OpenMailbox, known: Part) -> Part:
    """The same messages with new flags; what never changes stays, unless most of it is dead."""
    columns, planes = _columns(mailbox).segment(known.first, known.last)
    if len(columns["uid"]) * 2 < known.messages:
        return await _write(account, mailbox, known.first, known.last)
    mutable = await _put(account, mailbox, pack_mutable(columns, planes))
    return Part(known.fixed, mutable, known.first, known.last, known.messages)


async def _write(account: Compacted, mailbox: OpenMailbox, first: int, last: int) -> Part:
    columns, planes = _columns(mailbox).segment(first, last)
    mutable = pack_mutable(columns, planes)
    fixed = await _put(account, mailbox, pack_fixed(columns))
    return Part(fixed, await _put(account, mailbox, mutable), first, last, len(columns["uid"]))


async def _put(account: Compacted, mailbox: OpenMailbox, data: bytes) -> int:
    await asyncio.sleep(0)
    async with account.lock:
        with store_errors(account.path), account.db:
            number = write_segment(account.db, mailbox.state.id, data)
    return number


def _columns(mailbox: OpenMailbox) -> NumpyColumns:
    if not isinstance(mailbox.columns, NumpyColumns):
        raise TypeError("a mailbox of another store")
    return mailbox.columns


async def _finish(
    account: Compacted, mailbox_id: int, before: Manifest | None, manifest: Manifest, log_size: int
) -> None:
    """Name the new snapshot, and cut the log below the one before it."""
    async with account.writing() as change:
        state = change.state(mailbox_id)
        with store_errors(account.path):
            db = account.db
            latest = next(iter(manifest_modseqs(db, mailbox_id)), -1)
            if latest > (before.modseq if before is not None else -1) and latest >= manifest.modseq:
                change.states.clear()  # another process was faster
                return
            kept = [manifest] if before is None else [manifest, before]
            drop_snapshots(db, mailbox_id, kept)
            write_manifest(db, mailbox_id, manifest)
            state.log_size = max(0, state.log_size - log_size)
            state.snapshot_size = manifest.size
            if before is not None:
                _cut_log(db, state, before.modseq)


def _cut_log(db: apsw.Connection, state: State, modseq: int) -> None:
    """Forget the entries up to ``modseq`` but for tombstones, and of those the oldest when they are too many."""
    expunged = int(Kind.EXPUNGED)
    db.execute(
        "DELETE FROM log WHERE mailbox = ? AND id < ? AND kind <> ?", (state.id, after(modseq), expunged)
    )
    state.log_floor = modseq
    query = "SELECT id FROM log WHERE mailbox = ? AND id < ? AND kind = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
    oldest = db.execute(query, (state.id, after(modseq), expunged, TOMBSTONES)).fetchall()
    if oldest:
        bound = cast(int, oldest[0][0])
        db.execute("DELETE FROM log WHERE mailbox = ? AND id <= ?", (state.id, bound))
        state.floor = bound >> PART_BITS
