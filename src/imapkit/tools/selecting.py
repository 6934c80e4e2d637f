"""Which messages a command is about: ``5``, ``1:7,9``, ``12:*``, ``all``; those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ImapError, UsageError
from ..protocol.numset import NumSet

if TYPE_CHECKING:
    from imapkit import Mailbox, Query


class NoMessages(ImapError):
    """Nothing of what was asked for is there."""


def parse_uids(text: str) -> NumSet:
    """Raises UsageError."""
    if text.lower() == "all":
        return NumSet.span(1)
    found = NumSet.parse(text)
    if found.saved or not found:
        raise UsageError(f"not a set of UIDs: {text!r}; it looks like 5 or 1:7,9 or 12:* or all")
    return found


def present(mailbox: Mailbox, text: str) -> Query:
    """The messages of these UIDs that are there. Raises UsageError, NoMessages."""
    from .. import UID

    asked = parse_uids(text)
    found = mailbox.search(UID(asked)).uidset()
    if not found:
        what = "is empty" if text.lower() == "all" else f"has no message {text}"
        raise NoMessages(f"{mailbox.name} {what}")
    return mailbox.uids(found)
