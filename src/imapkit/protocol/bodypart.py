"""The records of BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2), and ways to look at them.

Extension data that no RFC names yet is kept raw. Strings are raw: parameter names are those of RFC 2231, encoded words are still encoded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, TypeAlias

from ..record import record, value
from .envelope import Envelope

Params = tuple[tuple[bytes, bytes], ...]


@value
class Disposition:
    """Content-Disposition (RFC 2183)."""

    type: bytes
    params: Params = ()


@value
class Extension:
    """Extension data: what follows the basic fields in BODYSTRUCTURE. ``md5`` is None for a multipart."""

    md5: bytes | None = None
    disposition: Disposition | None = None
    language: tuple[bytes, ...] = ()
    location: bytes | None = None
    more: tuple[bytes, ...] = ()
    """What comes after, each value raw."""


NO_EXTENSION = Extension()


@record
class BasicPart:
    """body-type-basic: a leaf that is neither text nor an embedded message."""

    maintype: bytes
    subtype: bytes
    params: Params = ()
    id: bytes | None = None
    description: bytes | None = None
    encoding: bytes | None = None
    octets: int = 0
    extension: Extension = NO_EXTENSION


@record
class TextPart:
    """body-type-text."""

    subtype: bytes
    params: Params = ()
    id: bytes | None = None
    description: bytes | None = None
    encoding: bytes | None = None
    octets: int = 0
    lines: int = 0
    extension: Extension = NO_EXTENSION
    maintype: bytes = b"text"


@record
class MessagePart:
    """body-type-msg: an embedded message. Some servers leave its envelope and body out."""

    subtype: bytes
    params: Params = ()
    id: bytes | None = None
    description: bytes | None = None
    encoding: bytes | None = None
    octets: int = 0
    envelope: Envelope | None = None
    body: BodyPart | None = None
    lines: int = 0
    extension: Extension = NO_EXTENSION
    maintype: bytes = b"message"


@record
class MultiPart:
    """body-type-mpart. ``children`` is empty only where a server said so against the grammar."""

    children: tuple[BodyPart, ...]
    subtype: bytes
    params: Params = ()
    extension: Extension = NO_EXTENSION
    maintype: bytes = b"multipart"


BodyPart: TypeAlias = BasicPart | TextPart | MessagePart | MultiPart


# Looking at parts


def media_type(part: BodyPart) -> str:
    """``text/plain``, in lower case."""
    return (part.maintype + b"/" + part.subtype).lower().decode("latin-1")


def param(part: BodyPart, name: bytes) -> bytes | None:
    """The value of a Content-Type parameter, by its name in any case."""
    return _find(part.params, name)


def disposition_param(part: BodyPart, name: bytes) -> bytes | None:
    """The value of a Content-Disposition parameter, by its name in any case."""
    disposition = part.extension.disposition
    return None if disposition is None else _find(disposition.params, name)


def _find(params: Params, name: bytes) -> bytes | None:
    low = name.lower()
    for key, found in params:
        if key.lower() == low:
            return found
    return None


def has_filename(part: BodyPart) -> bool:
    """True if a file name is given, in either field and in any form of RFC 2231."""
    disposition = part.extension.disposition
    params = part.params if disposition is None else part.params + disposition.params
    return any(key.lower().partition(b"*")[0] in (b"name", b"filename") for key, _ in params)


def walk(body: BodyPart, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], BodyPart]]:
    """Each part with its number for FETCH BODY[…]. A multipart that is the body of a message has the message's number."""
    if not isinstance(body, MultiPart):
        path = (*path, 1)
    pending: list[tuple[tuple[int, ...], BodyPart]] = [(path, body)]
    while pending:
        here, part = pending.pop()
        yield here, part
        if isinstance(part, MultiPart):
            numbered = [((*here, number), child) for number, child in enumerate(part.children, 1)]
            pending.extend(reversed(numbered))
        elif isinstance(part, MessagePart) and part.body is not None:
            pending.append((here if isinstance(part.body, MultiPart) else (*here, 1), part.body))


_BODIES: Final = (b"plain", b"html", b"enriched", b"richtext")
"""Texts that are to be read as the message, where they have no file name."""


def attachments(
    body: BodyPart, named: Collection[bytes] | None = None
) -> list[tuple[tuple[int, ...], BodyPart]]:
    """The parts that a person would call attachments: all that is neither the text of the message nor an image in that text.

    ``named``: the Content-IDs, in lower case, that the HTML of the message refers to. Without it an image with a Content-ID beside an
    HTML text (multipart/related) is taken for one of that text. An embedded message is one attachment, whatever is in it. A disposition
    that nobody knows is an attachment (RFC 2183 section 2.8).
    """
    found: list[tuple[tuple[int, ...], BodyPart]] = []
    outer: dict[tuple[int, ...], MultiPart] = {}
    inside: tuple[int, ...] | None = None
    for path, part in walk(body):
        if inside is not None and path[: len(inside)] == inside:
            continue
        if isinstance(part, MultiPart):
            outer[path] = part
        elif _is_attachment(part, outer.get(path[:-1]), named):
            found.append((path, part))
            if isinstance(part, MessagePart):
                inside = path
    return found


def _is_attachment(
    part: BasicPart | TextPart | MessagePart, parent: MultiPart | None, named: Collection[bytes] | None
) -> bool:
    disposition = part.extension.disposition
    if disposition is not None and disposition.type.lower() != b"inline":
        return True
    if isinstance(part, TextPart):
        another = parent is not None and parent.subtype.lower() == b"alternative"
        return has_filename(part) or (part.subtype.lower() not in _BODIES and not another)
    if isinstance(part, MessagePart) or part.maintype.lower() != b"image" or part.id is None:
        return True
    if named is not None:
        return part.id.strip(b"<> \t").lower() not in named
    return not (parent is not None and parent.subtype.lower() == b"related" and _begins_with_html(parent))


def _begins_with_html(parent: MultiPart) -> bool:
    return bool(parent.children) and any(
        isinstance(part, TextPart) and part.subtype.lower() == b"html" for _, part in walk(parent.children[0])
    )
