"""What happens to a mailbox while somebody looks: the events of ``idle`` and ``watch``."""

from __future__ import annotations

from ..protocol.numset import NumSet
from ..record import record


@record
class Arrived:
    """New messages: ``count`` of them, ``exists`` in all. ``first``: the lowest UID they can have, where it is known."""

    count: int
    exists: int
    first: int | None = None


@record
class Expunged:
    """Message number ``seq`` is gone; the numbers above it went down by one."""

    seq: int


@record
class Vanished:
    """Messages are gone, told by UID (QRESYNC)."""

    uids: NumSet


@record
class FlagsChanged:
    """The flags of message number ``seq``; the UID where the server told it."""

    seq: int
    uid: int | None
    flags: frozenset[str]


@record
class Resynchronise:
    """More happened than was kept: look at the mailbox anew."""


Event = Arrived | Expunged | Vanished | FlagsChanged | Resynchronise
