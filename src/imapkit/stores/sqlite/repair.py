"""``imapkit fsck --repair``: every message whose octets are there comes back, and the account is whole again.

Nobody else writes meanwhile, and whoever has the account open finds that it holds no more. First everything is looked at; what is to be
changed is copied aside; then files go to their places, and one transaction changes all rows. The rules this file must not break: a
repair that is killed can be run again, at whatever point it was killed; and nothing is removed that was not copied aside.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import apsw
import numpy as np

from imapkit.ports.store import INBOX
from imapkit.stores.log.state import Change, State

from . import database
from .aside import make_place, put_files_aside, put_rows_aside
from .blobs import Blobs
from .columns import NumpyColumns
from .disk import Disk
from .errors import store_errors
from .locks import UPKEEP_LOCK, when_alone
from .mending import Octets, look_at_octets, mend_rows, restore_files, take_in
from .reading import reading
from .repair_mailboxes import RECOVERED, Lost, Plan, free_name, look_at_mailboxes, write_plan
from .schema import migrate, read_meta, write_meta
from .sort_packs import check_packs, drop_packs
from .states import read_counters, write_entries, write_state
from .taking import connected, nobody_writes
from .trash_repair import TrashPlan, look_at_trash, mend_trash

_ALL: Final = (1, (1 << 32) - 1)


@dataclass(slots=True)
class Repaired:
    """What was done to one mailbox."""

    mailbox: str
    found: int
    """Messages that were as they should be."""
    brought_back: int
    lost: int
    renumbered: bool
    """It has a new UIDVALIDITY: its messages have other UIDs, or may have."""
    missing: list[Lost]
    """Those of the lost of which something is known."""


@dataclass(slots=True)
class Repair:
    """``aside``: where everything is that was changed; None: nothing was."""

    mailboxes: list[Repaired]
    aside: Path | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Look:
    octets: Octets
    plans: list[Plan]
    trash: TrashPlan
    orphans: list[int]
    """Contents that no mailbox and no part of the trash holds."""
    counters: bool
    """The account's own row is wrong."""
    packs: bool
    """Sort keys in packs are: they are made anew from the rows."""

    @property
    def is_sound(self) -> bool:
        return (
            self.octets.is_sound
            and self.trash.is_sound
            and all(plan.is_sound for plan in self.plans)
            and not (self.counters or self.packs)
        )

    @property
    def missing(self) -> int:
        """Messages that are counted and that nothing else is known of."""
        return sum(plan.missing for plan in self.plans)


async def repair(data: Path, account_id: str, disk: Disk, tell: Callable[[int], None]) -> Repair:
    """``tell`` is called with a MODSEQ when others are to look at the account. Raises StoreError."""
    directory = data / "accounts" / account_id
    path = directory / database.FILE
    blobs = Blobs(directory / "blobs", disk)
    async with when_alone(directory / UPKEEP_LOCK):  # nothing is removed meanwhile
        async with nobody_writes(directory):
            with store_errors(path), connected(path, disk) as db:
                migrate(db, path)
        with store_errors(path), connected(path, disk) as db:
            with reading(db):
                look = _look(db, blobs)
            if look.is_sound:
                return Repair([_told(plan, 0) for plan in look.plans])
        async with nobody_writes(directory) as ticks:
            with store_errors(path):
                ticks.take_away()
                tell(0)
                with connected(path, disk) as db:
                    done = _repair(db, blobs, data, account_id, disk)
                    counters = read_counters(db)
                ticks.write(counters.tick)
            tell(counters.modseq)
    return done


def _repair(db: apsw.Connection, blobs: Blobs, data: Path, account_id: str, disk: Disk) -> Repair:
    with reading(db):
        look = _look(db, blobs)
    if look.is_sound:
        return Repair([_told(plan, 0) for plan in look.plans])
    place = make_place(data, account_id)
    contents = {*look.octets.lost, *look.octets.incomplete, *look.octets.resized}
    put_rows_aside(db, place, contents, disk)
    put_files_aside(blobs, [*look.octets.bad], place, disk)
    disk.reached("aside")
    restore_files(blobs, look.octets, disk)
    disk.reached("restored")
    db.execute("BEGIN IMMEDIATE")
    try:
        elsewhere = _write(db, blobs, look)
        disk.reached("written")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    disk.reached("committed")
    _remove_bad_files(db, blobs, look.octets)
    done = Repair([_told(plan, elsewhere) for plan in look.plans], place)
    for plan in look.plans:
        done.notes += [f"{plan.state.name}: {note}" for note in plan.notes]
    done.notes += [
        f"the file {name} of a message had other octets than were stored, and is kept as it is"
        for name in look.octets.changed
    ]
    if look.trash.lost:
        done.notes.append(f"{look.trash.lost} expunged messages cannot be brought back any more")
    return done


# Looking


def _look(db: apsw.Connection, blobs: Blobs) -> _Look:
    octets = look_at_octets(db, blobs)
    plans = look_at_mailboxes(db, octets)
    trash = look_at_trash(db, octets)
    held = [plan.columns.segment(*_ALL)[0]["content"] for plan in plans]
    held += [np.array(trash.held, np.int64), np.array([*octets.lost], np.int64)]
    orphans = np.setdiff1d(octets.known, np.concatenate(held)).tolist()
    if not any(plan.state.name == INBOX for plan in plans):
        plans.append(Plan(State(0, INBOX, "", 0), NumpyColumns(), is_new=True))
    wanted = (sum(plan.state.messages for plan in plans), sum(plan.state.size for plan in plans))
    return _Look(octets, plans, trash, orphans, _account_is_wrong(db, plans, wanted), any(check_packs(db)))


def _account_is_wrong(db: apsw.Connection, plans: list[Plan], wanted: tuple[int, int]) -> bool:
    rows = cast("list[tuple[int, int]]", db.execute("SELECT messages, size FROM account").fetchall())
    if not rows or rows[0] != wanted or not read_meta(db, "token"):
        return True
    counters = read_counters(db)
    highest = max([plan.state.modseq for plan in plans], default=0)
    return counters.modseq < highest or counters.next_content <= _highest(db, "content")


def _highest(db: apsw.Connection, table: str) -> int:
    return cast(int, db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchall()[0][0])


# Writing


def _write(db: apsw.Connection, blobs: Blobs, look: _Look) -> int:
    """All of it; gives how many messages came back into a mailbox that is not their own."""
    token = _account_row(db, look.plans)
    counters = read_counters(db)
    now = int(time.time())
    change = Change(max(counters.modseq, _highest(db, "log") >> 20) + 1, now, {})
    change.uidvalidity = max(counters.uidvalidity, *(plan.state.uidvalidity for plan in look.plans))
    mend_rows(db, blobs, look.octets, _dates(look.plans))
    mend_trash(db, look.trash)
    if any(plan.unknown for plan in look.plans):
        first = max(counters.next_content, _highest(db, "content") + 1, _highest(db, "blob") + 1)
        look.orphans += take_in(db, look.octets.unnamed, first)
    elsewhere = _place_orphans(look)
    number = max(counters.next_mailbox, _highest(db, "mailbox") + 1)
    for plan in look.plans:
        if not plan.state.id:
            plan.state.id, number = number, number + 1
        if not plan.state.object_id:
            plan.state.object_id = f"F{token}{plan.state.id:x}"
        if not plan.is_sound:
            write_plan(db, plan, change)
    write_entries(db, change)
    for state in change.states.values():
        write_state(db, state, counters.tick + 1)
    if look.packs:
        db.execute("DELETE FROM sort_pack")
    elif changed := {*look.octets.lost, *look.octets.back}:
        drop_packs(db, np.array(sorted(changed), np.int64))
    _count_account(db, look.plans, change, counters.tick + 1, number)
    return elsewhere


def _account_row(db: apsw.Connection, plans: list[Plan]) -> str:
    """Gives the account's token, which its object ids have; one that is lost is made anew."""
    if not db.execute("SELECT 1 FROM account").fetchall():
        db.execute("INSERT INTO account VALUES (1, 0, 0, 0, 1, 1, 1, 0, 0)")
    token = read_meta(db, "token")
    if not token:
        known = [plan.state.object_id[1:9] for plan in plans if len(plan.state.object_id) > 9]
        token = known[0] if known else os.urandom(4).hex()
        write_meta(db, "token", token)
    return token


def _dates(plans: list[Plan]) -> dict[int, tuple[int, int]]:
    """INTERNALDATE and zone of each content, as mailboxes have them."""
    found: dict[int, tuple[int, int]] = {}
    for plan in plans:
        values = plan.columns.segment(*_ALL)[0]
        dates = zip(values["date"].tolist(), values["zone"].tolist(), strict=True)
        found |= dict(zip(values["content"].tolist(), dates, strict=True))
    return found


def _place_orphans(look: _Look) -> int:
    """Messages that nobody holds go where messages are missing: into that mailbox where it is one, else into one of their own.

    Nothing is missing: they are what is left of an unfinished vacuum, and stay for the next one.
    """
    damaged = [plan for plan in look.plans if plan.missing or plan.unknown or plan.anew or plan.is_new]
    if not damaged or not look.orphans:
        return 0
    if len(damaged) == 1:
        damaged[0].added = look.orphans
        return 0
    missing = look.missing
    name = free_name(RECOVERED, {plan.state.name for plan in look.plans})
    look.plans.append(Plan(State(0, name, "", 0), NumpyColumns(), is_new=True, added=look.orphans))
    return len(look.orphans) if len(look.orphans) >= missing else 0


def _count_account(
    db: apsw.Connection, plans: list[Plan], change: Change, tick: int, next_mailbox: int
) -> None:
    db.execute(
        "UPDATE account SET modseq = ?, uidvalidity = ?, tick = ?, next_mailbox = ?, next_content = max(next_content, ?),"
        " next_trash = max(next_trash, ?), messages = ?, size = ?",
        (
            change.modseq, change.uidvalidity, tick, next_mailbox, _highest(db, "content") + 1, _highest(db, "trash") + 1,
            sum(plan.state.messages for plan in plans), sum(plan.state.size for plan in plans),
        ),
    )  # fmt: skip


def _remove_bad_files(db: apsw.Connection, blobs: Blobs, octets: Octets) -> None:
    """What no row names any more, and what was moved out of the way; copies of it are aside."""
    for name in octets.bad:
        if name in octets.restored or db.execute("SELECT 1 FROM blob WHERE file = ?", (name,)).fetchall():
            continue
        path = blobs.path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in blobs.others():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


def _told(plan: Plan, elsewhere: int) -> Repaired:
    now = plan.state.messages
    gone = max(len(plan.lost), plan.missing + len(plan.lost) - len(plan.added))
    lost = max(len(plan.lost), gone - elsewhere)
    renumbered = not plan.is_new and bool(plan.added or plan.renumber)
    found = min(plan.reachable, now)
    return Repaired(plan.state.name, found, now - found, lost, renumbered, plan.lost)
