"""Values to bytes: atom, quoted string or literal, whatever is right for the peer (RFC 9051 section 4, RFC 7888).

The rule this file must not break: no CR, LF or NUL from an argument ever reaches the wire outside a literal, and no argument
is put into a line by joining text.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from ..errors import UsageError
from . import terminals as t
from . import utf7

T = TypeVar("T")

_QUOTED_MAX = 4096
LITERAL_MINUS_MAX = 4096
"""The largest literal that LITERAL- allows to be non-synchronising (RFC 7888 section 5)."""


class LiteralMode(enum.Enum):
    """How literals may be sent."""

    SYNC = "wait for the continuation before each"
    MINUS = "LITERAL-: non-synchronising up to 4096 octets"
    PLUS = "LITERAL+: non-synchronising"
    SERVER = "a server's: no plus sign and no waiting"


class Stream(Protocol):
    """Octets that are too many to hold: ``size`` of them, in ``chunks``."""

    size: int

    def chunks(self) -> Iterator[bytes]: ...


class Writer:
    """Collects one command or response.

    ``parts`` are bytes, or streams inside literals; the sender pauses for the server's ``+`` before each part whose index is in
    ``pauses``.
    """

    __slots__ = ("_open", "mode", "parts", "pauses", "utf8")

    def __init__(self, mode: LiteralMode = LiteralMode.SERVER, *, utf8: bool = False) -> None:
        self.mode = mode
        self.utf8 = utf8
        self.parts: list[bytes | Stream] = []
        self.pauses: list[int] = []
        self._open: list[bytes] = []

    def raw(self, data: bytes) -> Writer:
        """Bytes of the grammar itself; never an argument."""
        self._open.append(data)
        return self

    def sp(self) -> Writer:
        self._open.append(b" ")
        return self

    def atom(self, data: bytes) -> Writer:
        if t.ATOM.fullmatch(data) is None:
            raise UsageError(f"not an atom: {data!r}")
        self._open.append(data)
        return self

    def flag(self, data: bytes) -> Writer:
        if t.FLAG.fullmatch(data) is None:
            raise UsageError(f"not a flag: {data!r}")
        self._open.append(data)
        return self

    def number(self, value: int) -> Writer:
        if value < 0:
            raise UsageError(f"not a number of IMAP: {value}")
        self._open.append(b"%d" % value)
        return self

    def quoted(self, data: bytes) -> Writer:
        """A quoted string; the caller knows that ``data`` may be quoted."""
        if t.NEEDS_LITERAL_UTF8.search(data) is not None:
            raise UsageError(f"cannot be quoted: {data[:40]!r}")
        if t.NEEDS_ESCAPE.search(data) is not None:
            data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        self._open.append(b'"' + data + b'"')
        return self

    def string(self, data: bytes) -> Writer:
        """string = quoted / literal."""
        pattern = t.NEEDS_LITERAL_UTF8 if self.utf8 else t.NEEDS_LITERAL
        if len(data) > _QUOTED_MAX or pattern.search(data) is not None:
            return self.literal(data)
        return self.quoted(data)

    def nstring(self, data: bytes | None) -> Writer:
        return self.raw(b"NIL") if data is None else self.string(data)

    def astring(self, data: bytes) -> Writer:
        if t.ASTRING.fullmatch(data) is not None and data.upper() != b"NIL":
            self._open.append(data)
            return self
        return self.string(data)

    def mailbox(self, name: str) -> Writer:
        """mailbox = "INBOX" / astring, in modified UTF-7 or UTF-8."""
        return self.astring(self.mailbox_octets(name))

    def mailbox_octets(self, name: str) -> bytes:
        """The octets of a mailbox name or pattern in this session's encoding."""
        return name.encode("utf-8") if self.utf8 and not utf7.is_raw(name) else utf7.encode(name)

    def literal(self, data: bytes | Stream, *, binary: bool = False) -> Writer:
        """literal, or literal8 when ``binary`` (only then may it hold NUL)."""
        size = len(data) if isinstance(data, bytes) else data.size
        if isinstance(data, bytes) and not binary and b"\0" in data:
            raise UsageError("NUL cannot be sent but in a binary literal (RFC 3516)")
        plus = self.mode is LiteralMode.PLUS or (self.mode is LiteralMode.MINUS and size <= LITERAL_MINUS_MAX)
        self._open.append(b"%s{%d%s}\r\n" % (b"~" if binary else b"", size, b"+" if plus else b""))
        if self.mode is not LiteralMode.SERVER and not plus:
            self._close_part()
            self.pauses.append(len(self.parts))
        if isinstance(data, bytes):
            self._open.append(data)
        else:
            self._close_part()
            self.parts.append(data)
        return self

    def list_of(self, items: Iterable[T], write: Callable[[T], object]) -> Writer:
        """ "(" [item *(SP item)] ")"."""
        self._open.append(b"(")
        first = True
        for item in items:
            if not first:
                self._open.append(b" ")
            write(item)
            first = False
        self._open.append(b")")
        return self

    def crlf(self) -> Writer:
        self._open.append(b"\r\n")
        return self

    def finish(self) -> list[bytes | Stream]:
        """All parts, ``pauses`` pointing into them."""
        self._close_part()
        return self.parts

    def octets(self) -> bytes:
        """All as bytes; for what holds no stream."""
        parts: list[bytes] = []
        for part in self.finish():
            parts += [part] if isinstance(part, bytes) else part.chunks()
        return b"".join(parts)

    def _close_part(self) -> None:
        if self._open:
            self.parts.append(b"".join(self._open))
            self._open = []
