"""All that IMAP asks of a message again and again, worked out once at arrival (RFC 3501, RFC 5256, RFC 5957, RFC 8970).

A server stores these values and never parses mail to answer FETCH, SORT or THREAD. The rule this file must not break: every wire-ready
value is legal IMAP whatever the message holds, and none exceeds ``structure.MAX_WIRE``.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from ..protocol.envelope import Address
from ..query.collate import casemap
from ..record import record
from .charset import guess
from .dates import parse_date
from .envelope import envelope_fields
from .part import Part
from .preview import preview
from .scan import scan
from .section import dump_parts
from .structure import wire_envelope, wire_structure
from .subject import base_subject
from .words import decode_words

_MESSAGE_ID: Final = re.compile(rb"<([^<>\s]{1,990})>")
_MAX_REFERENCES: Final = 1000
_MAX_KEY: Final = 1 << 20


@record
class MessageIndex:
    """What is known of a message without its body. All text is mapped by i;unicode-casemap, but for the preview and the ids."""

    size: int
    """RFC822.SIZE."""
    lines: int
    """Line ends in the body."""
    header_size: int
    """Octets of the header block with its blank line, at the start of the message."""
    header: bytes
    """The header block; its first megabyte if it is larger."""
    envelope: bytes
    """ENVELOPE, BODY and BODYSTRUCTURE as they follow the item's name."""
    body: bytes
    bodystructure: bytes
    parts: bytes
    """For ``section.load_parts``."""
    preview: str

    sent: int | None
    """The Date field in seconds since 1970, UTC; None if it has none that can be read (then INTERNALDATE counts)."""
    sent_date: date | None
    """The Date field's day in its own zone: SENTON, SENTBEFORE and SENTSINCE."""
    base_subject: str
    is_reply: bool
    """True if something of a reply or a forward was taken off the subject."""
    from_mailbox: str
    to_mailbox: str
    cc_mailbox: str
    """addr-mailbox of the first address, for SORT; empty if there is none."""
    from_display: str
    to_display: str
    """The name of the first address, else the address, for SORT (DISPLAYFROM)."""

    message_id: str | None
    """Without its angle brackets."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]

    search_from: str
    search_to: str
    search_cc: str
    search_bcc: str
    search_subject: str
    """Decoded fields, for SEARCH."""


def index_message(message: bytes | Part) -> MessageIndex:
    """Index a whole message, or the tree that a ``Scanner`` made of one."""
    root = message if isinstance(message, Part) else scan(message)
    header = root.header
    fields = envelope_fields(header)
    envelope, envelope_wire = wire_envelope(fields)
    body, bodystructure = wire_structure(root)
    when = parse_date(envelope.date) if envelope.date else None
    subject = decode_words(envelope.subject or b"")
    base, is_reply = base_subject(subject)
    ids = message_ids(envelope.message_id or b"")
    return MessageIndex(
        size=root.end,
        lines=root.lines,
        header_size=root.body,
        header=header,
        envelope=envelope_wire,
        body=body,
        bodystructure=bodystructure,
        parts=dump_parts(root),
        preview=preview(root),
        sent=None if when is None else int(when.timestamp()),
        sent_date=None if when is None else when.date(),
        base_subject=casemap(base),
        is_reply=is_reply,
        from_mailbox=_mailbox(envelope.from_),
        to_mailbox=_mailbox(envelope.to),
        cc_mailbox=_mailbox(envelope.cc),
        from_display=_display(envelope.from_),
        to_display=_display(envelope.to),
        message_id=ids[0] if ids else None,
        in_reply_to=message_ids(envelope.in_reply_to or b""),
        references=message_ids(b" ".join(fields.get(b"references", ()))),
        search_from=_search(fields, b"from"),
        search_to=_search(fields, b"to"),
        search_cc=_search(fields, b"cc"),
        search_bcc=_search(fields, b"bcc"),
        search_subject=_search(fields, b"subject"),
    )


def message_ids(value: bytes) -> tuple[str, ...]:
    """The message ids in a field, without angle brackets and quotes, each once (RFC 5256 section 3, normalised)."""
    if b"<" not in value:
        return ()
    found: dict[str, None] = {}
    for match in _MESSAGE_ID.finditer(value):
        found[guess(match[1].replace(b'"', b""))] = None
        if len(found) >= _MAX_REFERENCES:
            break
    return tuple(found)


def _mailbox(addresses: tuple[Address, ...]) -> str:
    return casemap(guess(addresses[0].mailbox or b"")) if addresses else ""


def _display(addresses: tuple[Address, ...]) -> str:
    """The DISPLAY sort value of the first address (RFC 5957 section 3)."""
    if not addresses:
        return ""
    first = addresses[0]
    name = decode_words(first.name) if first.name else ""
    if not name:
        mailbox = guess(first.mailbox or b"")
        name = (
            f"{mailbox}@{guess(first.host)}"
            if first.host is not None and first.mailbox is not None
            else mailbox
        )
    return casemap(name)


def _search(fields: dict[bytes, list[bytes]], name: bytes) -> str:
    values = fields.get(name)
    if not values:
        return ""
    return casemap("\n".join([decode_words(value[:_MAX_KEY]) for value in values]))
