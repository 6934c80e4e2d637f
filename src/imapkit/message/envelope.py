"""A header block to an ENVELOPE (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2).

Sender and Reply-To default to From. A string field that is missing is NIL, an empty one is ""; address lists that are missing or empty
are NIL. Strings stay as the header has them, unfolded; NULs are dropped, since no IMAP string can hold one.
"""

from __future__ import annotations

from typing import Final

from ..protocol.envelope import Address, Envelope, write_envelope
from ..wire.writer import Writer
from .chosen import Known
from .headers import collect
from .mime import unfold
from .people import NOBODY, People, people, wire_string

MAX_WIRE: Final = 1_000_000
"""Octets of one wire-ready column."""
_SHORTER: Final = ((50, 500), (1, 60), (1, 30))
"""So many addresses in a list, and so many octets in a string, where the whole would exceed it."""
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
_EVERY: Final = frozenset([b"to", b"cc", b"bcc"])
_PEOPLE: Final = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")


def envelope_fields(header: bytes) -> dict[bytes, list[bytes]]:
    """The fields of an ENVELOPE, and References, by lower-case name."""
    return collect(header.replace(b"\0", b"") if b"\0" in header else header, _NAMES)


def envelope_fields_of(known: Known) -> dict[bytes, list[bytes]]:
    """The same of the known fields of a tidy header."""
    found: dict[bytes, list[bytes]] = {}
    for _, name, value in known:
        low = name.lower()
        if low in _NAMES:
            found.setdefault(low, []).append(unfold(value))
    return found


def build_envelope(fields: dict[bytes, list[bytes]]) -> Envelope:
    """The whole envelope."""

    def text(name: bytes) -> bytes | None:
        values = fields.get(name)
        return values[0] if values else None

    def who(name: bytes, every: bool = False) -> tuple[Address, ...]:
        values = fields.get(name)
        if not values:
            return ()
        value = b", ".join(values) if every and len(values) > 1 else values[0]
        return people(value).addresses

    from_ = who(b"from")
    return Envelope(
        text(b"date"),
        text(b"subject"),
        from_,
        who(b"sender") or from_,
        who(b"reply-to") or from_,
        who(b"to", True),
        who(b"cc", True),
        who(b"bcc", True),
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


def all_people(fields: dict[bytes, list[bytes]]) -> dict[bytes, People]:
    """The address fields that there are, as ENVELOPE takes them: the first From, Sender and Reply-To, every To, Cc and Bcc."""
    found: dict[bytes, People] = {}
    for name in _PEOPLE:
        values = fields.get(name)
        if values:
            value = b", ".join(values) if len(values) > 1 and name in _EVERY else values[0]
            found[name] = people(value)
    return found


def wire_envelope(fields: dict[bytes, list[bytes]], who: dict[bytes, People]) -> bytes:
    """The envelope as it follows the name of the item; ``who``: what ``all_people`` found in the same fields."""
    from_ = who.get(b"from", NOBODY)
    values = [fields.get(name) for name in (b"date", b"subject", b"in-reply-to", b"message-id")]
    date, subject, in_reply_to, message_id = [wire_string(each[0] if each else None) for each in values]
    octets = b"(%s %s %s %s %s %s %s %s %s %s)" % (
        date, subject, from_.wire, _or_from(who.get(b"sender"), from_), _or_from(who.get(b"reply-to"), from_),
        who.get(b"to", NOBODY).wire, who.get(b"cc", NOBODY).wire, who.get(b"bcc", NOBODY).wire, in_reply_to, message_id,
    )  # fmt: skip
    return octets if len(octets) <= MAX_WIRE else wire_envelope_plainly(fields)


def _or_from(who: People | None, from_: People) -> bytes:
    return from_.wire if who is None or not who.addresses else who.wire


def wire_envelope_plainly(fields: dict[bytes, list[bytes]]) -> bytes:
    """The envelope by the writer of the protocol, which the quick way must equal; one that is too long is shortened."""
    envelope = build_envelope(fields)
    octets = _written(envelope)
    for addresses, size in _SHORTER:
        if len(octets) <= MAX_WIRE:
            break
        envelope = shorten(envelope, addresses, size)
        octets = _written(envelope)
    return octets


def _written(envelope: Envelope) -> bytes:
    writer = Writer()
    write_envelope(writer, envelope)
    return writer.octets()
