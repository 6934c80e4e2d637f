"""A recorded stream of one direction, decoded command by command or response by response.

    for item in StreamDecoder(Role.CLIENT).feed(octets): ...

The stream alone says when its meaning changes: behind AUTHENTICATE come answers without a tag, behind IDLE comes DONE, ENABLE turns
mailbox names into UTF-8. ``StreamFault.offset`` counts octets of the stream, literals included.

The rule this file must not break: memory is bounded by the limits of ``wire.limits``, however long the stream.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from ..errors import ParseError, ProtocolError
from ..features.auth import Authenticate
from ..features.catalogue import full_registry
from ..features.enable import Enable, Enabled
from ..features.idle import DONE, Idle
from ..protocol.command import BadCommand, read_command
from ..protocol.response import BrokenResponse, literal_allowed, read_response
from ..protocol.status import Continuation, Status
from ..record import record
from ..wire.frame import Frame, Framer, Refused
from ..wire.limits import CLIENT, SERVER, Limits
from .spool import open_file_sink

_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}|\*")
_UTF8_WORDS = frozenset({"UTF8=ACCEPT", "UTF8=ONLY", "IMAP4REV2"})


class Role(enum.Enum):
    """Whose words the stream holds."""

    CLIENT = "client"
    SERVER = "server"


@record
class AuthenticateAnswer:
    """A client's answer to a challenge in AUTHENTICATE: base64 as it came; ``*`` cancels."""

    base64: bytes


@record
class IdleDone:
    """``DONE``: the client ends IDLE."""


@record
class Decoded:
    """One command, answer or response. ``tag`` None: an untagged one."""

    offset: int
    size: int
    tag: str | None
    name: str
    value: object


class StreamFault(ProtocolError):
    """The first octet of the stream that breaks the protocol, and what was expected there."""

    def __init__(self, offset: int, expected: str, found: bytes = b"") -> None:
        tail = f", found {bytes(found[:24])!r}" if found else ""
        super().__init__(f"protocol error at octet {offset}: expected {expected}{tail}")
        self.offset = offset
        self.expected = expected


class _Awaiting(enum.Enum):
    COMMAND = "a command"
    ANSWER = "an answer to a challenge, or a command"
    DONE = "DONE"


class StreamDecoder:
    """Takes octets as they come; ``finish`` at the end of the stream."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._grammar = full_registry().grammar
        self._limits = _limits(CLIENT if role is Role.SERVER else SERVER)
        self._framer = Framer(
            self._limits, gate=False, literal_allowed=self._literal_allowed, open_sink=open_file_sink
        )
        self._fed = 0
        self._start = 0
        self._utf8 = False
        self._awaiting = _Awaiting.COMMAND

    def feed(self, data: bytes) -> Iterator[Decoded]:
        """Whatever is complete now. The literals in a ``Decoded`` are closed when the next one is asked for."""
        self._framer.feed(data)
        self._fed += len(data)
        while (event := self._framer.next()) is not None:
            if isinstance(event, Refused):
                raise StreamFault(self._start, f"less ({event.error})")
            assert isinstance(event, Frame), "nobody is asked about a literal in a recording"
            end = self._fed - self._framer.buffered
            try:
                yield self._decode(event, end)
            finally:
                event.close()
            self._start = end

    def finish(self) -> None:
        """The stream is over. Raises StreamFault when that is in the middle of something."""
        if self._framer.in_literal:
            raise StreamFault(self._fed, "more octets of a literal")
        if self._fed > self._start:
            raise StreamFault(self._fed, "the end of the line")

    def close(self) -> None:
        self._framer.close()

    def _literal_allowed(self, head: bytes) -> bool:
        if self._role is Role.SERVER:
            return literal_allowed(head)
        return self._awaiting is _Awaiting.COMMAND or b" " in head

    def _decode(self, frame: Frame, end: int) -> Decoded:
        size = end - self._start
        if self._role is Role.SERVER:
            return self._response(frame, size)
        if self._awaiting is _Awaiting.DONE:
            return self._done(frame, size)
        if self._awaiting is _Awaiting.ANSWER:
            if _BASE64.fullmatch(frame.buf):
                return Decoded(self._start, size, None, "", AuthenticateAnswer(frame.buf))
            self._awaiting = _Awaiting.COMMAND
        return self._command(frame, size)

    # What a client says

    def _done(self, frame: Frame, size: int) -> Decoded:
        if frame.buf.strip().upper() != DONE:
            raise StreamFault(self._start, "DONE to end IDLE", frame.buf)
        self._awaiting = _Awaiting.COMMAND
        return Decoded(self._start, size, None, "DONE", IdleDone())

    def _command(self, frame: Frame, size: int) -> Decoded:
        try:
            found = read_command(frame, self._grammar, utf8=self._utf8, limits=self._limits)
        except BadCommand as error:
            raise self._fault(frame, error.__cause__ or error) from None
        if isinstance(found.command, Authenticate):
            self._awaiting = _Awaiting.ANSWER
        elif isinstance(found.command, Idle):
            self._awaiting = _Awaiting.DONE
        elif isinstance(found.command, Enable):
            self._enable(found.command.names)
        return Decoded(self._start, size, found.tag, found.entry.name.decode("ascii"), found.command)

    # What a server says

    def _response(self, frame: Frame, size: int) -> Decoded:
        try:
            found = read_response(frame, self._grammar, utf8=self._utf8, limits=self._limits)
        except ProtocolError as error:
            raise self._fault(frame, error) from None
        if isinstance(found, BrokenResponse):
            if found.offset is None:
                raise StreamFault(self._start, f"less ({found.error})")
            raise self._fault(frame, ParseError(found.offset, found.expected, frame.buf[found.offset :]))
        if isinstance(found, Enabled):
            self._enable(found.names)
        if isinstance(found, Status):
            return Decoded(self._start, size, found.tag, found.kind.value, found)
        name = "+" if isinstance(found, Continuation) else _response_name(frame)
        return Decoded(self._start, size, None, name, found)

    def _enable(self, names: tuple[str, ...]) -> None:
        if _UTF8_WORDS.intersection(name.upper() for name in names):
            self._utf8 = True

    def _fault(self, frame: Frame, error: BaseException) -> StreamFault:
        """The error with its place in the stream: in a frame, literals do not count."""
        if not isinstance(error, ParseError):
            return StreamFault(self._start, f"less ({error})")
        inside = sum(literal.size for at, literal in frame.literals.items() if at <= error.offset)
        return StreamFault(self._start + error.offset + inside, error.expected, error.found)


def _limits(base: Limits) -> Limits:
    return Limits(
        line=base.line,
        literal=base.literal,
        literal_in_memory=Limits().literal_in_memory,
        literals=base.literals,
        frame=base.frame,
        depth=base.depth,
        items=base.items,
    )


def _response_name(frame: Frame) -> str:
    """The word that names an untagged response; a number before it is stepped over."""
    words = frame.buf[:80].lstrip(b"* \t").split(None, 2)
    word = words[1] if len(words) > 1 and words[0].isdigit() else words[0]
    return word.decode("ascii", "replace").upper()
