"""Expunged messages: what there is, and back into mailboxes with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..message.text import header_values
from ..ports.store import Column, Trashed
from ..record import record
from ..stores.log.trash import split_id

if TYPE_CHECKING:
    from ..stores.sqlite import SqliteAccount


@record
class Lost:
    """An expunged message as people know it."""

    trashed: Trashed
    sender: str
    subject: str


def lost(account: SqliteAccount, mailbox: str | None = None) -> list[Lost]:
    """What can be brought back, the oldest first; of one mailbox or all."""
    found: list[Lost] = []
    for batch in account.trash_batches():
        if mailbox is not None and batch.mailbox != mailbox:
            continue
        trashed = list(batch.trashed())
        contents = [batch.batch.content[split_id(item.trash_id)[1]] for item in trashed]
        (headers,) = account.read_columns(contents, [Column.HEADER])
        found += [
            Lost(item, _field(header, "from"), _field(header, "subject"))
            for item, header in zip(trashed, headers, strict=True)
        ]
    return found


def _field(header: object, name: str) -> str:
    values = header_values(header, name) if isinstance(header, bytes) else []
    return values[0] if values else ""


def choose(found: Sequence[Lost], wanted: Sequence[int]) -> list[Lost]:
    """Those with these ids. Raises UsageError for an id that is not there."""
    known = {item.trashed.trash_id: item for item in found}
    missing = [number for number in wanted if number not in known]
    if missing:
        raise UsageError(f"there is no expunged message {missing[0]} (--list shows them)")
    return [known[number] for number in dict.fromkeys(wanted)]


async def bring_back(account: SqliteAccount, chosen: Sequence[Lost], to: str | None) -> dict[str, int]:
    """Into the mailbox each was in, or all into ``to``; gives how many went into which. Missing mailboxes are made."""
    by_mailbox: dict[str, list[int]] = {}
    for item in chosen:
        by_mailbox.setdefault(to or item.trashed.mailbox, []).append(item.trashed.trash_id)
    for name, ids in by_mailbox.items():
        row = account.find(name) or await account.create(name)
        await account.undelete(ids, row.id)
    return {name: len(ids) for name, ids in by_mailbox.items()}
