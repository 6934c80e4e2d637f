"""The tree that one pass over a message leaves behind (RFC 2045, RFC 2046).

Offsets are absolute, in octets of the whole message. The rule this file must not break: ``start <= body <= end``, and the range
of a child lies inside that of its parent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..record import record

LEAF: Final = 0
MULTIPART: Final = 1
MESSAGE: Final = 2

Params = tuple[tuple[bytes, bytes], ...]


@record
class Mime:
    """The Content-* fields of one header, raw but unfolded: RFC 2231 names and encoded words are left as they are."""

    maintype: bytes
    subtype: bytes
    params: Params = ()
    id: bytes | None = None
    description: bytes | None = None
    encoding: bytes | None = None
    md5: bytes | None = None
    disposition: bytes | None = None
    disposition_params: Params = ()
    language: tuple[bytes, ...] = ()
    location: bytes | None = None

    @property
    def type(self) -> str:
        """``text/plain``, in lower case."""
        return (self.maintype + b"/" + self.subtype).lower().decode("latin-1")

    @property
    def is_text(self) -> bool:
        return self.maintype.lower() == b"text"

    @property
    def is_attachment(self) -> bool:
        return self.disposition is not None and self.disposition.lower() == b"attachment"


@record
class Part:
    """A message or a body part. A MULTIPART has at least one child; a MESSAGE exactly one, the message within."""

    kind: int
    start: int
    """Where its header begins."""
    body: int
    """Where its body begins: after the blank line."""
    end: int
    """Where its body ends; the line end before a boundary is not in it."""
    lines: int
    """Line ends in the body."""
    mime: Mime
    children: tuple[Part, ...] = ()
    header: bytes = b""
    """The header block of a message (the outermost or an embedded one); empty for other parts."""
    head: bytes = b""
    """The first octets of the body, kept for the first text/plain and the first text/html part."""

    @property
    def encoding(self) -> bytes:
        """Content-Transfer-Encoding in lower case; ``7bit`` where none was given."""
        return (self.mime.encoding or b"7bit").lower()

    @property
    def size(self) -> int:
        """Octets in the body, as transferred."""
        return self.end - self.body


def walk(root: Part) -> Iterator[Part]:
    """The part and everything in it, in the order of the message."""
    pending = [root]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(reversed(part.children))
