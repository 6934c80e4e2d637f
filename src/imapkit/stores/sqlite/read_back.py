"""What a compaction wrote is read again and held against the counts of the mailbox, before its log is cut (STORE rule 3).

The counts were kept apart from the columns, change by change. The rule this file must not break: it takes nothing from memory.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from imapkit.errors import MailboxMissing, StoreBroken
from imapkit.stores.log.state import State

from .columns import NumpyColumns
from .disk import Disk
from .errors import store_errors
from .handle import HasConnection
from .reading import reading
from .snapshot import Manifest, columns_for, end_columns, load_part
from .states import read_mailbox_log, read_state


class ReadBack(HasConnection, Protocol):
    """What is asked of an account."""

    path: Path
    disk: Disk


async def read_back(account: ReadBack, mailbox_id: int, manifest: Manifest) -> None:
    """Raises StoreBroken unless the snapshot and the entries above it give the mailbox, and MailboxMissing."""
    columns = columns_for(manifest)
    for part in manifest.parts:
        with store_errors(account.path):
            load_part(account.db, columns, part)
        account.disk.reached("upkeep")
        await asyncio.sleep(0)
    end_columns(columns, manifest)
    with store_errors(account.path), reading(account.db):
        state = read_state(account.db, mailbox_id)
        if state is None:
            raise MailboxMissing("the mailbox does not exist any more")
        for entry in read_mailbox_log(account.db, mailbox_id, manifest.modseq, state.modseq):
            columns.apply(entry)
    wrong = miscounted(state, columns)
    if wrong:
        raise StoreBroken(f"the new snapshot of {state.name!r} was not used: {wrong}")


def miscounted(state: State, columns: NumpyColumns) -> str:
    """How the counts in a mailbox's row differ from its columns; empty where they do not."""
    totals = columns.totals(columns.everything(), state.recent_from)
    found = (totals.messages, totals.unseen, totals.deleted, totals.size, totals.deleted_size, totals.recent)
    kept = (state.messages, state.unseen, state.deleted, state.size, state.deleted_size, state.recent)
    return "" if found == kept else f"counts are {kept} and should be {found}"
