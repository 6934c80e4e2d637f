"""A mailbox's columns from the file: the latest snapshot that is whole, then the entries above it."""

from __future__ import annotations

import logging

import apsw

from imapkit.errors import StoreBroken
from imapkit.stores.log.state import State

from .columns import NumpyColumns
from .snapshot import load_manifest, manifest_modseqs, read_manifest
from .states import read_mailbox_log

_log = logging.getLogger(__name__)


def load_columns(db: apsw.Connection, state: State) -> NumpyColumns:
    """Inside a transaction that sees ``state``. Raises StoreBroken when no snapshot is whole and the log does not reach back."""
    columns = _from_snapshot(db, state)
    for entry in read_mailbox_log(db, state.id, columns.modseq, state.modseq):
        columns.apply(entry)
    columns.modseq = state.modseq
    columns.last = max(columns.last, state.uidnext - 1)
    return columns


def _from_snapshot(db: apsw.Connection, state: State) -> NumpyColumns:
    for modseq in manifest_modseqs(db, state.id):
        if modseq < state.log_floor:
            break  # the log does not reach back to it: messages would be missing without a word
        try:
            return load_manifest(db, read_manifest(db, state.id, modseq))
        except StoreBroken as error:
            _log.warning("mailbox %s: snapshot at %d is passed over: %s", state.name, modseq, error)
    if state.log_floor:
        raise StoreBroken(f"mailbox {state.name!r} has no snapshot that is whole, and its log begins later")
    return NumpyColumns()
