"""Compaction: a new snapshot from the columns, segment by segment, then the log cut below the snapshot before it.

Segments are taken at different moments while writers go on; the manifest's MODSEQ is that of the first, and applying the entries above
it once more ends in the same state (see ``log.columns``). The rules this file must not break: each step is one short transaction, and
none takes for granted what an earlier one read; one process at a time compacts an account; and the log is cut only by a transaction
that proves the snapshot whole, after what was written has been read back.
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
from .disk import Disk
from .errors import store_errors
from .handle import HasConnection
from .locks import UPKEEP_LOCK, WriterLock, alone
from .read_back import read_back
from .reading import reading
from .snapshot import (
    MESSAGES,
    Manifest,
    Part,
    drop_snapshots,
    has_segments,
    highest_segment,
    marks_of,
    pack_fixed,
    pack_mutable,
    read_manifest,
    read_segment,
    write_manifest,
    write_segment,
)
from .states import PART_BITS, after, has_mailbox, read_mailbox_log

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
    disk: Disk
    states: dict[int, State]

    async def refresh(self) -> None: ...

    async def open(self, name: str) -> OpenMailbox: ...

    def writing(self) -> AbstractAsyncContextManager[Change]: ...


class _Overtaken(Exception):
    """Another process changed the snapshots of the mailbox meanwhile: what was read of them says nothing any more."""


async def compact(account: Compacted, mailbox_id: int) -> bool:
    """Write a snapshot of the mailbox as it is now; False, and nothing done, while another process is at it.

    Raises MailboxMissing, and StoreBroken where what was written is not what the mailbox has: then the log stays as it is.
    """
    with alone(account.path.parent / UPKEEP_LOCK) as is_ours:
        if not is_ours:
            return False
        await account.refresh()
        state = account.states.get(mailbox_id)
        if state is None:
            raise MailboxMissing("the mailbox does not exist any more")
        mailbox = await account.open(state.name)
        try:
            await _Compaction(account, mailbox).run()
        except _Overtaken as error:
            _log.warning(
                "account %s: a snapshot of %s was given up: %s", account.id, mailbox.state.name, error
            )
        finally:
            mailbox.release()
        return True


class _Compaction:
    """One compaction of one mailbox, under the lock of upkeep."""

    def __init__(self, account: Compacted, mailbox: OpenMailbox) -> None:
        self._account = account
        self._mailbox = mailbox
        self._state = mailbox.state
        with store_errors(account.path), reading(account.db):
            self._marks = marks_of(account.db, self._state.id)
            self._highest = highest_segment(account.db, self._state.id)
            """Later segments are this compaction's own, or those of a process that takes no lock."""

    async def run(self) -> None:
        state = self._state
        before = await self._whole()
        if before is not None and before.modseq >= state.modseq:
            return
        with store_errors(self._account.path):
            dirty = self._dirty(before)
        parts: list[Part] = []
        for known in _settled(before):
            part = await self._rewrite(known) if _touches(dirty, known) else known
            parts.append(part)
        uids = self._mailbox.uids()
        uids = uids[: bisect_right(uids, state.uidnext - 1)]
        start = bisect_right(uids, parts[-1].last) if parts else 0
        for at in range(start, len(uids), MESSAGES):
            last = uids[min(at + MESSAGES, len(uids)) - 1]
            parts.append(await self._write(uids[at], last))
        size = sum(part.messages for part in parts) * OCTETS
        manifest = Manifest(state.modseq, state.uidnext - 1, parts, size)
        await self._read_back(manifest)
        await self._finish(before, manifest)

    async def _whole(self) -> Manifest | None:
        """The latest snapshot without a damaged piece: parts of it are used again, and it stays as the one before."""
        account = self._account
        for modseq, _ in self._marks:
            try:
                manifest = self._manifest(modseq)
                for number in manifest.segments():
                    with store_errors(account.path):
                        read_segment(account.db, number)
                    await self._pause()
            except StoreBroken as error:
                self._check()
                _log.warning("account %s: a snapshot is passed over: %s", account.id, error)
                continue
            return manifest
        return None

    def _manifest(self, modseq: int) -> Manifest:
        with store_errors(self._account.path), reading(self._account.db):
            self._check()
            return read_manifest(self._account.db, self._state.id, modseq)

    def _check(self) -> None:
        """Raises _Overtaken unless the snapshots are those that were there at the start, and MailboxMissing."""
        with store_errors(self._account.path), reading(self._account.db):
            if not has_mailbox(self._account.db, self._state.id):
                raise MailboxMissing("the mailbox does not exist any more")
            if marks_of(self._account.db, self._state.id) != self._marks:
                raise _Overtaken("another was written meanwhile")

    async def _pause(self) -> None:
        """Between two transactions."""
        self._account.disk.reached("upkeep")
        await asyncio.sleep(0)

    def _dirty(self, before: Manifest | None) -> list[Range]:
        if before is None:
            return []
        entries = read_mailbox_log(self._account.db, self._state.id, before.modseq, self._state.modseq)
        return join([pair for entry in entries for pair in ranges_of(entry)])

    async def _rewrite(self, known: Part) -> Part:
        """The same messages with new flags; what never changes stays, unless most of it is dead."""
        columns, planes = _columns(self._mailbox).segment(known.first, known.last)
        if len(columns["uid"]) * 2 < known.messages:
            return await self._write(known.first, known.last)
        mutable = await self._put(pack_mutable(columns, planes))
        return Part(known.fixed, mutable, known.first, known.last, known.messages)

    async def _write(self, first: int, last: int) -> Part:
        columns, planes = _columns(self._mailbox).segment(first, last)
        mutable = pack_mutable(columns, planes)
        fixed = await self._put(pack_fixed(columns))
        return Part(fixed, await self._put(mutable), first, last, len(columns["uid"]))

    async def _put(self, data: bytes) -> int:
        account = self._account
        await self._pause()
        async with account.lock:
            with store_errors(account.path), account.db:
                self._check()  # of a mailbox that is gone nobody would ever remove it
                number = write_segment(account.db, self._state.id, data)
        return number

    async def _read_back(self, manifest: Manifest) -> None:
        try:
            await read_back(self._account, self._state.id, manifest)
        except StoreBroken:
            self._check()
            raise

    async def _finish(self, before: Manifest | None, manifest: Manifest) -> None:
        """Name the new snapshot, and cut the log below the one before it."""
        account = self._account
        account.disk.reached("upkeep")
        async with account.writing() as change:
            state = change.state(self._state.id)
            with store_errors(account.path):
                self._publish(before, manifest)
                if before is not None:
                    _cut_log(account.db, state, before.modseq)
            state.log_size = max(0, state.log_size - self._state.log_size)
            state.snapshot_size = manifest.size

    def _publish(self, before: Manifest | None, manifest: Manifest) -> None:
        """Inside the transaction of the change. Raises _Overtaken unless all is as it was left: then nothing of it is committed."""
        db, number = self._account.db, self._state.id
        self._check()
        kept = [manifest] if before is None else [manifest, before]
        if not all(has_segments(db, number, each) for each in kept):
            raise _Overtaken("a segment of it is missing")
        drop_snapshots(db, number, kept, self._highest)
        write_manifest(db, number, manifest)
        if read_manifest(db, number, manifest.modseq) != manifest:
            raise StoreBroken(f"the manifest of {self._state.name!r} reads back as another")


def _settled(before: Manifest | None) -> list[Part]:
    """Parts that no message will be added to: all but the last, unless that is full."""
    if before is None or not before.parts:
        return []
    return before.parts if before.parts[-1].messages >= MESSAGES else before.parts[:-1]


def _touches(dirty: list[Range], part: Part) -> bool:
    return any(low <= part.last and part.first <= high for low, high in dirty)


def _columns(mailbox: OpenMailbox) -> NumpyColumns:
    if not isinstance(mailbox.columns, NumpyColumns):
        raise TypeError("a mailbox of another store")
    return mailbox.columns


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
