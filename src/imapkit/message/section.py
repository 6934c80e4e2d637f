"""Where a section of a message lies: BODY[], BODY[1.2], BODY[1.2.MIME], BODY[3.HEADER] (RFC 3501 and RFC 9051 section 6.4.5).

Part 1 of a message that is no multipart is its body. HEADER and TEXT below a part number mean the message inside a message/rfc822
part, and nothing elsewhere. The tree's offsets have a compact form of octets, so that a stored message serves any section as one
range read, without being scanned again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from ..record import record
from .part import LEAF, MESSAGE, MULTIPART, Part

_VERSION: Final = 1
_ENCODINGS: Final = (b"7bit", b"8bit", b"binary", b"quoted-printable", b"base64", b"x-uuencode")
_OTHER: Final = len(_ENCODINGS)
_MAX_ENCODING: Final = 100


@record
class PartOffsets:
    """What of a ``Part`` is needed to read its sections."""

    kind: int
    start: int
    body: int
    end: int
    encoding: bytes
    children: tuple[PartOffsets, ...] = ()

    @property
    def size(self) -> int:
        """Octets in the body, as transferred."""
        return self.end - self.body


Node = TypeVar("Node", Part, PartOffsets)


def find_part(root: Node, path: Sequence[int]) -> Node | None:
    """The part with this number, or None. ``()`` is the message itself."""
    if not path:
        return root
    part = _of_message(root, path[0])
    for number in path[1:]:
        if part is None:
            return None
        if part.kind == MULTIPART:
            part = _child(part, number)
        elif part.kind == MESSAGE:
            part = _of_message(part.children[0], number)
        else:
            return None
    return part


def _of_message(message: Node, number: int) -> Node | None:
    if message.kind == MULTIPART:
        return _child(message, number)
    return message if number == 1 else None


def _child(part: Node, number: int) -> Node | None:
    return part.children[number - 1] if 1 <= number <= len(part.children) else None


def locate(root: Part | PartOffsets, path: Sequence[int] = (), what: str = "") -> tuple[int, int] | None:
    """The range (start, end) of a section: ``what`` is "", HEADER, TEXT or MIME. None if there is no such thing."""
    part = find_part(root, path) if isinstance(root, PartOffsets) else find_part(root, path)
    if part is None:
        return None
    if what == "":
        return (part.body, part.end) if path else (part.start, part.end)
    if what == "MIME":
        return (part.start, part.body) if path else None
    if path:
        if part.kind != MESSAGE:
            return None
        part = part.children[0]
    if what == "HEADER":
        return part.start, part.body
    if what == "TEXT":
        return part.body, part.end
    return None


# The stored form: a version, then each part as (kind and encoding, gap before, header size, body size, number of children).


def dump_parts(root: Part) -> bytes:
    """The offsets and encodings of the tree."""
    out = bytearray((_VERSION,))
    _dump(out, root, 0)
    return bytes(out)


def _dump(out: bytearray, part: Part, origin: int) -> None:
    encoding = part.encoding
    code = _ENCODINGS.index(encoding) if encoding in _ENCODINGS else _OTHER
    out.append(part.kind << 4 | code)
    if code == _OTHER:
        name = encoding[:_MAX_ENCODING]
        out.append(len(name))
        out += name
    _number(out, part.start - origin)
    _number(out, part.body - part.start)
    _number(out, part.end - part.body)
    if part.kind != LEAF:
        _number(out, len(part.children))
        origin = part.start
        for child in part.children:
            _dump(out, child, origin)
            origin = child.start


def _number(out: bytearray, number: int) -> None:
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def load_parts(data: bytes) -> PartOffsets:
    """The tree again. ValueError for octets that ``dump_parts`` did not write."""
    if not data or data[0] != _VERSION:
        raise ValueError("stored part offsets of an unknown version")
    loader = _Loader(data)
    try:
        root = loader.part(0, 0)
    except IndexError:
        raise ValueError("stored part offsets are cut short") from None
    if loader.pos != len(data):
        raise ValueError("stored part offsets have a tail")
    return root


class _Loader:
    __slots__ = ("data", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 1

    def octet(self) -> int:
        self.pos += 1
        return self.data[self.pos - 1]

    def number(self) -> int:
        shift = found = 0
        while True:
            octet = self.octet()
            found |= (octet & 0x7F) << shift
            if octet < 0x80:
                return found
            shift += 7
            if shift > 63:
                raise ValueError("a stored part offset is too large")

    def part(self, origin: int, depth: int) -> PartOffsets:
        if depth > 200:
            raise ValueError("stored part offsets are nested too deep")
        first = self.octet()
        kind, code = first >> 4, first & 15
        if kind > MESSAGE or code > _OTHER:
            raise ValueError("a stored part of an unknown kind")
        if code == _OTHER:
            size = self.octet()
            encoding = self.data[self.pos : self.pos + size]
            self.pos += size
        else:
            encoding = _ENCODINGS[code]
        start = origin + self.number()
        body = start + self.number()
        end = body + self.number()
        children: list[PartOffsets] = []
        if kind != LEAF:
            count = self.number()
            if count == 0 or (kind == MESSAGE and count != 1):
                raise ValueError("a stored part with a wrong number of children")
            at = start
            for _ in range(count):
                child = self.part(at, depth + 1)
                children.append(child)
                at = child.start
        return PartOffsets(kind, start, body, end, encoding, tuple(children))


# A section found in the stored form itself: what lies before is passed over, and no tree is made.

_Node = tuple[int, int, int, int, int, int]
"""Kind, start, body, end, number of children, and where in the stored form the first of them is."""


def locate_stored(data: bytes, path: Sequence[int] = (), what: str = "") -> tuple[int, int] | None:
    """``locate`` in the tree that ``load_parts`` would make. ValueError for octets that ``dump_parts`` did not write."""
    if not data or data[0] != _VERSION:
        raise ValueError("stored part offsets of an unknown version")
    try:
        node = _stored_part(data, path)
        if node is not None and path and what in ("HEADER", "TEXT"):
            node = _enter(data, node[5], node[1]) if node[0] == MESSAGE else None
    except IndexError:
        raise ValueError("stored part offsets are cut short") from None
    if node is None:
        return None
    _, start, body, end, _, _ = node
    if what == "":
        return (body, end) if path else (start, end)
    if what == "MIME":
        return (start, body) if path else None
    if what == "HEADER":
        return start, body
    return (body, end) if what == "TEXT" else None


def _stored_part(data: bytes, path: Sequence[int]) -> _Node | None:
    """``find_part``."""
    node: _Node | None = _enter(data, 1, 0)
    inside = True  # a message: its number 1 is itself, where it is no multipart
    for number in path:
        if node is None:
            return None
        if node[0] == MESSAGE and not inside:
            node = _enter(data, node[5], node[1])
            inside = True
        if node[0] == MULTIPART:
            node = _stored_child(data, node, number)
        elif not inside or number != 1:
            return None
        inside = False
    return node


def _stored_child(data: bytes, node: _Node, number: int) -> _Node | None:
    if not 1 <= number <= node[4]:
        return None
    at, pos = node[1], node[5]
    for _ in range(number - 1):
        _, at, _, _, count, pos = _enter(data, pos, at)
        pos = _behind(data, pos, count)
    return _enter(data, pos, at)


def _enter(data: bytes, pos: int, origin: int) -> _Node:
    """The part that is stored at ``pos``."""
    first = data[pos]
    pos += 1
    if first & 15 == _OTHER:
        pos += 1 + data[pos]
    numbers = []
    for _ in range(3 if first >> 4 == LEAF else 4):
        octet = data[pos]
        pos += 1
        if octet >= 0x80:
            octet &= 0x7F
            shift = 7
            while (more := data[pos]) >= 0x80:
                octet |= (more & 0x7F) << shift
                shift += 7
                pos += 1
            octet |= more << shift
            pos += 1
        numbers.append(octet)
    start = origin + numbers[0]
    body = start + numbers[1]
    return first >> 4, start, body, body + numbers[2], numbers[3] if len(numbers) == 4 else 0, pos


def _behind(data: bytes, pos: int, count: int) -> int:
    """Where what follows these parts and all in them is stored."""
    while count:
        first = data[pos]
        pos += 1
        if first & 15 == _OTHER:
            pos += 1 + data[pos]
        for _ in range(3):
            while data[pos] >= 0x80:
                pos += 1
            pos += 1
        count -= 1
        if first >> 4 != LEAF:
            more = shift = 0
            while data[pos] >= 0x80:
                more |= (data[pos] & 0x7F) << shift
                shift += 7
                pos += 1
            count += more | data[pos] << shift
            pos += 1
    return pos
