"""The text of a message that SEARCH looks into (RFC 3501 section 6.4.4, RFC 9051 section 6.4.4): decoded, converted, case-mapped.

BODY looks into text parts (HTML as its decoded source) and into the reports that stand in leaves of type message/*. TEXT looks into
headers too: the message's own, those of its parts, and those of embedded messages, file names as people read them. Parts that are no
text are not looked into.
"""

from __future__ import annotations

import re
from typing import Final

from ..query.collate import casemap
from .charset import guess
from .decode import part_text
from .headers import fields, is_tidy
from .mime import unfold
from .part import LEAF, Part, walk
from .words import decode_params, decode_words

_FIELD: Final = re.compile(r"\n([!-9;-~]+)[ \t]*:([^\n]*)")
_FOLDED_NAME: Final = re.compile(rb"\n[!-9;-~]+[ \t]*\r?\n[ \t]")
"""A fold between a name and its colon makes the line no field."""
_AROUND: Final = " \t\r\n\0"


_APART: Final = "\uffff"
"""No character: what stands between the two texts that are stored as one."""
APART: Final = _APART.encode()


def search_text(data: bytes, root: Part) -> str:
    """The case-mapped text of all text parts of ``data``, a line between any two; then, apart, the headers of its parts."""
    bodies: list[str] = []
    headers: list[str] = []
    for part in walk(root):
        if part is not root:
            headers.append(search_header(part.header or data[part.start : part.body]))
        headers += _file_names(part)
        if part.kind == LEAF and (part.mime.is_text or part.mime.maintype.lower() == b"message"):
            bodies.append(casemap(part_text(data[part.body : part.end], part.mime)))
    body, header = ("\n".join(pieces).replace(_APART, " ") for pieces in (bodies, filter(None, headers)))
    return f"{body}{_APART}{header}" if header else body


def _file_names(part: Part) -> list[str]:
    """Names that stand in pieces or percent signs (RFC 2231), as people read them."""
    found = []
    for params in (part.mime.params, part.mime.disposition_params):
        if any(b"*" in name for name, _ in params):
            found += [casemap(value) for value in decode_params(params).values()]
    return found


def body_text_of(text: str) -> str:
    """What BODY looks into, of a ``search_text``."""
    return text.partition(_APART)[0]


def part_headers_of(text: str) -> str:
    """What TEXT looks into besides that and the message's own header."""
    return text.partition(_APART)[2]


def search_header(header: bytes) -> str:
    """The case-mapped text of a header block: fields unfolded and decoded, one in a line."""
    if header.isascii() and b"=?" not in header and b"\r\r" not in header and is_tidy(header):
        block = b"\n" + header
        if _FOLDED_NAME.search(block) is None:
            lines = _FIELD.findall(_unfolded(block).decode("ascii").upper())
            return "\n".join([f"{name}: {value.strip(_AROUND)}" for name, value in lines])
    return search_header_plainly(header)


def _unfolded(header: bytes) -> bytes:
    """A tidy header without its folds: four passes of ``replace`` take a tenth of the time of one regular expression."""
    for white in (b" ", b"\t"):
        header = header.replace(b"\r\n" + white, white).replace(b"\n" + white, white)
    return header


def search_header_plainly(header: bytes) -> str:
    """``search_header`` field by field, for any header; the quick way must give the same text."""
    lines = [f"{guess(field.name)}: {decode_words(field.value)}" for field in fields(header)]
    return casemap("\n".join(lines))


def header_values(data: bytes, name: bytes | str) -> list[str]:
    """The decoded values of all fields with this name in the header at the start of ``data``: for HEADER, not case-mapped.

    A name as text has the octets that are no UTF-8 as lone surrogates.
    """
    wanted = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    low = wanted.lower()
    return [decode_words(unfold(field.value)) for field in fields(data) if field.name.lower() == low]
