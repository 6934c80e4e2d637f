"""Mailboxes of an account into files. Beside a running server too: what is exported is what was there at the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from ..errors import MailboxMissing
from ..ports.store import Account, Column, Mailbox
from ..protocol.dates import parse_date_time
from .formats.base import FolderWriter, OutMessage

_COLUMNS: Final = (Column.UID, Column.FLAGS, Column.INTERNALDATE, Column.CONTENT)


@dataclass(slots=True)
class Exported:
    """What was done."""

    written: int = 0
    present: int = 0
    """Were there already, from an earlier run."""
    mailboxes: int = 0


def chosen(account: Account, only: str | None) -> list[str]:
    """The names of the mailboxes to export. Raises MailboxMissing."""
    if only is None:
        return [row.name for row in account.mailboxes()]
    row = account.find(only)
    if row is None:
        raise MailboxMissing(f"there is no mailbox {only!r}")
    return [row.name]


def total(account: Account, names: Sequence[str]) -> int:
    """Octets of all messages, for progress."""
    rows = (account.find(name) for name in names)
    return sum(row.size for row in rows if row is not None)


async def export(
    account: Account,
    names: Sequence[str],
    writer: Callable[[str], FolderWriter],
    advance: Callable[[int], None],
) -> Exported:
    """Write the mailboxes ``names``. Raises OSError, StoreError."""
    done = Exported()
    for name in names:
        mailbox = await account.open(name)
        try:
            _export(account, mailbox, writer(name), advance, done)
        finally:
            mailbox.release()
        done.mailboxes += 1
    return done


def _export(
    account: Account, mailbox: Mailbox, folder: FolderWriter, advance: Callable[[int], None], done: Exported
) -> None:
    complete = False
    try:
        for chunk in mailbox.rows(mailbox.everything(), _COLUMNS):
            for uid, flags, date, content in cast("list[tuple[int, int, bytes, int]]", chunk):
                data = account.body(content).read()
                moment = parse_date_time(date) or datetime.fromtimestamp(0, UTC)
                names = frozenset(mailbox.flag_names(flags))
                if folder.add(OutMessage(mailbox.row.uidvalidity, uid, names, moment, data)):
                    done.written += 1
                else:
                    done.present += 1
                advance(len(data))
        complete = True
    finally:
        folder.close(complete=complete)
