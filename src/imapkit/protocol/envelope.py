"""ENVELOPE and its addresses (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2).

Read liberally when the cursor is lenient: real servers leave fields out, put NIL or spaces between addresses and write ``()`` for an
empty list. What is missing is None or an empty list; nothing read here costs the rest of the response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

_SHORT: Final = 160
"""Octets up to which a list of addresses is remembered."""
_STRING: Final = rb'(NIL|"[\x01-\x09\x0b\x0c\x0e-!#-\[\]-\x7f]*+")'
_ADDRESS: Final = re.compile(rb"\(" + rb" ".join([_STRING] * 4) + rb"\)")
_LIST: Final = rb"(NIL|\((?:" + _ADDRESS.pattern.replace(b"(NIL|", b"(?:NIL|") + rb")++\))"
_COMMON: Final = re.compile(rb"\(" + rb" ".join([_STRING] * 2 + [_LIST] * 6 + [_STRING] * 2) + rb"\)")
"""What nearly every server sends for nearly every message: quoted strings without escapes, one space between fields."""


@record
class Address:
    """One address as the wire has it. ``host`` None means group syntax: ``mailbox`` then begins a group, or None ends it."""

    name: bytes | None = None
    route: bytes | None = None
    mailbox: bytes | None = None
    host: bytes | None = None

    @property
    def email(self) -> str:
        """``mailbox@host``, or as much of it as there is. Some servers put all of it where the name belongs."""
        if self.host is None and self.name is not None and b"@" in self.name:
            return _text(self.name).strip(" <>")
        mailbox = _text(self.mailbox)
        return f"{mailbox}@{_text(self.host)}" if self.host else mailbox

    @property
    def is_group_start(self) -> bool:
        return self.host is None and self.mailbox is not None and self.name is None

    @property
    def is_group_end(self) -> bool:
        return self.host is None and self.mailbox is None and self.name is None


GROUP_END = Address()


@record
class Envelope:
    """The parsed header of a message. Strings are raw: encoded words are still encoded."""

    date: bytes | None = None
    subject: bytes | None = None
    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    in_reply_to: bytes | None = None
    message_id: bytes | None = None


def _text(octets: bytes | None) -> str:
    return "" if octets is None else octets.decode("utf-8", "replace")


def mailboxes(addresses: Sequence[Address]) -> Iterator[Address]:
    """The addresses without the marks of groups."""
    for address in addresses:
        if not address.is_group_start and not address.is_group_end:
            yield address


def groups(addresses: Sequence[Address]) -> list[tuple[bytes | None, list[Address]]]:
    """The addresses by group, in their order; None is the name of those outside of groups."""
    found: list[tuple[bytes | None, list[Address]]] = []
    fresh = True
    for address in addresses:
        if address.is_group_start:
            found.append((address.mailbox, []))
            fresh = False
        elif address.is_group_end:
            fresh = True
        else:
            if fresh:
                found.append((None, []))
                fresh = False
            found[-1][1].append(address)
    return found


def read_loose_nstring(c: Cursor) -> bytes | None:
    """nstring; when lenient, an atom or a number too, and a list is passed over as if it were NIL."""
    if not c.lenient or c.at_string():
        return c.nstring()
    if c.peek_is(b"("):
        c.skip_value()
        return None
    word = c.atom("a string or NIL")
    return None if word.upper() == b"NIL" else word


def read_address(c: Cursor) -> Address:
    """address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"."""
    c.expect(b"(")
    if not c.lenient:
        name = c.nstring()
        c.sp()
        route = c.nstring()
        c.sp()
        mailbox = c.nstring()
        c.sp()
        address = Address(name, route, mailbox, c.nstring())
        c.expect(b")")
        return address
    fields: list[bytes | None] = []
    c.skip_spaces()
    while not c.accept(b")"):
        fields.append(read_loose_nstring(c))
        c.skip_spaces()
    fields += [None] * (4 - len(fields))
    return Address(fields[0], fields[1], fields[2], fields[3])


def read_addresses(c: Cursor) -> tuple[Address, ...]:
    """env-from and its like = "(" 1*address ")" / nil."""
    if c.accept_nil():
        return ()
    if c.lenient and not c.peek_is(b"("):
        read_loose_nstring(c)
        return ()
    c.expect(b"(")
    found: list[Address] = []
    if not c.lenient:
        found.append(read_address(c))
        while not c.accept(b")"):
            found.append(read_address(c))
        return tuple(found)
    c.skip_spaces()
    while not c.accept(b")"):
        if c.peek_is(b"("):
            found.append(read_address(c))
        else:
            read_loose_nstring(c)
        c.skip_spaces()
    return tuple(found)


def read_envelope(c: Cursor) -> Envelope:
    """envelope = "(" env-date SP env-subject SP env-from SP … SP env-message-id ")"."""
    found = _COMMON.match(c.buf, c.pos)
    if found is None:
        return read_envelope_plainly(c)
    c.enter()
    c.pos = found.end()
    c.leave()
    return _common(found.groups())


def envelope_of(octets: bytes) -> Envelope:
    """From all octets of an envelope without literals, as a client reads it."""
    found = _COMMON.match(octets)
    return _common(found.groups()) if found is not None else read_envelope(Cursor(octets, lenient=True))


def read_envelope_plainly(c: Cursor) -> Envelope:
    """``read_envelope`` field by field, for any envelope; the quick way must give the same record."""
    c.expect(b"(")
    c.enter()
    envelope = _read_loose(c) if c.lenient else _read_strict(c)
    c.leave()
    return envelope


def _common(parts: tuple[bytes, ...]) -> Envelope:
    """From the ten fields of an envelope without literals and escapes. From, Sender and Reply-To are mostly the same list."""
    date, subject, from_, sender, reply_to, to, cc, bcc, in_reply_to, message_id = parts
    first = _list_of(from_)
    return Envelope(
        _unquoted(date),
        _unquoted(subject),
        first,
        first if sender == from_ else _list_of(sender),
        first if reply_to == from_ else _list_of(reply_to),
        _list_of(to),
        () if cc == b"NIL" else _list_of(cc),
        () if bcc == b"NIL" else _list_of(bcc),
        _unquoted(in_reply_to),
        _unquoted(message_id),
    )


def _list_of(octets: bytes) -> tuple[Address, ...]:
    """Addresses from their octets. Short lists are remembered: a mailbox holds much mail of few people."""
    return _known_list(octets) if len(octets) <= _SHORT else _new_list(octets)


def _new_list(octets: bytes) -> tuple[Address, ...]:
    if octets == b"NIL":
        return ()
    return tuple(
        [
            Address(_unquoted(name), _unquoted(route), _unquoted(mailbox), _unquoted(host))
            for name, route, mailbox, host in _ADDRESS.findall(octets)
        ]
    )


_known_list = lru_cache(maxsize=2048)(_new_list)


def _unquoted(octets: bytes) -> bytes | None:
    return None if octets == b"NIL" else octets[1:-1]


def _read_strict(c: Cursor) -> Envelope:
    date = c.nstring()
    c.sp()
    subject = c.nstring()
    c.sp()
    lists: list[tuple[Address, ...]] = []
    for _ in range(6):
        lists.append(read_addresses(c))
        c.sp()
    in_reply_to = c.nstring()
    c.sp()
    message_id = c.nstring()
    c.expect(b")")
    return Envelope(
        date, subject, lists[0], lists[1], lists[2], lists[3], lists[4], lists[5], in_reply_to, message_id
    )


def _read_loose(c: Cursor) -> Envelope:
    """Whatever there is, in its order. Where address lists are left out, the strings at the end are recognised as such."""
    strings: list[bytes | None] = []
    lists: list[tuple[Address, ...]] = []
    c.skip_spaces()
    while not c.accept(b")"):
        if len(strings) < 2:
            strings.append(read_loose_nstring(c))
        elif len(lists) < 6 and not c.at_string():
            lists.append(read_addresses(c))
        elif len(strings) < 4:
            strings.append(read_loose_nstring(c))
        else:
            c.skip_value()
        c.skip_spaces()
    strings += [None] * (4 - len(strings))
    lists += [()] * (6 - len(lists))
    return Envelope(
        strings[0],
        strings[1],
        lists[0],
        lists[1],
        lists[2],
        lists[3],
        lists[4],
        lists[5],
        strings[2],
        strings[3],
    )


def write_address(w: Writer, address: Address) -> None:
    w.raw(b"(").nstring(address.name).sp().nstring(address.route).sp()
    w.nstring(address.mailbox).sp().nstring(address.host).raw(b")")


def write_addresses(w: Writer, addresses: Sequence[Address]) -> None:
    """NIL, or the addresses without anything between them."""
    if not addresses:
        w.raw(b"NIL")
        return
    w.raw(b"(")
    for address in addresses:
        write_address(w, address)
    w.raw(b")")


def write_envelope(w: Writer, envelope: Envelope) -> None:
    w.raw(b"(").nstring(envelope.date).sp().nstring(envelope.subject).sp()
    for addresses in (
        envelope.from_,
        envelope.sender,
        envelope.reply_to,
        envelope.to,
        envelope.cc,
        envelope.bcc,
    ):
        write_addresses(w, addresses)
        w.sp()
    w.nstring(envelope.in_reply_to).sp().nstring(envelope.message_id).raw(b")")
