"""Names as clients spell them, for all commands that take one: those without a mailbox, and those that are spelled otherwise here.

Not a feature. A name is stored in NFC with INBOX in capitals (RFC 9051 section 5.1). A client that spelled it in another way learns the
stored spelling by a LIST response with OLDNAME (section 6.3.9.7), but only one that can read it: in IMAP4rev2, or after an extended LIST.
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import No
from ..ports.session import SessionContext
from ..ports.store import MailboxRow
from ..protocol.codes import Code
from ..protocol.mailbox import DELIMITER, NameFault, check_name, unreadable
from .base import CANNOT, NONEXISTENT, TRYCREATE
from .list_ import NONEXISTENT as NONEXISTENT_NAME
from .list_ import ListData, list_entry, plain_list_data

_DELIMITERS: Final = re.compile(r"[/.\\]")
"""What separates levels on one server or another."""


def no_mailbox(ctx: SessionContext, name: str, code: Code = NONEXISTENT) -> No:
    """The NO for a name that has no mailbox; it tells of one whose name is nearly the same."""
    if not name:
        return No('the name is empty: "" is no mailbox', code)
    fault = unreadable(name)
    if fault is not None:
        return No(fault.text, code)
    near = _nearly(ctx, name)
    if near is None:
        return No(f"there is no mailbox {name}", code)
    delimiter = f", the delimiter here is {DELIMITER}" if DELIMITER in near and DELIMITER not in name else ""
    return No(f"there is no mailbox {name}; there is {near}{delimiter}", code)


def _nearly(ctx: SessionContext, name: str) -> str | None:
    """The mailbox of this user whose name differs by case, by the delimiter, or by INBOX before it."""
    wanted = _levels(name)
    return next((row.name for row in ctx.account.mailboxes() if _levels(row.name) == wanted), None)


def _levels(name: str) -> list[str]:
    levels = _DELIMITERS.split(name.casefold())
    return levels[1:] if len(levels) > 1 and levels[0] == "inbox" else levels


def no_target(ctx: SessionContext, name: str) -> No:
    """The NO for a mailbox to put mail into that is not there: TRYCREATE only for a name that CREATE takes (RFC 9051 section 7.1)."""
    fault = check_name(name)
    return No(fault.text, CANNOT) if isinstance(fault, NameFault) else no_mailbox(ctx, name, TRYCREATE)


def reads_old_names(ctx: SessionContext) -> bool:
    """Others see no LIST response that they did not ask for, and no extended data (RFC 5258 section 3)."""
    return ctx.modes.rev2 or ctx.modes.extended_list


def tell_name(ctx: SessionContext, row: MailboxRow, given: str | None) -> None:
    """LIST of a mailbox that the client spelled as ``given``."""
    ctx.send(plain_list_data(list_entry(ctx, row), given))


def tell_spelling(ctx: SessionContext, name: str, given: str | None) -> None:
    """How the mailbox is spelled that the client named ``given``; None: as it is stored."""
    if given is not None and reads_old_names(ctx):
        row = ctx.account.find(name)
        if row is not None:
            tell_name(ctx, row, given)


def tell_deleted(ctx: SessionContext, name: str, given: str | None) -> None:
    """The same of a mailbox that was deleted."""
    if given is not None and reads_old_names(ctx):
        ctx.send(ListData((NONEXISTENT_NAME,), DELIMITER, name, old_name=given))
