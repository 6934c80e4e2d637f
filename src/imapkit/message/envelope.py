"""A header block to an ENVELOPE (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2).

Sender and Reply-To default to From. A string field that is missing is NIL, an empty one is ""; address lists that are missing or empty
are NIL. Strings stay as the header has them, unfolded; NULs are dropped, since no IMAP string can hold one.
"""

from __future__ import annotations

from typing import Final

from ..protocol.envelope import Address, Envelope
from .address import parse_addresses
from .headers import collect

_NAMES: Final = frozenset(
    [
        b"date",
        b"subject",
        b"from",
        b"sender",
        b"reply-to",
        b"to",
        b"cc",
        b"bcc",
        b"in-reply-to",
        b"message-id",
        b"references",
    ]
)
_MAX_ADDRESS_FIELD: Final = 512 << 10


def envelope_fields(header: bytes) -> dict[bytes, list[bytes]]:
    """The fields of an ENVELOPE, and References, by lower-case name."""
    return collect(header.replace(b"\0", b"") if b"\0" in header else header, _NAMES)


def build_envelope(fields: dict[bytes, list[bytes]]) -> Envelope:
    """The whole envelope."""

    def text(name: bytes) -> bytes | None:
        values = fields.get(name)
        return values[0] if values else None

    def people(name: bytes, every: bool = False) -> tuple[Address, ...]:
        values = fields.get(name)
        if not values:
            return ()
        value = b", ".join(values) if every and len(values) > 1 else values[0]
        return parse_addresses(value[:_MAX_ADDRESS_FIELD])

    from_ = people(b"from")
    return Envelope(
        text(b"date"),
        text(b"subject"),
        from_,
        people(b"sender") or from_,
        people(b"reply-to") or from_,
        people(b"to", True),
        people(b"cc", True),
        people(b"bcc", True),
        text(b"in-reply-to"),
        text(b"message-id"),
    )


def shorten(envelope: Envelope, addresses: int, octets: int) -> Envelope:
    """The envelope with at most so many addresses in a list and so many octets in a string."""

    def cut(text: bytes | None) -> bytes | None:
        return None if text is None else text[:octets]

    def few(people: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(
            Address(cut(one.name), cut(one.route), cut(one.mailbox), cut(one.host))
            for one in people[:addresses]
        )

    return Envelope(
        cut(envelope.date),
        cut(envelope.subject),
        few(envelope.from_),
        few(envelope.sender),
        few(envelope.reply_to),
        few(envelope.to),
        few(envelope.cc),
        few(envelope.bcc),
        cut(envelope.in_reply_to),
        cut(envelope.message_id),
    )
