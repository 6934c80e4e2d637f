"""Frames from a server to typed responses (RFC 9051 section 7).

    response = *(continue-req / response-data) response-done

What nobody declared becomes ``UnknownResponse``; a known one that cannot be read becomes ``BrokenResponse``: one bad message costs
one message, visibly, and never the connection.
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import LimitExceeded, ParseError
from ..record import record
from ..wire.cursor import Cursor
from ..wire.frame import Frame
from ..wire.limits import CLIENT, Limits
from ..wire.writer import Writer
from .registry import Grammar, Writable
from .status import KINDS, Continuation, Kind, Status, read_status

_STATUS_LINE: Final = re.compile(
    rb"[ \t]*[^ \t]+[ \t]+(OK|NO|BAD|BYE|PREAUTH)(?![A-Za-z0-9-])", re.IGNORECASE
)
_NUMBERED: Final = re.compile(rb"([0-9]{1,10})[ \t]+([A-Za-z][A-Za-z0-9.\-]*)")
_NAME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9.\-]*")
_TAG: Final = re.compile(rb"[^ \t]+")
_UID: Final = re.compile(rb"[( ]UID ([0-9]{1,10})", re.IGNORECASE)


@record
class UnknownResponse:
    """Untagged data that nobody declared. ``name`` in upper case; ``number`` when one stood before it."""

    name: str
    number: int | None
    raw: bytes

    def write(self, w: Writer) -> None:
        if self.number is not None:
            w.number(self.number).sp()
        w.raw(self.name.encode("ascii", "replace")).raw(self.raw)


@record
class BrokenResponse:
    """A known response that could not be read. ``number`` and ``uid`` where they could be made out."""

    name: str
    number: int | None
    uid: int | None
    raw: bytes
    error: str
    expected: str = ""
    offset: int | None = None
    """Where in the frame (its literals left out) ``expected`` was wanted; None for a limit."""

    def write(self, w: Writer) -> None:
        w.raw(self.raw)


Response = Status | Continuation | UnknownResponse | BrokenResponse | Writable


def literal_allowed(head: bytes) -> bool:
    """False for status lines and continuations: what looks like a literal at their end is text."""
    return not head.startswith(b"+") and _STATUS_LINE.match(head) is None


def read_response(frame: Frame, g: Grammar, *, utf8: bool = False, limits: Limits = CLIENT) -> Response:
    """The typed form of a frame that a server sent. Raises ParseError only for what is no response at all."""
    c = Cursor(frame, lenient=True, utf8=utf8, limits=limits)
    c.skip_spaces()
    if c.accept(b"+"):
        c.accept(b" ")
        return Continuation(c.text())
    if not c.accept(b"*"):
        return _read_tagged(c, g)
    c.skip_spaces()
    return _read_untagged(c, g, frame)


def _read_tagged(c: Cursor, g: Grammar) -> Status:
    tag = c.match(_TAG, "a tag, '*' or '+'")
    c.skip_spaces()
    kind = _status_word(c)
    if kind not in (Kind.OK, Kind.NO, Kind.BAD):
        raise c.fail("OK, NO or BAD")
    return read_status(c, g, kind, tag.decode("utf-8", "replace"))


def _read_untagged(c: Cursor, g: Grammar, frame: Frame) -> Response:
    kind = _status_word(c)
    if kind is not None:
        return read_status(c, g, kind, None)
    numbered = _NUMBERED.match(c.buf, c.pos)
    if numbered is not None:
        c.pos = numbered.end()
        return _read_data(c, g, frame, numbered[2].upper(), int(numbered[1]))
    name = c.match(_NAME, "a response")
    return _read_data(c, g, frame, name.upper(), None)


def _status_word(c: Cursor) -> Kind | None:
    found = _NAME.match(c.buf, c.pos)
    kind = KINDS.get(found[0].upper()) if found else None
    if kind is not None and found is not None:
        c.pos = found.end()
    return kind


def _read_data(c: Cursor, g: Grammar, frame: Frame, name: bytes, number: int | None) -> Response:
    entry = g.responses.get(name)
    shown = name.decode("ascii")
    if entry is None or (entry.read_numbered is None) != (number is None):
        return UnknownResponse(shown, number, c.raw(c.pos, c.end))
    try:
        if number is None or entry.read_numbered is None:
            found = entry.read(c, g)
        else:
            found = entry.read_numbered(c, g, number)
        c.finish()
    except (ParseError, LimitExceeded) as error:
        uid = _UID.search(frame.buf)
        expected, offset = (
            (error.expected, error.offset) if isinstance(error, ParseError) else (str(error), None)
        )
        return BrokenResponse(
            shown, number, int(uid[1]) if uid else None, frame.wire(), str(error), expected, offset
        )
    return found


def write_response(w: Writer, response: Response) -> None:
    """One whole response line."""
    if isinstance(response, Continuation):
        w.raw(b"+ ")
    elif isinstance(response, Status) and response.tag is not None:
        w.raw(response.tag.encode("ascii")).sp()
    else:
        w.raw(b"* ")
    response.write(w)
    w.crlf()
