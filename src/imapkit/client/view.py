"""The selected mailbox as the server told of it, kept up to date by whatever comes (RFC 9051 section 7.4). No I/O.

Rule: EXISTS is the number of messages, never a difference; EXPUNGE takes effect at once.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Final

from ..features.condstore import HighestModSeq
from ..features.select import Selected
from ..ports.events import Arrived, Event, Expunged, Resynchronise, Vanished
from ..protocol.given import Named

logger: Final = logging.getLogger("imapkit.client")

_KEPT: Final = 10_000
"""Events kept for somebody who has not asked for them yet."""


class MailboxView(Named):
    """Counts and flags of an open mailbox. None: the server did not tell."""

    name: str

    def __init__(self, selected: Selected) -> None:
        self.name = selected.name
        self.read_only = selected.read_only
        self.exists = selected.exists
        """Messages in the mailbox."""
        self.recent = selected.recent
        self.uidvalidity = selected.uidvalidity
        self.uidnext = selected.uidnext
        """The UID that the next message will have, or more, as far as is known."""
        self.flags = frozenset(selected.flags)
        """Flags in use."""
        lasting = selected.permanent_flags
        self.permanent_flags = frozenset(selected.flags if lasting is None else lasting)
        r"""Flags that can be changed for good; ``\*``: new keywords can be made."""
        modseq = selected.code(HighestModSeq)
        self.highest_modseq = modseq.modseq if modseq is not None else None
        self.selected = selected
        self._events: deque[Event] = deque()

    def __repr__(self) -> str:
        access = "read-only" if self.read_only else "read-write"
        return f"<{type(self).__name__} {self.name!r}: {self.exists} messages, {access}>"

    def observe(self, event: Event) -> None:
        """Something happened to the mailbox: the counts follow, and who waits for news gets it."""
        if isinstance(event, Arrived):
            self.exists = event.exists
        elif isinstance(event, Expunged):
            if event.seq > self.exists:
                logger.warning("a message was expunged that is not there: %d of %d", event.seq, self.exists)
                return
            self.exists -= 1
        elif isinstance(event, Vanished):
            self.exists = max(0, self.exists - event.uids.count())
        if len(self._events) >= _KEPT:
            self._events.clear()
            self._events.append(Resynchronise())
        self._events.append(event)

    @property
    def has_events(self) -> bool:
        return bool(self._events)

    def take_events(self) -> list[Event]:
        """What happened since the last call."""
        found = list(self._events)
        self._events.clear()
        return found
