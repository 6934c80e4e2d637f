"""A client's side of a connection without I/O: octets in, typed events out, commands in, octets out (RFC 9051 sections 2.2, 4.3, 7).

One command is under way at a time. The owner asks ``next_chunk`` what to write, feeds what it read, and takes one event at a time.

The rules this file must not break: how the octets are cut into ``receive`` calls never changes the events; a literal that the
server refused is not sent; a tagged answer to nothing, or an OK to what was not sent yet, ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ..errors import ImapError, LimitExceeded, NotAnImapServer, ParseError, ProtocolError, UsageError
from ..record import record
from ..wire.frame import Frame, Framer, Literal, LiteralWanted, OpenSink, Refused
from ..wire.limits import CLIENT, Limits
from ..wire.writer import LiteralMode, Stream, Writer
from .command import write_command
from .registry import Grammar, Writable
from .response import BrokenResponse, Response, literal_allowed, read_response
from .status import Continuation, Kind, Status

_SHOWN: Final = 200


@record
class Greeted:
    """The greeting: OK or PREAUTH. A BYE comes as ``Farewell``."""

    status: Status


@record
class Farewell:
    """BYE: the server is about to close the connection."""

    status: Status


@record
class Asked:
    """``+`` with the whole command sent: the server waits for a line (AUTHENTICATE), or IDLE has begun."""

    data: bytes


@record
class Finished:
    """The tagged answer to the command under way."""

    status: Status


Event = Greeted | Farewell | Asked | Finished | Response

QuickReader = Callable[[bytes, dict[int, Literal] | None], Writable | None]
"""Reads a whole untagged response, its literals by their offset, if it is one that it knows."""


class ClientConnection:
    """Cuts and reads what one server sends, and writes what it is sent. ``utf8`` and ``literal_mode`` may change between commands."""

    def __init__(
        self, grammar: Grammar, limits: Limits = CLIENT, *, quick: QuickReader | None = None
    ) -> None:
        self.grammar = grammar
        self._quick = quick
        self.utf8 = False
        self.literal_mode = LiteralMode.SYNC
        self.greeted = False
        self.tag: str | None = None
        """Of the command under way."""
        self._framer = Framer(limits, gate=False, literal_allowed=literal_allowed)
        self._count = 0
        self._parts: list[bytes | Stream] = []
        self._pauses: frozenset[int] = frozenset()
        self._index = 0
        self._chunks: Iterator[bytes] | None = None
        self._left = 0
        self._answered: Status | None = None

    @property
    def limits(self) -> Limits:
        return self._framer.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._framer.limits = limits

    # What the owner knows

    @property
    def sent(self) -> bool:
        """True when the last octet of the command under way was handed out."""
        return self._index >= len(self._parts)

    @property
    def waiting(self) -> bool:
        """True while a literal waits for the server's leave."""
        return self._index in self._pauses

    @property
    def in_frame(self) -> bool:
        """True in the middle of a response."""
        return self._framer.in_frame

    @property
    def in_literal(self) -> bool:
        """True in the middle of a literal."""
        return self._framer.in_literal

    @property
    def buffered(self) -> int:
        """Octets received and not used yet."""
        return self._framer.buffered

    # Out

    def send(self, command: Writable) -> str:
        """Begin a command; its tag. Raises UsageError for arguments that have no form on the wire; then nothing was begun."""
        if self.tag is not None:
            raise UsageError("a command is under way on this connection")
        tag = f"A{self._count + 1}"
        w = Writer(self.literal_mode, utf8=self.utf8)
        try:
            write_command(w, tag, command)
        except ImapError:
            raise
        except Exception as error:  # whatever Python says of a value of a wrong type
            name = type(command).__name__.upper().removesuffix("COMMAND")
            raise UsageError(f"the arguments of {name} cannot be sent: {error}") from error
        self._parts = w.finish()
        self._pauses = frozenset(w.pauses)
        self._index = 0
        self._chunks = None
        self._answered = None
        self._count += 1
        self.tag = tag
        return tag

    def send_line(self, line: bytes) -> None:
        """Send a line inside a command: the answer to ``Asked``, or IDLE's DONE."""
        if b"\r" in line or b"\n" in line:
            raise UsageError("a line holds no line end")
        self._parts.append(line + b"\r\n")

    def next_chunk(self) -> bytes | None:
        """The next octets to write; None when there is nothing to write now. Raises UsageError when a stream is not as long as it said."""
        while self._index < len(self._parts) and self._index not in self._pauses:
            part = self._parts[self._index]
            if isinstance(part, bytes):
                self._parts[self._index] = b""
                self._index += 1
                return part
            chunk = self._next_of_stream(part)
            if chunk:
                return chunk
        return None

    def _next_of_stream(self, stream: Stream) -> bytes | None:
        if self._chunks is None:
            self._chunks = stream.chunks()
            self._left = stream.size
        chunk = next(self._chunks, None)
        if chunk is None or len(chunk) > self._left:
            if chunk is not None or self._left:
                raise UsageError(f"the content to send is not as long as was said ({stream.size} octets)")
            self._chunks = None
            self._parts[self._index] = b""
            self._index += 1
            return None
        self._left -= len(chunk)
        return chunk

    # In

    def receive(self, data: bytes) -> None:
        self._framer.feed(data)

    def use_sink(self, open_sink: OpenSink, limits: Limits) -> None:
        """Where literals above ``limits.literal_in_memory`` go from now on."""
        self._framer.open_sink = open_sink
        self.limits = limits

    def discard(self) -> int:
        """Forget what was received behind the last response: for STARTTLS (RFC 9051 section 11.1). Gives its size."""
        return len(self._framer.take_rest())

    def take_rest(self) -> bytes:
        """Hand over what was received behind the last response: for COMPRESS (RFC 4978 section 3)."""
        return self._framer.take_rest()

    def close(self) -> None:
        self._framer.close()

    def next(self) -> Event | None:
        """The next event; None when more octets are needed. Raises ProtocolError, NotAnImapServer."""
        while True:
            if self._answered is not None and (self.sent or self.waiting):
                return self._finish(self._answered)
            event = self._framer.next()
            if event is None:
                return None
            if isinstance(event, Refused):
                raise event.error
            assert not isinstance(event, LiteralWanted), "a client's framer does not ask"
            found = self._read(event)
            if found is not None:
                return found

    def ready(self) -> list[Writable]:
        """What has come and the quick reader knows, up to the first event that ``next`` must give."""
        if self._quick is None or not self.greeted or self._answered is not None:
            return []
        return self._framer.lines(self._quick)

    def _read(self, frame: Frame) -> Event | None:
        if self._quick is not None and self.greeted:
            known = self._quick(frame.buf, frame.literals)
            if known is not None:
                return known
        if frame.buf.startswith(b"\0") and not frame.literals:
            frame = Frame(frame.buf.lstrip(b"\0"))  # seen in the wild
        if not frame.buf.strip():
            return None  # some servers put an empty line behind a literal
        if not self.greeted:
            return self._read_greeting(frame)
        try:
            response = read_response(frame, self.grammar, utf8=self.utf8)
        except LimitExceeded:
            raise
        except ParseError as error:
            return BrokenResponse("", None, None, frame.wire(), str(error))
        if isinstance(response, Continuation):
            return self._continued(response)
        if isinstance(response, Status):
            if response.tag is not None:
                return self._tagged(response)
            if response.kind is Kind.BYE:
                return Farewell(response)
        return response

    def _read_greeting(self, frame: Frame) -> Event:
        shown = frame.buf[:_SHOWN].decode("utf-8", "replace")
        try:
            response = read_response(frame, self.grammar)
        except ParseError:
            raise NotAnImapServer(shown) from None
        if not isinstance(response, Status) or response.tag is not None:
            raise NotAnImapServer(shown)
        self.greeted = True
        if response.kind is Kind.BYE:
            return Farewell(response)
        if response.kind not in (Kind.OK, Kind.PREAUTH):
            raise NotAnImapServer(shown)
        return Greeted(response)

    def _continued(self, response: Continuation) -> Asked | None:
        if self.waiting:
            self._pauses = self._pauses - {self._index}
            return None
        return Asked(response.data) if self.tag is not None and self.sent else None

    def _tagged(self, status: Status) -> Finished | None:
        if self.tag is None or status.tag != self.tag or self._answered is not None:
            raise ProtocolError(f"the server answered a command that is not under way: {status.tag!r}")
        if self.sent:
            return self._finish(status)
        if status.kind is Kind.OK:
            raise ProtocolError("the server answered OK to a command that was not sent whole")
        # Refused early. Octets of a literal that was announced as such must still follow; one that waits for leave is not sent.
        self._answered = status
        return self._finish(status) if self.waiting else None

    def _finish(self, status: Status) -> Finished:
        self.tag = None
        self._answered = None
        self._parts = []
        self._pauses = frozenset()
        self._index = 0
        return Finished(status)
