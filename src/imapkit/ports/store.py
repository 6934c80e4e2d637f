"""The mail store as features see it (DESIGN section 2, STORE.md rule 25). Protocols and plain records only.

Promises every store keeps, and ``tests/store_conformance`` checks:

- An awaited mutation that returned is durable, but for changes of flags alone (durable against a crash of the process at once,
  against a power cut within 0.2 s).
- UIDs and MODSEQs ascend strictly and are never used twice; every mutation of an account takes that account's next MODSEQ.
- A mutation that raised changed nothing.
- Nothing below is ever told about IMAP text: columns hold wire-ready bytes that ``message.index`` made.

Errors raised: MailboxMissing, MailboxTaken, TooManyKeywords, StoreFull, StoreBroken (see ``errors``).
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ..protocol.numset import Range
from ..query.index import MessageSet, SearchIndex
from ..query.sort import Work
from ..query.thread import Algorithm, Threads
from ..record import record, value
from ..wire.frame import Literal, LiteralSink
from .blob import Part

if TYPE_CHECKING:
    from ..message.index import MessageIndex

__all__ = [
    "Account",
    "Added",
    "Arranged",
    "Arrangement",
    "Body",
    "Changes",
    "AnyColumn",
    "Column",
    "HeaderFields",
    "Copied",
    "FlagAction",
    "Literal",
    "MailStore",
    "Mailbox",
    "MailboxRow",
    "MessageSet",
    "NewMessage",
    "SearchIndex",
    "Stored",
    "Trashed",
]

DELIMITER = "/"
INBOX = "INBOX"


class Column(enum.Enum):
    """What ``Mailbox.rows`` can give; the comment tells the Python type of the value."""

    UID = enum.auto()  # int
    FLAGS = enum.auto()  # int: an opaque key for Mailbox.flag_names, equal keys have equal flags
    MODSEQ = enum.auto()  # int
    SAVEDATE = enum.auto()  # int: seconds since 1970, UTC
    CONTENT = enum.auto()  # int: the content's id, for Account.body
    SIZE = enum.auto()  # int: octets (RFC822.SIZE)
    INTERNALDATE = enum.auto()  # bytes: inside of date-time, ready for the wire, without quotes
    ENVELOPE = enum.auto()  # bytes: ready for the wire
    BODY = enum.auto()  # bytes: BODY without extension data, ready for the wire
    BODYSTRUCTURE = enum.auto()  # bytes: ready for the wire
    PARTS = enum.auto()  # bytes: message.section reads it
    HEADER = enum.auto()  # bytes: the header block with its blank line
    PREVIEW = enum.auto()  # str
    EMAILID = enum.auto()  # str
    THREADID = enum.auto()  # str
    ARRIVED = enum.auto()  # int: INTERNALDATE in seconds since 1970
    SENT = (
        enum.auto()
    )  # int: the Date field in seconds since 1970; ARRIVED where there is none that can be read
    BASE_SUBJECT = (
        enum.auto()
    )  # str: this and the next five mapped by i;unicode-casemap, for SORT (RFC 5256, RFC 5957)
    SORT_FROM = enum.auto()  # str
    SORT_TO = enum.auto()  # str
    SORT_CC = enum.auto()  # str
    DISPLAY_FROM = enum.auto()  # str
    DISPLAY_TO = enum.auto()  # str
    IS_REPLY = enum.auto()  # int: 1 if something of a reply or a forward was taken off the subject, else 0
    MESSAGE_ID = enum.auto()  # str: without angle brackets; empty if there is none
    REFERENCES = (
        enum.auto()
    )  # str: ids of the ancestors, oldest first, a space between two (RFC 5256 section 3)
    __hash__ = object.__hash__  # enum's own is a Python function, and every FETCH looks up its columns


@value
class HeaderFields:
    """A column too: the fields with these lower-case names out of the header block, as they are, and the blank line (bytes)."""

    names: frozenset[bytes]


AnyColumn = Column | HeaderFields


class FlagAction(enum.Enum):
    ADD = "+FLAGS"
    REMOVE = "-FLAGS"
    REPLACE = "FLAGS"


@record
class NewMessage:
    """A message on its way in. ``content`` is taken over: the store closes it."""

    content: Literal
    index: MessageIndex
    flags: frozenset[str]
    internaldate: datetime
    email_id: str | None = None
    """Keep this EMAILID (a copy inside the account keeps its content's); None: a new one."""


@record
class MailboxRow:
    """A mailbox's own row, kept up to date by the mutations themselves: reading it never loads the columns."""

    id: int
    name: str
    object_id: str
    """MAILBOXID (RFC 8474)."""
    uidvalidity: int
    uidnext: int
    modseq: int
    """HIGHESTMODSEQ."""
    messages: int
    unseen: int
    deleted: int
    size: int
    """Octets of all messages."""
    deleted_size: int
    recent: int
    r"""Messages that no rev1 session was told are \Recent yet."""
    recent_from: int
    """The lowest UID that such a message can have."""
    special_use: tuple[str, ...]
    r"""For instance ("\\Sent",) (RFC 6154)."""


@record
class Added:
    """UIDs of appended messages, in order."""

    uidvalidity: int
    uids: list[int]
    modseq: int
    recent: Range | None = None
    r"""UIDs of the messages that became \Recent for the session that appended, if it asked for that."""


@record
class Copied:
    """``source`` and ``target`` UIDs in the same order, as ranges of equal total length (COPYUID, RFC 4315)."""

    uidvalidity: int
    source: list[Range]
    target: list[Range]
    modseq: int


@record
class Stored:
    """What ``store`` did. ``changed``: messages whose flags really changed; ``refused``: those with a later MODSEQ than asked."""

    changed: MessageSet
    refused: MessageSet
    modseq: int
    """Of the change; the account's present one when nothing changed."""


@record
class Changes:
    """All that happened in a mailbox after one MODSEQ, up to ``modseq``."""

    modseq: int
    added: MessageSet
    """Messages that came and are still there."""
    expunged: list[Range]
    """UIDs that were there at the start and are gone, sorted and joined."""
    changed: MessageSet
    """Messages there at both ends whose flags (or anything else with a MODSEQ) changed."""


@record
class Trashed:
    """An expunged message that can still be brought back."""

    trash_id: int
    mailbox: str
    uid: int
    size: int
    flags: frozenset[str]
    internaldate: datetime
    expunged: datetime


@record
class Arranged:
    """Messages in an order: their UIDs, ascending, and the places in that list."""

    uids: Sequence[int]
    order: list[int]


class Arrangement(Protocol):
    """The order of a mailbox's messages, from what the store keeps for it. Messages that are gone are left out."""

    def sorted(self, messages: MessageSet, by: Sequence[tuple[Column, bool]]) -> Work[Arranged]:
        """By the columns of SORT, each ascending, or descending where it says True; equals by ascending UID."""
        ...

    def threads(
        self, messages: MessageSet, algorithm: Algorithm
    ) -> Work[tuple[Sequence[int], Threads] | None]:
        """UIDs, ascending, and threads of places in that list; None: the caller has to thread the rows."""
        ...


class Body(Protocol):
    """The octets of a stored message."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int = 0, length: int | None = None) -> bytes:
        """Octets from ``offset``; at most ``length``."""
        ...


class Mailbox(Protocol):
    """One open mailbox: the shared columns of all its sessions in this process, always at the account's latest MODSEQ.

    Closing is by ``release``; the columns stay in memory while anybody holds the mailbox.
    """

    row: MailboxRow
    """The latest row (replaced, never mutated)."""
    gone: bool
    """The mailbox was deleted; its messages are gone too, and no mutation takes it any more."""

    def everything(self) -> MessageSet: ...

    def by_uid(self, ranges: list[Range]) -> MessageSet:
        """Messages present whose UID is in sorted, joined ``ranges``."""
        ...

    def uids(self) -> Sequence[int]:
        """UIDs present, ascending: an immutable snapshot. Cheap when nothing was added or expunged since the last call."""
        ...

    def numbers(self, messages: MessageSet) -> list[int]:
        """The place, from 1, in ``uids`` of each member that is still present: its number for who knows just these."""
        ...

    def number_text(self, messages: MessageSet, *, uid: bool) -> bytes:
        """The UIDs of the members, or their ``numbers``, in decimal, a space before each."""
        ...

    def rows(self, messages: MessageSet, columns: Sequence[AnyColumn]) -> Iterator[list[tuple[object, ...]]]:
        """Values of ``columns`` for the members that are still present, by ascending UID, in chunks of plain tuples.

        No statement or transaction stays open between two chunks, so the caller may await there.
        """
        ...

    def chunks(
        self, messages: MessageSet, columns: Sequence[AnyColumn], most: int = ...
    ) -> Iterator[list[Sequence[object]]]:
        """The same, a sequence for each column; no chunk is empty, and none has more than ``most`` messages.

        However many columns there are and however large their values, a chunk takes a few megabytes at most.
        """
        ...

    def flag_names(self, key: int) -> tuple[str, ...]:
        """The flags and keywords behind a FLAGS value, system flags first."""
        ...

    def keywords(self) -> tuple[str, ...]:
        """All keywords that were ever set in the mailbox."""
        ...

    def search(self) -> SearchIndex:
        """The mailbox as the query engine sees it now."""
        ...

    def arrangement(self) -> Arrangement | None:
        """None: the store keeps nothing for SORT and THREAD, which are done from the rows."""
        ...

    def first_unseen(self) -> int | None:
        r"""The UID of the first message without \Seen."""
        ...

    def changes(self, since: int, own: frozenset[int] = frozenset()) -> Changes:
        """All after MODSEQ ``since``; flag changes made by the MODSEQs in ``own`` do not count as changed."""
        ...

    def vanished(self, since: int) -> list[Range] | None:
        """UIDs expunged after MODSEQ ``since``; None when that is longer ago than the store remembers (RFC 7162 section 3.2.6)."""
        ...

    def release(self) -> None: ...


class Account(Protocol):
    """One account's mailboxes. Every process and session that has it open sees the same state."""

    id: str

    @property
    def modseq(self) -> int:
        """The account's latest MODSEQ as this process knows it."""
        ...

    async def refresh(self) -> None:
        """Apply what other processes wrote."""
        ...

    async def changed(self, since: int) -> None:
        """Wait until the account's MODSEQ is above ``since``. A hint may be late, never lost for more than 10 s."""
        ...

    def watch(self, since: int) -> asyncio.Future[None]:
        """The same for who has more to wait for: done when it may be worth a ``refresh``. It may be ended by others, too."""
        ...

    def unwatch(self, watching: asyncio.Future[None]) -> None:
        """For each ``watch``, at its end."""
        ...

    def tell_when_gone(self, tell: Callable[[], None]) -> None:
        """``tell`` is called once the account is taken from those who have it open (AccountGone, from then on)."""
        ...

    def tell_no_more(self, tell: Callable[[], None]) -> None:
        """For each ``tell_when_gone``, at its end."""
        ...

    # Mailboxes

    def mailboxes(self) -> Sequence[MailboxRow]:
        """All rows, by name."""
        ...

    def find(self, name: str) -> MailboxRow | None: ...

    async def create(self, name: str, special_use: tuple[str, ...] = ()) -> MailboxRow:
        """Make the mailbox and the superior names it lacks."""
        ...

    async def delete(self, name: str) -> None:
        """Remove the mailbox; its messages go to the trash table. Inferior names stay."""
        ...

    async def rename(self, old: str, new: str) -> None:
        """Rename with all inferior names; INBOX: its messages move to the new mailbox (RFC 9051 section 6.3.6)."""
        ...

    def subscriptions(self) -> frozenset[str]:
        """Subscribed names; the mailboxes need not exist."""
        ...

    async def subscribe(self, name: str) -> None: ...

    async def unsubscribe(self, name: str) -> None: ...

    async def open(self, name: str) -> Mailbox:
        """Open for reading and notification. Raises MailboxMissing."""
        ...

    # Messages

    def open_spool(self, size: int) -> LiteralSink:
        """Where a large message goes as it arrives, so that storing it copies nothing."""
        ...

    async def append(
        self, mailbox_id: int, messages: Sequence[NewMessage], *, take_recent: bool = False
    ) -> Added:
        r"""Add all or none. Never loads the columns.

        ``take_recent``: what is nobody's \Recent yet, these messages too, is the caller's, as by ``take_recent`` right after it,
        which would be a change of its own.
        """
        ...

    async def copy(self, source: Mailbox, messages: MessageSet, target_id: int) -> Copied:
        """Copy the members that are still present, by ascending UID, in one change."""
        ...

    async def move(self, source: Mailbox, messages: MessageSet, target_id: int) -> Copied:
        """Copy and expunge as one change (RFC 6851)."""
        ...

    async def store(
        self,
        mailbox: Mailbox,
        messages: MessageSet,
        action: FlagAction,
        flags: frozenset[str],
        unchanged_since: int | None = None,
    ) -> Stored:
        """Change flags in one change; members with a MODSEQ above ``unchanged_since`` are refused (RFC 7162 section 3.1.3)."""
        ...

    async def expunge(self, mailbox: Mailbox, messages: MessageSet) -> list[Range]:
        """Remove the members that are still present; gives their UIDs."""
        ...

    async def take_recent(self, mailbox: Mailbox) -> MessageSet:
        r"""The messages that are \Recent for the caller, and for nobody after it."""
        ...

    def body(self, content_id: int) -> Body: ...

    def read_ranges(self, wanted: Sequence[tuple[int, int, int]]) -> list[bytes | Part]:
        """Octets of several stored messages, for each (content, start, end); fewer where a message is shorter.

        What would take much room in memory, and has none yet, comes as a part: all above ``LARGE`` octets does.
        """
        ...

    # The trash table

    def trash(self) -> Iterator[Trashed]: ...

    async def undelete(self, trash_ids: Sequence[int], mailbox_id: int) -> Added: ...

    async def release(self) -> None:
        """Give the account back; an LRU closes it when nobody holds it."""
        ...


class MailStore(Protocol):
    """All accounts of one server."""

    async def create_account(self, account_id: str, mailboxes: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        """Make an account with these (name, special uses). Raises StoreError when it exists."""
        ...

    async def delete_account(self, account_id: str) -> None:
        """Whoever has it open is told; nothing is committed to it any more. Raises StoreError where there is none."""
        ...

    async def take_away(self, account_id: str) -> None:
        """Whoever has it open is told, in other processes too, and must open it anew. Raises StoreError where there is none."""
        ...

    def accounts(self) -> AsyncIterator[str]: ...

    async def open_account(self, account_id: str) -> Account: ...

    async def close(self) -> None:
        """Close all: synced, checkpointed, marked as cleanly closed."""
        ...
