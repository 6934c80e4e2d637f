"""A server's side of a connection without I/O: octets in, typed events out (RFC 9051 sections 2.2, 4.3 and 6, RFC 7888).

The owner feeds what it read and asks for one event at a time, so nothing is cut or parsed ahead: a command that changes how the
rest of the stream is to be read (LOGIN, ENABLE, AUTHENTICATE, IDLE, STARTTLS) finds that rest untouched.

The rule this file must not break: how the octets are cut into ``receive`` calls never changes the events.
"""

from __future__ import annotations

from ..errors import LimitExceeded
from ..record import record
from ..wire.frame import Frame, Framer, LiteralWanted, OpenSink, Refused
from ..wire.limits import Limits
from .command import BadCommand, TaggedCommand, peek_tag, read_command
from .registry import Grammar


@record
class Received:
    """A whole command. ``frame`` holds its literals: the owner closes it when the command is done."""

    command: TaggedCommand
    frame: Frame


@record
class Malformed:
    """A line that is no command; ``text`` says what was expected where. ``tag`` None: not even the tag could be read."""

    tag: str | None
    text: str


@record
class LiteralAsked:
    """The client waits for leave to send ``size`` octets: call ``accept_literal`` and send ``+``, or ``refuse_literal``."""

    tag: str | None
    size: int


@record
class TooLarge:
    """A command was dropped because of its size. ``fatal``: the rest of the stream cannot be understood."""

    tag: str | None
    error: LimitExceeded
    fatal: bool


Event = Received | Malformed | LiteralAsked | TooLarge


class ServerConnection:
    """Cuts and reads what one client sends. ``limits`` and ``utf8`` may change between two events."""

    def __init__(
        self, grammar: Grammar, limits: Limits, *, utf8: bool = False, open_sink: OpenSink | None = None
    ) -> None:
        self.grammar = grammar
        self.utf8 = utf8
        self._raw = False
        self._framer = Framer(limits, gate=True, literal_allowed=self._literal_allowed)
        if open_sink is not None:
            self._framer.open_sink = open_sink

    @property
    def limits(self) -> Limits:
        return self._framer.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._framer.limits = limits

    def use_sink(self, open_sink: OpenSink) -> None:
        """Where large literals go from now on."""
        self._framer.open_sink = open_sink

    @property
    def buffered(self) -> int:
        """Octets received and not used yet."""
        return self._framer.buffered

    @property
    def in_command(self) -> bool:
        """True when the client has begun a line or literal and not ended it."""
        return self._framer.in_frame

    def receive(self, data: bytes) -> None:
        self._framer.feed(data)

    def next(self) -> Event | None:
        """The next event; None when more octets are needed."""
        self._raw = False
        event = self._framer.next()
        if event is None:
            return None
        if isinstance(event, Frame):
            return self._read(event)
        if isinstance(event, LiteralWanted):
            return LiteralAsked(peek_tag(event.head), event.size)
        return _too_large(event)

    def next_line(self) -> bytes | TooLarge | None:
        """The next line as it is, literals unknown: an answer in AUTHENTICATE, or IDLE's DONE."""
        self._raw = True
        event = self._framer.next()
        if event is None:
            return None
        if isinstance(event, Frame):
            return event.buf
        assert isinstance(event, Refused), "no literal is announced by a raw line"
        return _too_large(event)

    def accept_literal(self) -> None:
        self._framer.accept()

    def refuse_literal(self) -> None:
        self._framer.refuse()

    def discard(self) -> int:
        """Forget what was received behind the present command: for STARTTLS (RFC 9051 section 11.1). Gives its size."""
        return len(self._framer.take_rest())

    def take_rest(self) -> bytes:
        """Hand over what was received behind the present command: for COMPRESS (RFC 4978 section 3)."""
        return self._framer.take_rest()

    def close(self) -> None:
        """Give up everything held, half-received literals too."""
        self._framer.close()

    def _literal_allowed(self, head: bytes) -> bool:
        return not self._raw

    def _read(self, frame: Frame) -> Received | Malformed:
        try:
            command = read_command(frame, self.grammar, utf8=self.utf8, limits=self.limits)
        except BadCommand as error:
            frame.close()
            return Malformed(error.tag, error.text)
        return Received(command, frame)


def _too_large(event: Refused) -> TooLarge:
    return TooLarge(peek_tag(event.head), event.error, event.fatal)


__all__ = [
    "Event",
    "LiteralAsked",
    "Malformed",
    "Received",
    "ServerConnection",
    "TooLarge",
]
