"""What is made of an address field when a message arrives: its addresses, for the wire, and as SORT and SEARCH compare them.

Mail comes from the same few people, and goes to the same few: what was made of a short field is remembered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ..protocol.envelope import Address
from ..query.collate import casemap
from ..record import record
from ..wire.writer import Writer
from .address import parse_addresses
from .charset import guess
from .words import decode_words

_SHORT: Final = 160
"""Octets up to which a field is remembered."""
_SHORT_STRING: Final = 4096
"""Octets of a string that is written in the quick way."""
_UNUSUAL: Final = re.compile(rb'[\x00\r\n\x80-\xff"\\]')
_MAX_FIELD: Final = 512 << 10


@record
class People:
    """The addresses in one field."""

    addresses: tuple[Address, ...]
    wire: bytes
    """As ENVELOPE has them."""
    mailbox: str
    """addr-mailbox of the first address, for SORT; empty if there is none."""
    display: str
    """The name of the first address, else the address, for SORT (DISPLAYFROM)."""
    text: str
    """The addresses written anew, ``name <mailbox@host>`` with the words decoded, for SEARCH, which speaks of the envelope (RFC 9051
    section 6.4.4): neither comments nor folds nor quotes are in the way. The decoded field where there is no address in it."""


NOBODY: Final = People((), b"NIL", "", "", "")


def people(value: bytes) -> People:
    """What the value of a From, To, … field says."""
    return _remembered(value) if len(value) <= _SHORT else _read(value)


def _read(value: bytes) -> People:
    addresses = parse_addresses(value[:_MAX_FIELD])
    if not addresses:
        return People(addresses, b"NIL", "", "", casemap(decode_words(value)))
    text = casemap(", ".join(map(_written, addresses)))
    mailbox = casemap(guess(addresses[0].mailbox or b""))
    return People(addresses, wire_people(addresses), mailbox, _display(addresses[0]), text)


_remembered: Final = lru_cache(maxsize=4096)(_read)


def _written(one: Address) -> str:
    if one.is_group_start:
        return f"{guess(one.mailbox or b'')}:"
    if one.is_group_end:
        return ";"
    name = decode_words(one.name) if one.name else ""
    host = f"@{guess(one.host)}" if one.host else ""
    address = f"{guess(one.mailbox or b'')}{host}"
    return f"{name} <{address}>" if name else address


def _display(first: Address) -> str:
    """The DISPLAY sort value of an address (RFC 5957 section 3)."""
    name = decode_words(first.name) if first.name else ""
    if not name:
        mailbox = guess(first.mailbox or b"")
        name = (
            f"{mailbox}@{guess(first.host)}"
            if first.host is not None and first.mailbox is not None
            else mailbox
        )
    return casemap(name)


def wire_people(addresses: tuple[Address, ...]) -> bytes:
    """An address list of an ENVELOPE."""
    if not addresses:
        return b"NIL"
    parts = [
        b"(%s %s %s %s)"
        % (wire_string(one.name), wire_string(one.route), wire_string(one.mailbox), wire_string(one.host))
        for one in addresses
    ]
    return b"(%s)" % b"".join(parts)


def wire_string(value: bytes | None) -> bytes:
    """As the protocol's writer writes it, in a quarter of the time where it is short and plain."""
    if value is None:
        return b"NIL"
    if len(value) <= _SHORT_STRING and _UNUSUAL.search(value) is None:
        return b'"%s"' % value
    writer = Writer()
    writer.string(value)
    return writer.octets()
