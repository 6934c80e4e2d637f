"""The decoded view of what the wire carries raw: names, subjects, file names as text (RFC 2047, RFC 2231)."""

from __future__ import annotations

from datetime import datetime

from ..protocol.body import BodyPart
from ..protocol.envelope import Address, Envelope
from .dates import parse_date
from .words import decode_params, decode_words


def decoded_subject(envelope: Envelope) -> str:
    """The subject as text; empty if there is none."""
    return decode_words(envelope.subject or b"")


def sent_at(envelope: Envelope) -> datetime | None:
    """The Date field in its own zone; None if it has none that can be read."""
    return parse_date(envelope.date) if envelope.date else None


def display_name(address: Address) -> str:
    """The name of an address as text; empty if it has none."""
    return decode_words(address.name or b"")


def format_address(address: Address) -> str:
    """``Name <box@host>``, or the address alone; the name of a group with its colon; ``;`` for its end."""
    if address.is_group_end:
        return ";"
    if address.is_group_start:
        return decode_words(address.mailbox or b"") + ":"
    name = display_name(address)
    return f"{name} <{address.email}>" if name else address.email


def filename(part: BodyPart) -> str | None:
    """The file name of a part as text, from Content-Disposition or else Content-Type; None if it has none."""
    disposition = part.extension.disposition
    if disposition is not None:
        found = decode_params(disposition.params).get("filename")
        if found:
            return found
    params = decode_params(part.params)
    return params.get("name") or params.get("filename") or None
