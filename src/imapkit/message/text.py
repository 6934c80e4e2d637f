"""The text of a message that SEARCH looks into (RFC 3501 section 6.4.4, RFC 9051 section 6.4.4): decoded, converted, case-mapped.

BODY looks into text parts (HTML as its decoded source) and the headers of embedded messages, TEXT into the message's own header too.
Parts that are no text are not looked into.
"""

from __future__ import annotations

from ..query.collate import casemap
from .charset import guess
from .decode import part_text
from .headers import fields
from .mime import unfold
from .part import LEAF, Part, walk
from .words import decode_words


def search_text(data: bytes, root: Part) -> str:
    """The case-mapped text of all text parts of ``data``, a line between any two."""
    pieces: list[str] = []
    for part in walk(root):
        if part.header and part is not root:
            pieces.append(search_header(part.header))
        if part.kind == LEAF and part.mime.is_text:
            pieces.append(casemap(part_text(data[part.body : part.end], part.mime)))
    return "\n".join(pieces)


def search_header(header: bytes) -> str:
    """The case-mapped text of a header block: fields unfolded and decoded, one in a line."""
    lines = [f"{guess(field.name)}: {decode_words(field.value)}" for field in fields(header)]
    return casemap("\n".join(lines))


def header_values(data: bytes, name: bytes | str) -> list[str]:
    """The decoded values of all fields with this name in the header at the start of ``data``: for HEADER, not case-mapped."""
    wanted = name.encode("utf-8") if isinstance(name, str) else name
    low = wanted.lower()
    return [decode_words(unfold(field.value)) for field in fields(data) if field.name.lower() == low]
