"""BODYSTRUCTURE as nearly every server sends it, a part a match (RFC 9051 section 7.5.2): the quick reader behind ``body.body_of``.

No string has a backslash or a literal in it, one space stands between fields. Parameters of the usual kinds are remembered by their
octets. The rule this file must not break: what it gives, ``body_loose`` gives too; None means that only that can read it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from .bodypart import (
    NO_EXTENSION,
    BasicPart,
    BodyPart,
    Disposition,
    Extension,
    MultiPart,
    Params,
    TextPart,
)

_DEPTH: Final = 8
_SHORT: Final = 64
"""Octets up to which fields are remembered: what is longer is seldom met twice."""

_STRING: Final = rb'"[^"\\\r\n]*+"'
_NSTRING: Final = rb"(?:NIL|" + _STRING + rb")"
_PAIRS: Final = _STRING + rb" " + _STRING
_PARAMS: Final = rb"(?:NIL|\(" + _PAIRS + rb"(?: " + _PAIRS + rb")*+\))"
_EXTENSION: Final = (
    rb"(NIL|\(" + _STRING + rb" " + _PARAMS + rb"\)) (NIL|" + _STRING + rb") (" + _NSTRING + rb")"
)
_LEAF: Final = re.compile(
    rb'\("([^"\\\r\n]*+)" "([^"\\\r\n]*+)" (%b) (%b) (%b) (%b) ([0-9]{1,18}+)(?: ([0-9]{1,18}+))?+(?: (%b) %b)?+\)'
    % (_PARAMS, _NSTRING, _NSTRING, _NSTRING, _NSTRING, _EXTENSION)
)
_END: Final = re.compile(rb' "([^"\\\r\n]*+)"(?: (%b) %b)?+\)' % (_PARAMS, _EXTENSION))
_PAIR: Final = re.compile(rb'"([^"]*+)" "([^"]*+)"')
_DISPOSITION: Final = re.compile(rb'\("([^"]*+)" (.*)\)', re.DOTALL)


def quick_body(octets: bytes) -> BodyPart | None:
    """From all octets of a body; None for what is not as usual."""
    found = _LEAF.fullmatch(octets)
    if found is not None:
        return _leaf(found)
    part, end = _part(octets, 0, 0)
    return part if end == len(octets) else None


def _part(octets: bytes, pos: int, depth: int) -> tuple[BodyPart | None, int]:
    """The part that begins at ``pos``, and where it ends."""
    found = _LEAF.match(octets, pos)
    if found is not None:
        return _leaf(found), found.end()
    if depth == _DEPTH or not octets.startswith(b"((", pos):
        return None, pos
    children: list[BodyPart] = []
    pos += 1
    while octets.startswith(b"(", pos):
        child, pos = _part(octets, pos, depth + 1)
        if child is None:
            return None, pos
        children.append(child)
    end = _END.match(octets, pos)
    if end is None:
        return None, pos
    subtype, params, disposition, language, location = end.groups()
    extension = NO_EXTENSION if disposition is None else extension_of(b"NIL", disposition, language, location)
    return MultiPart(tuple(children), subtype or b"mixed", _params(params), extension), end.end()


def _leaf(found: re.Match[bytes]) -> BodyPart | None:
    maintype, subtype, params, part_id, description, encoding, octets, lines, md5, *rest = found.groups()
    kind = maintype.lower()
    if kind == b"message" or (kind == b"text") is (lines is None):
        return None
    extension = NO_EXTENSION if md5 is None else extension_of(md5, rest[0], rest[1], rest[2])
    if lines is None:
        return BasicPart(
            maintype,
            subtype,
            _params(params),
            _unquoted(part_id),
            _unquoted(description),
            _unquoted(encoding),
            int(octets),
            extension,
        )
    return TextPart(
        subtype,
        _params(params),
        _unquoted(part_id),
        _unquoted(description),
        _unquoted(encoding),
        int(octets),
        int(lines),
        extension,
        maintype,
    )


def _unquoted(octets: bytes) -> bytes | None:
    return None if octets == b"NIL" else octets[1:-1]


def _params(octets: bytes | None) -> Params:
    if octets is None or octets == b"NIL":
        return ()
    return _known_params(octets) if len(octets) <= _SHORT else _new_params(octets)


def _new_params(octets: bytes) -> Params:
    return tuple(_PAIR.findall(octets))


_known_params = lru_cache(maxsize=1024)(_new_params)


def extension_of(md5: bytes, disposition: bytes, language: bytes, location: bytes) -> Extension:
    """Extension data from its fields as they stand on the wire; md5 NIL for a multipart."""
    if disposition == language == location == b"NIL":
        return NO_EXTENSION if md5 == b"NIL" else Extension(_unquoted(md5))
    found = None if disposition == b"NIL" else _DISPOSITION.fullmatch(disposition)
    tag = _unquoted(language)
    return Extension(
        _unquoted(md5),
        None if found is None else Disposition(found[1], _params(found[2])),
        () if tag is None else (tag,),
        _unquoted(location),
    )
