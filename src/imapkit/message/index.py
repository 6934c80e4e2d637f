"""All that IMAP asks of a message again and again, worked out once at arrival (RFC 3501, RFC 5256, RFC 5957, RFC 8970).

A server stores these values and never parses mail to answer FETCH, SORT or THREAD. The rule this file must not break: every wire-ready
value is legal IMAP whatever the message holds, and none exceeds ``envelope.MAX_WIRE``.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from ..query.collate import casemap
from ..record import record
from .charset import guess
from .chosen import known_fields, pack_fields_plainly, pack_known
from .dates import parse_date
from .envelope import all_people, envelope_fields, envelope_fields_of, wire_envelope
from .part import Part
from .people import NOBODY, People, people
from .preview import preview
from .scan import scan
from .section import dump_parts
from .structure import wire_structure
from .subject import base_subject
from .words import decode_words

_MESSAGE_ID: Final = re.compile(rb"<([^<>\s]{1,990})>")
_MAX_REFERENCES: Final = 1000


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
    marks: bytes
    chosen: bytes
    """The fields that are asked for again and again, as ``chosen.pack_fields`` packs them."""
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
    known = known_fields(header)
    fields = envelope_fields(header) if known is None else envelope_fields_of(known)
    marks, chosen = pack_fields_plainly(header) if known is None else pack_known(known)
    who = all_people(fields)
    from_, to, cc = who.get(b"from", NOBODY), who.get(b"to", NOBODY), who.get(b"cc", NOBODY)
    body, bodystructure = wire_structure(root)
    when = parse_date(_first(fields, b"date"))
    subject = decode_words(_first(fields, b"subject"))
    base, is_reply = base_subject(subject)
    ids = message_ids(_first(fields, b"message-id"))
    return MessageIndex(
        size=root.end,
        lines=root.lines,
        header_size=root.body,
        header=header,
        marks=marks,
        chosen=chosen,
        envelope=wire_envelope(fields, who),
        body=body,
        bodystructure=bodystructure,
        parts=dump_parts(root),
        preview=preview(root),
        sent=None if when is None else int(when.timestamp()),
        sent_date=None if when is None else when.date(),
        base_subject=casemap(base),
        is_reply=is_reply,
        from_mailbox=from_.mailbox,
        to_mailbox=to.mailbox,
        cc_mailbox=cc.mailbox,
        from_display=from_.display,
        to_display=to.display,
        message_id=ids[0] if ids else None,
        in_reply_to=message_ids(_first(fields, b"in-reply-to")),
        references=message_ids(b" ".join(fields.get(b"references", ()))),
        search_from=_search(fields, b"from", who),
        search_to=_search(fields, b"to", who),
        search_cc=_search(fields, b"cc", who),
        search_bcc=_search(fields, b"bcc", who),
        search_subject=casemap(subject)
        if len(fields.get(b"subject", ())) == 1
        else _search(fields, b"subject", who),
    )


def _first(fields: dict[bytes, list[bytes]], name: bytes) -> bytes:
    """The value of the first field of this name; empty where there is none."""
    values = fields.get(name)
    return values[0] if values else b""


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


def _search(fields: dict[bytes, list[bytes]], name: bytes, who: dict[bytes, People]) -> str:
    values = fields.get(name)
    if not values:
        return ""
    if name not in who:
        return casemap("\n".join([decode_words(value) for value in values]))
    return who[name].text if len(values) == 1 else "\n".join([people(value).text for value in values])
