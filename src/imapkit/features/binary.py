"""BINARY (RFC 3516, RFC 9051 section 6.4.5): parts without their Content-Transfer-Encoding.

Content that is not encoded is streamed like BODY[…]; encoded content is decoded in pieces (``fetch_decoded``). A multipart or an embedded
message has no encoding of its own and is given as BODY[…] gives it. APPEND takes literal8 in ``append``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, Self, cast

from ..errors import No
from ..message.decode import UnknownEncoding, is_identity, is_known
from ..message.part import LEAF
from ..message.section import find_part
from ..ports.store import Account, Column
from ..protocol.codes import simple_code
from ..protocol.registry import Feature, Grammar, Point
from ..record import record, value
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .fetch_body import cut, offsets
from .fetch_data import BinarySection, FetchData
from .fetch_datum import read_value
from .fetch_pieces import Columns, Content, Encoded, Found, Piece, Sized, Slice, Values
from .fetch_section import (
    Partial,
    Section,
    read_origin,
    read_partial,
    read_path,
    write_partial,
    write_section,
)

feature = Feature(
    "BINARY",
    spec=("RFC 3516", "RFC 9051"),
    summary="Parts without their transfer encoding",
    capabilities=("BINARY",),
    rev2=True,
)

UNKNOWN_CTE = simple_code(feature, "UNKNOWN-CTE")

_COLUMNS: Final = (Column.CONTENT, Column.PARTS, Column.SIZE)

Path = tuple[int, ...]


def _read_path(c: Cursor) -> Path:
    """section-binary = "[" [section-part] "]"."""
    c.expect(b"[")
    path = read_path(c)
    if not c.accept(b"]"):
        raise c.fail("']'" if path else "a part number or ']'")
    return path


def _label(name: bytes, path: Path, origin: bytes = b"") -> bytes:
    return name + b"[%b]" % Section(path).number.encode("ascii") + origin + b" "


@value
class BinaryItem:
    r"""BINARY[part]<partial>, or BINARY.PEEK[…], which does not set \Seen."""

    path: Path = ()
    partial: Partial | None = None
    peek: bool = False

    def write(self, w: Writer) -> None:
        w.raw(b"BINARY.PEEK" if self.peek else b"BINARY")
        write_section(w, Section(self.path))
        write_partial(w, self.partial)

    def piece(self) -> Piece:
        origin = b"" if self.partial is None else b"<%d>" % self.partial[0]
        find = partial(_find, self.path, self.partial)
        label = _label(b"BINARY", self.path, origin)
        return Content(label, _COLUMNS, find, marks_seen=not self.peek, binary=True)


@feature.word(Point.FETCH_ITEM, "BINARY.SIZE")
@value
class BinarySizeItem:
    """BINARY.SIZE[part]: octets of the decoded part."""

    path: Path = ()

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_path(c))

    def write(self, w: Writer) -> None:
        w.raw(b"BINARY.SIZE")
        write_section(w, Section(self.path))

    def piece(self) -> Piece:
        return Sized(_label(b"BINARY.SIZE", self.path), _COLUMNS, partial(_find, self.path, None))


def _read_item(c: Cursor, g: Grammar) -> BinaryItem:
    path = _read_path(c)
    return BinaryItem(path, read_partial(c))


def _read_peek_item(c: Cursor, g: Grammar) -> BinaryItem:
    path = _read_path(c)
    return BinaryItem(path, read_partial(c), peek=True)


feature.word_reader(Point.FETCH_ITEM, "BINARY", _read_item, BinaryItem)
feature.word_reader(Point.FETCH_ITEM, "BINARY.PEEK", _read_peek_item, BinaryItem)


# The server


def _find(path: Path, part: Partial | None, account: Account, columns: Columns) -> Iterator[Found]:
    for values in zip(*columns, strict=True):
        found = _part(path, values)
        yield found if part is None else cut(found, part)


def _part(path: Path, values: Values) -> Found:
    """Raises No for an encoding that nobody knows."""
    content, parts, size = cast(tuple[int, bytes, int], values)
    if not path:
        return Slice(content, 0, size)
    part = find_part(offsets(parts), path)
    if part is None:
        return None
    octets = Slice(content, part.body, part.end)
    if part.kind != LEAF or is_identity(part.encoding):
        return octets
    if not is_known(part.encoding):
        raise No(str(UnknownEncoding(part.encoding)), UNKNOWN_CTE)
    return Encoded(octets, part.encoding)


# What is answered


@record
class BinarySizeDatum:
    """ "BINARY.SIZE" section-binary SP number."""

    path: Path
    size: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        path = _read_path(c)
        c.sp()
        return cls(path, c.number64("a size"))

    def put(self, data: FetchData) -> None:
        data.binary_sizes[self.path] = self.size

    def write(self, w: Writer) -> None:
        w.raw(_label(b"BINARY.SIZE", self.path)).number(self.size)


def _read_datum(c: Cursor, g: Grammar) -> BinarySection:
    """Behind BINARY: section-binary ["<" number64 ">"] SP (nstring / literal8)."""
    path = _read_path(c)
    origin = read_origin(c)
    return BinarySection(path, read_value(c), origin)


feature.word(Point.FETCH_DATA, "BINARY.SIZE")(BinarySizeDatum)
feature.word_reader(Point.FETCH_DATA, "BINARY", _read_datum, BinarySection)
