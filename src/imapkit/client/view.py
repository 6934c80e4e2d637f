"""The selected mailbox as the server told of it, kept up to date by whatever comes (RFC 9051 section 7.4). No I/O.

Rule: EXISTS is the number of messages, never a difference; EXPUNGE takes effect at once.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from ..features.condstore import HighestModSeq
from ..features.expunge import Expunged as ExpungeData
from ..features.fetch_data import FetchData
from ..features.qresync import VanishedData
from ..features.select import Exists, FlagsData, PermanentFlags, Recent, Selected, UidNext, UidValidity
from ..protocol.response import Response
from ..protocol.status import Status
from .events import Arrived, Event, Expunged, FlagsChanged, Resynchronise, Vanished

_KEPT: Final = 10_000
"""Events kept for somebody who has not asked for them yet."""


class MailboxView:
    """Counts and flags of an open mailbox. None: the server did not tell."""

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

    def observe(self, response: Response) -> None:
        """Take in untagged data."""
        if isinstance(response, FetchData):
            if response.flags is not None:
                self._happened(FlagsChanged(response.seq, response.uid, frozenset(response.flags)))
        elif isinstance(response, Exists):
            self._grow(response.count)
        elif isinstance(response, ExpungeData):
            self.exists = max(0, self.exists - 1)
            self._happened(Expunged(response.seq))
        elif isinstance(response, VanishedData):
            if not response.earlier:
                self.exists = max(0, self.exists - response.uids.count())
                self._happened(Vanished(response.uids))
        elif isinstance(response, Recent):
            self.recent = response.count
        elif isinstance(response, FlagsData):
            self.flags = frozenset(response.flags)
        elif isinstance(response, Status):
            self._observe_code(response)

    def _grow(self, count: int) -> None:
        before, self.exists = self.exists, count
        if count > before:
            self._happened(Arrived(count - before, count, self.uidnext))

    def _observe_code(self, status: Status) -> None:
        code = status.code
        if isinstance(code, UidNext):
            self.uidnext = code.number
        elif isinstance(code, UidValidity):
            self.uidvalidity = code.number or None
        elif isinstance(code, PermanentFlags):
            self.permanent_flags = frozenset(code.flags)
        elif isinstance(code, HighestModSeq):
            self.highest_modseq = code.modseq
        elif status.code_name in ("READ-ONLY", "READ-WRITE"):
            self.read_only = status.code_name == "READ-ONLY"

    def _happened(self, event: Event) -> None:
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
