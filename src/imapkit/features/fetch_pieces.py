"""The kinds of answer a fetch item can have, by how a server makes it from a row of columns.

A helper of FETCH; not a feature. ``Direct`` and ``Ready`` are a column put into the line as it is and cost nothing a message;
``Computed`` calls a function on columns; ``Content`` needs the octets of the message, which may be too many to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from ..ports.store import Account, AnyColumn, Column
from ..record import record

Values = tuple[object, ...]
"""The columns of a piece, in their order."""
Columns = Sequence[Sequence[object]]
"""The same of a chunk of messages: a sequence for each column, all of the same length."""


class Slice(NamedTuple):
    """Octets of a stored content that are read when they are sent."""

    content: int
    start: int
    end: int


class Encoded(NamedTuple):
    """Octets of a stored content without their transfer encoding, from ``origin`` on, at most ``length`` of them."""

    slice: Slice
    encoding: bytes
    origin: int = 0
    length: int | None = None


Found = bytes | Slice | Encoded | None
Find = Callable[[Account, Columns], Iterator[Found]]
"""The octets of a section of one message after the other; None where a message has no such part."""


@record
class Direct:
    """A column that is ready for the wire; ``format`` takes its one value."""

    label: bytes
    column: Column
    format: bytes = b"%b"

    @property
    def columns(self) -> tuple[Column, ...]:
        return (self.column,)


@record
class Flags:
    r"""FLAGS: a key that stands for a list, and \Recent, which the session adds."""

    label: bytes = b"FLAGS "
    columns: tuple[Column, ...] = (Column.FLAGS,)


@record
class Ready:
    r"""A literal that is a column. ``marks_seen``: asking for it sets \Seen."""

    label: bytes
    column: AnyColumn
    marks_seen: bool = False

    @property
    def columns(self) -> tuple[AnyColumn, ...]:
        return (self.column,)


@record
class Computed:
    """A short text worked out from columns."""

    label: bytes
    columns: tuple[Column, ...]
    render: Callable[[Account, Values], bytes]


@record
class Content:
    r"""A literal. ``marks_seen``: asking for it sets \Seen. ``binary``: it may hold NUL, and is a literal8 then (RFC 3516)."""

    label: bytes
    columns: tuple[AnyColumn, ...]
    find: Find
    marks_seen: bool = False
    binary: bool = False


@record
class Sized:
    """How many octets ``find`` finds."""

    label: bytes
    columns: tuple[AnyColumn, ...]
    find: Find


Piece = Direct | Flags | Ready | Computed | Content | Sized

FLAGS: Final = Flags()
