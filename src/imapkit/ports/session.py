"""A server session as feature handlers see it. Protocols and plain records only.

The rule for handlers: nothing is sent but through ``send``; a long answer awaits ``flush`` between chunks; what goes wrong is raised
as ``No`` or ``Bad``. Store errors need no care: the dispatcher turns them into the right ``NO``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..protocol.capability import Announce
from ..protocol.numset import NumSet, Range
from ..protocol.registry import Registry, Writable
from ..protocol.states import State
from ..protocol.status import Status
from ..query.index import MessageSet
from ..wire.limits import Limits
from .blob import Part
from .store import Account, Mailbox

ReportExpunges = Callable[[Sequence[int], list[Range]], Iterator[bytes]]
"""From message numbers (descending) and the UIDs to response lines: how a session learns that messages are gone."""


def plain_expunges(numbers: Sequence[int], uids: list[Range]) -> Iterator[bytes]:
    """``* n EXPUNGE`` for each (RFC 9051 section 7.5.1). Descending, so that none moves the number of a later one."""
    for number in numbers:
        yield b"* %d EXPUNGE\r\n" % number


@dataclass(slots=True)
class Modes:
    """What ENABLE and use have switched on. The named seams of the RFCs that change core behaviour."""

    enabled: set[str] = field(default_factory=set)
    """Names that ENABLE took, in upper case."""
    rev2: bool = False
    """IMAP4rev2 was enabled: ESEARCH answers, no RECENT (RFC 9051)."""
    utf8: bool = False
    """UTF-8 in quoted strings and mailbox names, both ways."""
    condstore: bool = False
    """MODSEQ goes into every FETCH of flags (RFC 7162 section 3.1)."""
    extended_list: bool = False
    """The client used an extended LIST, and so reads extended data in LIST responses (RFC 5258 section 3)."""
    uid_in_fetch: bool = False
    """Unsolicited FETCH responses carry the UID."""
    report_expunges: ReportExpunges = plain_expunges
    """The seam for VANISHED (RFC 7162 section 3.2.10) and UIDONLY."""


class View(Protocol):
    """The selected mailbox as this session was told of it: message numbers are stable until an update is sent."""

    mailbox: Mailbox
    name: str
    read_only: bool
    saved: MessageSet | None
    """The result that ``$`` stands for (RFC 5182); None: the empty result."""

    def __len__(self) -> int:
        """Messages the client knows of."""
        ...

    def uid_of(self, seq: int) -> int:
        """The UID of message number ``seq`` (1 to len). Raises IndexError."""
        ...

    def seq_of(self, uid: int) -> int | None:
        """The message number of ``uid``; None when the client does not know it."""
        ...

    def everything(self) -> MessageSet:
        """All messages that the client knows of."""
        ...

    def resolve(self, numset: NumSet, *, uid: bool, criterion: bool = False) -> MessageSet:
        """The messages a command names, among those the client knows.

        Unknown UIDs are left out; a message number out of range raises Bad (RFC 9051 section 9, seq-number), unless the set is
        a ``criterion`` of a search, which such a number does not meet.
        """
        ...

    def numbered(self, messages: MessageSet) -> Iterator[tuple[int, int]]:
        """(message number, UID) of the members that the client knows of, ascending."""
        ...

    def numbers_of(self, messages: Iterable[int]) -> list[int]:
        """The message numbers alone of ascending UIDs, of those that the client knows of."""
        ...

    def recent(self) -> MessageSet: ...

    @property
    def takes_recent(self) -> bool:
        r"""Whether messages that are nobody's \Recent become this session's as it is told of them."""
        ...

    def note_recent(self, uids: Range) -> None:
        r"""These became this session's \Recent ones in the change that added them; they count when they are told."""
        ...

    def note_own(self, modseq: int) -> None:
        """The flag change with this MODSEQ came from this session and needs no FETCH of its own."""
        ...

    def new_keywords(self) -> Iterator[bytes]:
        """The lines that tell of keywords which the client has not heard of: FLAGS and PERMANENTFLAGS anew.

        They go before the first FETCH with such a keyword (RFC 9051 section 7.3.5).
        """
        ...

    def untold(self) -> list[Range]:
        """UIDs that are gone and still have a message number, because the client was not told yet."""
        ...

    def highest_modseq(self) -> int:
        """The HIGHESTMODSEQ that may be told: not above a change that is withheld (STORE.md rule 4)."""
        ...


@dataclass(slots=True, frozen=True)
class ServerSettings:
    """What handlers need of the configuration."""

    append_limit: int = 64 * 1024 * 1024
    identity: tuple[tuple[str, str], ...] = (("name", "imapkit"),)
    """What ID answers (RFC 2971)."""
    idle_update: float = 0.0
    """Seconds that IDLE gathers changes before it tells them."""


class Login(Protocol):
    """How a session proves who it is. The server's authenticator stands behind it."""

    async def password(self, user: str, password: str) -> None:
        """Log in, or raise No with AUTHENTICATIONFAILED, UNAVAILABLE…; same answer and time for a wrong user."""
        ...

    async def mechanism(
        self, name: str, initial: bytes | None, challenge: Callable[[bytes], Awaitable[bytes]]
    ) -> None:
        """Run a SASL exchange; ``challenge`` sends data and gives the client's answer."""
        ...


class SessionContext(Protocol):
    """What a handler gets."""

    registry: Registry
    modes: Modes
    settings: ServerSettings

    @property
    def login(self) -> Login: ...

    @property
    def limits(self) -> Limits:
        """On what the client sends: small before login."""
        ...

    @property
    def tag(self) -> str:
        """The tag of the present command, which ESEARCH names."""
        ...

    @property
    def state(self) -> State: ...

    @property
    def announce(self) -> Announce: ...

    @property
    def user(self) -> str:
        """The user's name. Raises No before login."""
        ...

    @property
    def account(self) -> Account:
        """The account. Raises No before login."""
        ...

    @property
    def view(self) -> View:
        """The selected mailbox. Raises Bad when there is none."""
        ...

    @property
    def selected(self) -> View | None: ...

    # Output

    def send(self, response: Writable) -> None:
        """Queue an untagged response."""
        ...

    def send_status(self, status: Status) -> None:
        """Queue an untagged OK, NO, BAD or BYE."""
        ...

    def send_bytes(self, *chunks: bytes | Part) -> None:
        """Queue whole response lines that the caller rendered; what is in a file is read when it is sent."""
        ...

    async def flush(self) -> None:
        """Send what is queued and wait until the peer has taken enough of it: bounds the memory of a slow reader."""
        ...

    # The selected mailbox

    async def select(self, name: str, *, read_only: bool) -> View:
        """Open a mailbox as the selected one (the one before is closed first). Raises MailboxMissing."""
        ...

    async def unselect(self) -> None: ...

    async def sync(self, *, expunge: bool = True) -> None:
        """Send all untagged updates of the selected mailbox that may be sent now."""
        ...

    # The connection

    async def continue_line(self, text: bytes) -> bytes:
        """Send ``+ text`` and give the next line of the client, without its end. Raises ConnectionLost, LimitExceeded."""
        ...

    async def line_or(self, woken: asyncio.Future[None]) -> bytes | None:
        """The next line of the client, raw, for IDLE; None when ``woken`` is done first. The client's input ends ``woken``, too."""
        ...

    async def start_tls(self) -> None:
        """After the tagged OK was sent: discard what was pipelined behind it and do the handshake."""
        ...

    async def start_deflate(self) -> None:
        """After the tagged OK was sent: all that follows is compressed, both ways (RFC 4978)."""
        ...

    def after_completion(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run ``action`` once the tagged completion of the present command was sent."""
        ...

    def close_after_completion(self) -> None:
        """End the connection once the tagged completion of the present command was sent (LOGOUT)."""
        ...
