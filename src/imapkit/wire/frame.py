"""Bytes to frames: lines joined with the literals between them (RFC 9051 sections 2.2 and 4.3, RFC 7888).

A frame is one whole command or response, so grammar never suspends. The framer owns lines, literals and limits; nothing
that a peer sends makes it hold more than the limits allow. Line ends are CRLF; a bare LF is taken too, since people type
sessions into ``openssl s_client``.

The rule this file must not break: how the bytes are cut into ``feed`` calls never changes what comes out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol, TypeVar

from ..errors import LimitExceeded
from ..record import record
from .limits import LITERALS, UNASKED, Limits
from .terminals import LITERAL_TAIL

T = TypeVar("T")

_TAIL: Final = 32  # the longest literal marker, with room
_COMPACT: Final = 256 * 1024
_REST: Final = 16 * 1024
"""Up to so many unused octets are copied when more come; above, they grow in place."""


class Literal(Protocol):
    """The octets of one literal, in memory or spooled."""

    size: int

    def read(self) -> bytes:
        """All octets."""
        ...

    def open(self) -> BinaryIO:
        """A new binary file object at the start of the octets; the caller closes it."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """All octets, piece by piece: how a literal is sent on (see writer.Stream)."""
        ...

    def close(self) -> None:
        """Give up the octets (delete the spool)."""
        ...


class LiteralSink(Protocol):
    """Takes the octets of one literal as they arrive."""

    def write(self, data: bytes) -> None: ...

    def finish(self) -> Literal: ...

    def abort(self) -> None: ...


class HeldLiteral:
    """A literal in memory."""

    __slots__ = ("data", "size")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self) -> bytes:
        return self.data

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    def chunks(self) -> Iterator[bytes]:
        yield self.data

    def close(self) -> None:
        self.data = b""

    def __repr__(self) -> str:
        return f"HeldLiteral({self.data[:40]!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeldLiteral) and other.data == self.data

    __hash__ = None  # type: ignore[assignment]


class MemorySink:
    """The plain sink: octets are held."""

    __slots__ = ("chunks",)

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.chunks.append(data)

    def finish(self) -> HeldLiteral:
        return HeldLiteral(self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks))

    def abort(self) -> None:
        self.chunks = []


class Frame:
    """One command or response: its lines with the literal markers in place, and the literals by the offset behind their marker.

    ``buf`` keeps no final line end.
    """

    __slots__ = ("buf", "literals")

    def __init__(self, buf: bytes, literals: dict[int, Literal] | None = None) -> None:
        self.buf = buf
        self.literals: dict[int, Literal] = literals if literals is not None else {}

    def close(self) -> None:
        """Give up all literals."""
        for literal in self.literals.values():
            literal.close()

    def wire(self) -> bytes:
        """The bytes as they came, without the final line end; spooled literals are read."""
        if not self.literals:
            return self.buf
        parts: list[bytes] = []
        last = 0
        for offset in sorted(self.literals):
            parts += (self.buf[last:offset], self.literals[offset].read())
            last = offset
        parts.append(self.buf[last:])
        return b"".join(parts)

    def __repr__(self) -> str:
        return f"Frame({self.buf[:120]!r}, literals={len(self.literals)})"


@record
class LiteralWanted:
    """A synchronising literal was announced: the owner calls ``accept`` (and sends ``+``) or ``refuse`` on the framer."""

    head: bytes
    size: int


@record
class Refused:
    """A frame was dropped because it is over a limit. ``head`` is its first bytes (the tag is there)."""

    head: bytes
    error: LimitExceeded
    fatal: bool
    """True when the rest of the stream cannot be understood any more (an oversized non-synchronising literal)."""


FrameEvent = Frame | LiteralWanted | Refused
OpenSink = Callable[[bytes, int], LiteralSink]


def _memory_sink(head: bytes, size: int) -> LiteralSink:
    return MemorySink()


def _always(head: bytes) -> bool:
    return True


class Framer:
    """Cuts a byte stream into frames.

    ``gate`` True (a server): a synchronising literal waits for ``accept`` or ``refuse``. ``literal_allowed`` says, given the
    frame so far, whether a literal marker at the end of the line is one (a client must not take ``* OK … {5}`` for it).
    ``open_sink`` gives the sink of a literal from the frame's bytes so far and the size.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        gate: bool,
        literal_allowed: Callable[[bytes], bool] = _always,
        open_sink: OpenSink = _memory_sink,
    ) -> None:
        self.limits = limits
        self.open_sink = open_sink
        self._gate = gate
        self._literal_allowed = literal_allowed
        self._buf: bytes | bytearray = b""
        self._pos = 0
        self._scanned = 0
        self._head: list[bytes] = []
        self._head_size = 0
        self._literals: dict[int, Literal] = {}
        self._literal_octets = 0
        self._sink: LiteralSink | None = None
        self._missing = 0
        self._waiting = 0
        self._is_waiting = False
        self._skip_line: LimitExceeded | None = None
        self._skip_octets = 0
        self._dead = False

    def feed(self, data: bytes) -> None:
        """Take bytes from the stream."""
        if self._dead:
            return
        rest = len(self._buf) - self._pos
        if rest == 0:
            if self._sink is not None and 0 < len(data) <= self._missing:
                self._sink.write(data)  # in the middle of a literal: no copy on the way
                self._missing -= len(data)
                return
            self._buf = data
            self._pos = self._scanned = 0
        elif rest <= _REST:
            self._buf = self._cut(self._pos, len(self._buf)) + data
            self._scanned -= self._pos
            self._pos = 0
        else:
            self._grow(data)

    def _grow(self, data: bytes) -> None:
        """Add to a long beginning of a line, of which only what was used is ever moved."""
        buf = self._buf
        if isinstance(buf, bytes):
            buf = bytearray(memoryview(buf)[self._pos :])
            self._scanned -= self._pos
            self._pos = 0
        elif self._pos > _COMPACT:
            del buf[: self._pos]
            self._scanned -= self._pos
            self._pos = 0
        buf += data
        self._buf = buf

    def _cut(self, start: int, end: int) -> bytes:
        """Some of what is held."""
        buf = self._buf
        return buf[start:end] if isinstance(buf, bytes) else bytes(memoryview(buf)[start:end])

    @property
    def buffered(self) -> int:
        """Octets that were fed and not used yet."""
        return len(self._buf) - self._pos

    @property
    def in_frame(self) -> bool:
        """True in the middle of a frame (bytes of it have come, its end has not)."""
        return bool(self._head) or self._sink is not None or self.buffered > 0

    @property
    def in_literal(self) -> bool:
        """True while the octets of a literal are awaited."""
        return self._sink is not None

    def take_rest(self) -> bytes:
        """Hand over all unused bytes: for STARTTLS (discard them) and COMPRESS."""
        rest = self._cut(self._pos, len(self._buf))
        self._buf = b""
        self._pos = self._scanned = 0
        return rest

    def lines(self, read: Callable[[bytes, None], T | None]) -> list[T]:
        """What ``read`` makes of the next frames, as long as they are whole lines that have come; the first of which it
        makes nothing stays for ``next``. A line may hold bare line feeds, and seem to end with a literal: not for ``read``.
        The second argument of ``read`` is for literals: there are none."""
        found: list[T] = []
        if self._dead or self._is_waiting or self._head or self._sink is not None:
            return found
        if self._skip_octets or self._skip_line is not None:
            return found
        buf, pos, most = self._buf, self._pos, self.limits.line
        while (end := buf.find(b"\r\n", pos)) >= 0 and end + 2 - pos <= most:
            made = read(buf[pos:end] if isinstance(buf, bytes) else self._cut(pos, end), None)
            if made is None:
                break
            found.append(made)
            pos = end + 2
        if found:
            self._pos = self._scanned = pos
        return found

    def next(self) -> FrameEvent | None:
        """The next frame, question or refusal; None when more bytes are needed."""
        while not self._dead and not self._is_waiting:
            if self._skip_octets:
                if not self._skip():
                    return None
            elif self._sink is not None:
                if not self._fill():
                    return None
            else:
                line = self._line()
                if line is None:
                    return self._check_partial()
                event = self._take(line)
                if event is not None:
                    return event
        return None

    def accept(self) -> None:
        """Take the announced literal."""
        self._is_waiting = False
        self._start_literal(self._waiting)

    def refuse(self) -> None:
        """Drop the frame whose literal was announced; the peer will not send its octets."""
        self._is_waiting = False
        self._reset()

    def close(self) -> None:
        """Give up everything held."""
        self._dead = True
        self._reset()

    # Lines

    def _line(self) -> bytes | None:
        end = self._buf.find(b"\n", max(self._scanned, self._pos))
        if end < 0:
            self._scanned = len(self._buf)
            return None
        line = self._cut(self._pos, end + 1)
        self._pos = self._scanned = end + 1
        return line

    def _check_partial(self) -> Refused | None:
        """Refuse a line that is too long before its end has come."""
        if self._skip_line is not None:
            self._drop_all_but(_TAIL)
        elif self._head_size + self.buffered > self.limits.line:
            error = LimitExceeded("line", self.limits.line, self._head_size + self.buffered)
            head = b"".join(self._head)[:64] or self._cut(self._pos, self._pos + 64)
            self._reset()
            self._skip_line = error
            self._drop_all_but(_TAIL)
            return Refused(head, error, fatal=False)
        return None

    def _drop_all_but(self, keep: int) -> None:
        if self.buffered > keep:
            self._buf = self._cut(len(self._buf) - keep, len(self._buf))
            self._pos = 0
            self._scanned = len(self._buf)

    def _take(self, line: bytes) -> FrameEvent | None:
        bare = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if self._skip_line is not None:
            self._end_skipped_line(bare)
            return None
        if self._head_size + len(line) > self.limits.line:
            error = LimitExceeded("line", self.limits.line, self._head_size + len(line))
            head = b"".join(self._head)[:64] or line[:64]
            self._reset()
            self._end_skipped_line(bare)
            return Refused(head, error, fatal=False)
        if bare.endswith(b"}"):
            mark = LITERAL_TAIL.search(bare, max(0, len(bare) - _TAIL))
            if mark is not None:
                # Who looks at it wants the beginning of the frame; all of it would be joined anew for each literal
                head = self._head[0] if self._head else bare
                if self._literal_allowed(head):
                    return self._announce(line, head, int(mark[2]), sync=self._gate and not mark[3])
        if not self._head:
            return Frame(bare)
        self._head.append(bare)
        frame = Frame(b"".join(self._head), self._literals)
        self._literals = {}
        self._reset()
        return frame

    def _end_skipped_line(self, bare: bytes) -> None:
        """The rest of a refused line has come; a non-synchronising literal behind it still belongs to it."""
        self._skip_line = None
        mark = LITERAL_TAIL.search(bare, max(0, len(bare) - _TAIL))
        if mark is not None and (mark[3] or not self._gate):
            self._skip_octets = int(mark[2])
            self._skip_line = LimitExceeded("line", self.limits.line, self.limits.line)

    # Literals

    def _announce(self, line: bytes, head: bytes, size: int, *, sync: bool) -> LiteralWanted | Refused | None:
        error = self._literal_error(size, sync=sync)
        if error is not None:
            self._reset()
            if sync:
                return Refused(head[:64], error, fatal=False)
            if self._gate and size <= self.limits.literal:
                # One too many, or too much in all: what is on its way already is swallowed
                self._skip_octets, self._skip_line = size, error
                return Refused(head[:64], error, fatal=False)
            self._dead = True
            self._buf = b""
            self._pos = self._scanned = 0
            return Refused(head[:64], error, fatal=True)
        self._head.append(line)
        self._head_size += len(line)
        if sync:
            self._is_waiting = True
            self._waiting = size
            return LiteralWanted(head, size)
        self._start_literal(size)
        return None

    def _literal_error(self, size: int, *, sync: bool) -> LimitExceeded | None:
        limits = self.limits
        if size > limits.literal:
            return LimitExceeded("literal", limits.literal, size)
        if self._gate and not sync and size > limits.literal_unasked:
            return LimitExceeded(UNASKED, limits.literal_unasked, size)
        if self._literal_octets + size > limits.frame:
            return LimitExceeded("all literals of a command", limits.frame, self._literal_octets + size)
        if len(self._literals) >= limits.literals:
            return LimitExceeded(LITERALS, limits.literals, len(self._literals) + 1)
        return None

    def _start_literal(self, size: int) -> None:
        self._literal_octets += size
        self._missing = size
        if size <= self.limits.literal_in_memory:
            self._sink = MemorySink()
        else:
            self._sink = self.open_sink(self._head[0], size)

    def _fill(self) -> bool:
        """Move octets into the open literal; True when it is complete."""
        sink = self._sink
        assert sink is not None
        if self._missing:
            chunk = self._cut(self._pos, self._pos + self._missing)
            if chunk:
                sink.write(chunk)
                self._missing -= len(chunk)
                self._pos += len(chunk)
                self._scanned = self._pos
            if self._missing:
                return False
        self._sink = None
        self._literals[self._head_size] = sink.finish()
        return True

    def _skip(self) -> bool:
        step = min(self._skip_octets, self.buffered)
        self._pos += step
        self._scanned = max(self._scanned, self._pos)
        self._skip_octets -= step
        return self._skip_octets == 0

    def _reset(self) -> None:
        if self._sink is not None:
            self._sink.abort()
            self._sink = None
        for literal in self._literals.values():
            literal.close()
        self._literals = {}
        self._head = []
        self._head_size = 0
        self._literal_octets = 0


def whole_frames(
    data: bytes, limits: Limits, *, literal_allowed: Callable[[bytes], bool] = _always
) -> Iterator[Frame]:
    """All frames of ``data``, for tests and tools. Raises LimitExceeded for a refused one; a partial frame at the end is left out."""
    framer = Framer(limits, gate=False, literal_allowed=literal_allowed)
    framer.feed(data)
    while (event := framer.next()) is not None:
        if isinstance(event, Refused):
            raise event.error
        assert isinstance(event, Frame)
        yield event
