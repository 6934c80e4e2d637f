"""Status responses and continuation requests (RFC 9051 sections 7.1 and 7.6).

response-tagged  = tag SP resp-cond-state CRLF
resp-cond-state  = ("OK" / "NO" / "BAD") SP resp-text
resp-text        = ["[" resp-text-code "]" SP] [text]
"""

from __future__ import annotations

import enum
import re
from typing import Final

from ..record import record
from ..wire.cursor import Cursor
from ..wire.terminals import LITERAL_TAIL
from ..wire.writer import Writer
from .codes import Code, read_code
from .registry import Grammar


class Kind(enum.Enum):
    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    BYE = "BYE"
    PREAUTH = "PREAUTH"
    __hash__ = object.__hash__  # enum's own is a Python function, and every answer looks up its word


KINDS: Final = {kind.value.encode(): kind for kind in Kind}
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WORDS: Final = {kind: kind.value.encode() + b" " for kind in Kind}


@record
class Status:
    """OK, NO, BAD, BYE or PREAUTH. ``tag`` None: untagged."""

    kind: Kind
    text: str = ""
    code: Code | None = None
    tag: str | None = None

    @property
    def code_name(self) -> str | None:
        return self.code.name if self.code is not None else None

    def write(self, w: Writer) -> None:
        """What follows the tag or ``*`` and a space."""
        w.raw(_WORDS[self.kind])
        if self.code is not None:
            w.raw(b"[")
            self.code.write(w)
            w.raw(b"] ")
        text = self.text
        if not (text.isascii() and text.isprintable()):  # nearly all is
            text = _one_line(text, utf8=w.utf8)
        octets = text.encode("utf-8", "replace") or b"-"
        w.raw(octets)
        if octets.endswith(b"}") and LITERAL_TAIL.search(octets):
            w.raw(b".")  # else a client that looks at the ends of lines alone waits for a literal


def _one_line(text: str, *, utf8: bool) -> str:
    """Without what ends a line, and what a terminal obeys: texts repeat what a client sent."""
    text = _CONTROLS.sub(" ", text)
    return text if utf8 else text.encode("ascii", "replace").decode("ascii")


@record
class Continuation:
    """``+``: the server waits. ``data`` is what follows: a base64 challenge, or text for people."""

    data: bytes

    def write(self, w: Writer) -> None:
        w.raw(self.data)


@record
class Ok:
    """What a handler gives back when the default completion text is not enough."""

    text: str
    code: Code | None = None


def read_status(c: Cursor, g: Grammar, kind: Kind, tag: str | None) -> Status:
    """resp-text behind the status word. Servers that leave out the space or the text are forgiven."""
    code: Code | None = None
    c.skip_spaces()
    if c.peek_is(b"["):
        start = c.pos
        c.pos += 1
        if c.buf.find(b"]", c.pos) >= 0:
            code = read_code(c, g)
            c.skip_spaces()
        else:
            c.pos = start
    return Status(kind, c.text().decode("utf-8", "replace").rstrip(), code, tag)
