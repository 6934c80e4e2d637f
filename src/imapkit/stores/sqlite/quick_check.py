"""A look at an account that costs no more than its mailboxes: can each be opened? ``fsck`` looks at all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import apsw

from imapkit.errors import StoreBroken
from imapkit.stores.log.state import State

from .errors import store_errors
from .handle import HasConnection
from .snapshot import has_segments, manifest_modseqs, read_manifest
from .states import read_states


class Looked(HasConnection, Protocol):
    """What is asked of an account."""

    path: Path

    async def refresh(self) -> None: ...


async def quick_check(account: Looked) -> list[str]:
    """What is wrong, in words: snapshots that lack a segment, and logs that do not reach back to one that is whole. Changes nothing."""
    await account.refresh()
    with store_errors(account.path):
        account.db.execute("BEGIN")
        try:
            return [fault for state in read_states(account.db, -1) for fault in _check(account.db, state)]
        finally:
            account.db.execute("COMMIT")


def _check(db: apsw.Connection, state: State) -> Iterator[str]:
    reaches = not state.log_floor
    for modseq in manifest_modseqs(db, state.id):
        if modseq < state.log_floor:
            continue
        fault = _fault_of(db, state, modseq)
        if fault is None:
            reaches = True
        else:
            yield f"{state.name}: the snapshot at MODSEQ {modseq} {fault}"
    if not reaches:
        yield f"{state.name}: no snapshot is whole, and the log begins later"


def _fault_of(db: apsw.Connection, state: State, modseq: int) -> str | None:
    try:
        manifest = read_manifest(db, state.id, modseq)
    except StoreBroken:
        return "has a manifest that is damaged"
    return None if has_segments(db, state.id, manifest) else "lacks segments"
