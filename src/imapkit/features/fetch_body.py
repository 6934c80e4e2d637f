"""From a section to octets of a stored message (RFC 3501 and RFC 9051 section 6.4.5): what of which content is to be sent.

A helper of FETCH and BINARY; not a feature. Nothing here scans mail: offsets come from the PARTS column, headers from the HEADER
column. A section that the message does not have is None, which is sent as NIL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import repeat
from typing import Final, cast

from ..message.headers import MAX_HEADER, known_names, select_fields
from ..message.section import PartOffsets, load_parts, locate, locate_stored
from ..ports.store import Account, AnyColumn, Column, HeaderFields
from .fetch_pieces import Columns, Encoded, Find, Found, Slice
from .fetch_section import FIELDS, FIELDS_NOT, HEADER, Partial, Section

_HEADER_COLUMNS: Final = (Column.CONTENT, Column.PARTS, Column.HEADER)
_ONLY_HEADER: Final = (Column.HEADER,)
_PART_COLUMNS: Final = (Column.CONTENT, Column.PARTS)
_WHOLE_COLUMNS: Final = (Column.CONTENT, Column.SIZE)

_SMALL: Final = 1024
"""Octets of stored offsets, up to which many trees are remembered; of larger ones the latest is."""
_small_tree = lru_cache(maxsize=256)(load_parts)
_large_tree = lru_cache(maxsize=1)(load_parts)


def ready_column(section: Section) -> AnyColumn | None:
    """The column that is the whole section, where there is one."""
    if section.path or section.text != FIELDS:
        return None
    return HeaderFields(known_names(section.fields))


def find_section(section: Section, part: Partial | None = None) -> tuple[tuple[AnyColumn, ...], Find]:
    """The columns that a section needs, and the function that finds its octets."""
    columns: tuple[AnyColumn, ...]
    find: Find
    if section.path:
        columns, find = _PART_COLUMNS, partial(_find_in_part, section, known_names(section.fields))
    elif section.text == "":
        columns, find = _WHOLE_COLUMNS, _find_whole
    elif section.text == HEADER:
        columns, find = _HEADER_COLUMNS, _find_header
    elif (ready := ready_column(section)) is not None:
        columns, find = (ready,), _find_ready
    elif section.text == FIELDS_NOT:
        columns, find = _ONLY_HEADER, partial(_find_without, known_names(section.fields))
    else:
        columns, find = _PART_COLUMNS, partial(_find_in_part, section, known_names(section.fields))
    return (columns, find) if part is None else (columns, partial(_find_cut, find, part))


def _find_cut(find: Find, part: Partial, account: Account, columns: Columns) -> Iterator[Found]:
    return (cut(found, part) for found in find(account, columns))


def cut(found: Found, part: Partial) -> Found:
    """The octets of ``<origin.length>``; nothing beyond the end, which is no error."""
    origin, length = part
    if isinstance(found, Slice):
        content, start, end = found
        start = min(start + origin, end)
        return Slice(content, start, min(start + length, end))
    if isinstance(found, Encoded):
        return found._replace(origin=origin, length=length)
    return None if found is None else found[origin : origin + length]


def _find_whole(account: Account, columns: Columns) -> Iterator[Found]:
    contents, sizes = cast("tuple[Sequence[int], Sequence[int]]", columns)
    return map(Slice._make, zip(contents, repeat(0), sizes))


def _find_ready(account: Account, columns: Columns) -> Iterator[Found]:
    return iter(cast("Sequence[bytes]", columns[0]))


def find_fields(names: frozenset[bytes], account: Account, columns: Columns) -> Iterator[Found]:
    """What a column of these header fields has, from the HEADER column."""
    return (select_fields(header, names) for header in cast("Sequence[bytes]", columns[0]))


def _find_header(account: Account, columns: Columns) -> Iterator[Found]:
    rows = cast("Iterable[tuple[int, bytes, bytes]]", zip(*columns, strict=True))
    for content, parts, header in rows:
        # The column holds no more than MAX_HEADER.
        yield header if len(header) < MAX_HEADER else Slice(content, 0, tree(parts).body)


def _find_without(names: frozenset[bytes], account: Account, columns: Columns) -> Iterator[Found]:
    return (select_fields(header, names, negate=True) for header in cast("Sequence[bytes]", columns[0]))


def _find_in_part(
    section: Section, names: frozenset[bytes], account: Account, columns: Columns
) -> Iterator[Found]:
    path, text = section.path, section.text
    what = HEADER if text in (FIELDS, FIELDS_NOT) else text
    for content, parts in cast("Iterable[tuple[int, bytes]]", zip(*columns, strict=True)):
        span = _locate(parts, path, what)
        if span is None:
            yield None
        elif what == text:
            yield Slice(content, *span)
        else:
            start, end = span
            header = account.body(content).read(start, min(end - start, MAX_HEADER))
            yield select_fields(header, names, negate=text == FIELDS_NOT)


def tree(parts: bytes) -> PartOffsets:
    """The offsets of a message: several sections of one message are often asked for together."""
    return _small_tree(parts) if len(parts) <= _SMALL else _large_tree(parts)


class _Asked:
    """The message that was asked for last. A section is looked for in the stored form, which walks past the parts before it; where one
    message is asked for more than one of them, in its tree."""

    parts = b""


def _locate(parts: bytes, path: Sequence[int], what: str) -> tuple[int, int] | None:
    if parts is _Asked.parts:
        return locate(tree(parts), path, what)
    _Asked.parts = parts
    return locate_stored(parts, path, what)


def offsets(parts: object) -> PartOffsets:
    """The tree behind a value of the PARTS column."""
    return tree(cast(bytes, parts))
