"""A client's side as verbs (ops) see it: what the server offers, and how steps are asked for.

A verb is a plain generator: it yields steps, gets a ``Completed`` for each and returns a typed result. The same verb is driven by the
synchronous and by the asynchronous connection. A NO or BAD is thrown into the generator as ``CommandFailed``, so falling back
is an ordinary ``except``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol, TypeVar

from ..protocol.registry import Registry, Writable
from ..protocol.response import Response
from ..protocol.states import State
from ..protocol.status import Status
from ..record import record
from .events import Event

T = TypeVar("T")
R = TypeVar("R")


@record
class Completed:
    """A command's tagged OK and all untagged data that came before it."""

    status: Status
    data: list[Response]

    def of(self, cls: type[R]) -> list[R]:
        """The data of one class."""
        return [item for item in self.data if isinstance(item, cls)]

    def last(self, cls: type[R]) -> R | None:
        """The last datum of one class."""
        found = self.of(cls)
        return found[-1] if found else None

    def code(self, cls: type[R]) -> R | None:
        """The response code of one class: of the tagged status, else of the last untagged one that has it."""
        statuses = [self.status, *reversed(self.of(Status))]
        for status in statuses:
            if isinstance(status.code, cls):
                return status.code
        return None


@record
class Exchange:
    """A command that is answered by continuations: ``respond`` gives the reply line to each (AUTHENTICATE)."""

    command: Writable
    respond: Callable[[bytes], bytes]


@record
class StartTls:
    """Ask the connection to do the TLS handshake now; what was buffered is discarded."""


@record
class StartDeflate:
    """Tell the connection to compress all that follows, both ways; what came behind the last answer is compressed already."""


Step = Writable | Exchange | StartTls | StartDeflate
Op = Generator[Step, Completed, T]
"""A verb with result T."""


class OpenMailbox(Protocol):
    """The selected mailbox as the server tells of it. None: not told."""

    read_only: bool
    exists: int
    recent: int | None
    uidvalidity: int | None
    uidnext: int | None
    flags: frozenset[str]
    permanent_flags: frozenset[str]
    highest_modseq: int | None

    def observe(self, event: Event) -> None:
        """Something happened to the mailbox: the counts follow, and who waits for news gets it."""
        ...


class ClientSession(Protocol):
    """What the server said of itself and of the session."""

    registry: Registry
    """All that a client understands."""
    capabilities: frozenset[str]
    """In upper case; empty when not known yet."""
    state: State
    enabled: set[str]
    selected: str | None
    view: OpenMailbox | None
    """Who is told of the selected mailbox."""
    asking: bool
    """The command under way asks for FETCH data itself: they are its answer, not news."""
    tls: bool
    compressed: bool
    refuses_charset: bool
    """The server does not take the word CHARSET in a search, and takes the same search without it."""

    def has(self, capability: str) -> bool:
        """True when announced, or part of an enabled or announced IMAP4rev2."""
        ...

    def alert(self, text: str) -> None:
        """The server wants this shown to the user."""
        ...

    def need(self, capability: str, why: str) -> None:
        """Raises NotSupported unless ``has``."""
        ...
