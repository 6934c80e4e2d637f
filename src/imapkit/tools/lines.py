"""Messages as lines and as JSON objects: what ``summary``, ``search`` and ``demo`` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ..errors import ImapError
from ..message.charset import to_text
from ..message.decode import UnknownEncoding, decode_body
from ..message.preview import strip_markup
from ..protocol.numset import NumSet
from . import words

if TYPE_CHECKING:
    from imapkit import Mailbox, Message

HEAD: Final = ("uid", "", "date", "from", "subject")
_BATCH: Final = 200
_WORDS: Final = 1000
"""Octets of a text to read for its first words."""
_SHOWN: Final = 120
_LETTERS: Final = (("\\Seen", "", "N"), ("\\Flagged", "F", ""), ("\\Answered", "A", ""), ("\\Deleted", "D", ""),
                   ("\\Draft", "d", ""))  # fmt: skip


def batches(uids: NumSet) -> Iterator[NumSet]:
    """Sets of not too many messages, so that an account of any size takes little memory."""
    held: list[int] = []
    for uid in uids.numbers():
        held.append(uid)
        if len(held) == _BATCH:
            yield NumSet.from_numbers(held)
            held = []
    if held:
        yield NumSet.from_numbers(held)


def newest(uids: NumSet, limit: int | None) -> NumSet:
    """The last ``limit`` of them."""
    if limit is None or uids.count() <= limit:
        return uids
    return NumSet.from_numbers(list(uids.numbers())[-limit:] if limit > 0 else [])


def messages(mailbox: Mailbox, uids: NumSet, *, structure: bool = False) -> Iterator[Message]:
    """The messages of one batch with what a line needs, by UID."""
    from .. import Envelope, Flags, InternalDate, Size, Structure

    items = (Flags, Envelope, InternalDate, Size, *((Structure,) if structure else ()))
    return iter(sorted(mailbox.fetch(uids, *items), key=lambda message: message.data.uid or 0))


def flag_letters(flags: Iterable[str]) -> str:
    """N new, F flagged, A answered, D deleted, d draft."""
    have = set(flags)
    return "".join(yes if flag in have else no for flag, yes, no in _LETTERS)


def day(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else ""


def sender(message: Message) -> str:
    """The name of the first author, else the address."""
    for address in message.from_:
        return address.name or address.email
    return ""


def row(message: Message) -> tuple[str, ...]:
    """The columns of HEAD."""
    uid = str(message.data.uid or "?")
    if message.broken is not None or message.data.envelope is None:
        return uid, "", "", "", f"(the server's answer cannot be read: {message.broken or 'no envelope'})"
    flags = flag_letters(message.data.flags or ())
    return uid, flags, day(message.date), sender(message), message.subject or "(no subject)"


def fields(message: Message) -> dict[str, object]:
    """A message as an object; only the UID and what is wrong where the answer could not be read."""
    found: dict[str, object] = {"uid": message.data.uid}
    if message.broken is not None or message.data.envelope is None:
        found["broken"] = message.broken or "no envelope"
        return found
    envelope = message.envelope
    found["flags"] = sorted(message.data.flags or ())
    found["date"] = envelope.date.isoformat() if envelope.date else None
    found["internaldate"] = message.internaldate.isoformat() if message.internaldate else None
    for name, addresses in (("from", envelope.from_), ("to", envelope.to), ("cc", envelope.cc)):
        found[name] = [{"name": one.name, "email": one.email} for one in addresses]
    found["subject"] = envelope.subject
    found["message_id"] = envelope.message_id or None
    found["size"] = message.data.size
    return found


# The first words


def text_part(message: Message) -> str | None:
    """The number of the part to read: the first plain text that is no attachment, else the first HTML."""
    found: dict[str, str] = {}
    for part in message.parts:
        if (
            not part.is_multipart
            and part.type in ("text/plain", "text/html")
            and part.disposition != "attachment"
        ):
            found.setdefault(part.type, part.number)
    return found.get("text/plain") or found.get("text/html")


def first_words(mailbox: Mailbox, found: list[Message]) -> dict[int, str]:
    """The first words of each message (fetched with its structure), asked for in few commands."""
    from .. import PartBody

    wanted: dict[str, list[Message]] = {}
    for message in found:
        number = text_part(message) if _has_structure(message) else None
        if number is not None:
            wanted.setdefault(number, []).append(message)
    told: dict[int, str] = {}
    for number, those in wanted.items():
        by_uid = {message.uid: message for message in those}
        item = PartBody(number, partial=(0, _WORDS))
        for answer in mailbox.fetch(NumSet.from_numbers(by_uid), item):
            uid = answer.data.uid
            data = answer.data.section(item.section, 0)
            if uid in by_uid and data is not None:
                told[uid] = _words(by_uid[uid], number, data.read())
    return told


def part_list(message: Message) -> str:
    """The parts of a message on one line."""
    if not _has_structure(message):
        return ""
    return ", ".join(
        part.type + (f" ({part.filename})" if part.filename else "")
        for part in message.parts
        if not part.is_multipart
    )


def _has_structure(message: Message) -> bool:
    return message.broken is None and (message.data.bodystructure or message.data.body) is not None


def _words(message: Message, number: str, data: bytes) -> str:
    try:
        part = message.part(number)
        decoded = decode_body(data, part.encoding)
    except (ImapError, UnknownEncoding):
        return ""
    text = to_text(decoded, (part.charset or "").encode("latin-1", "replace"))
    if part.type == "text/html":
        text = strip_markup(text)
    short = " ".join(text.split())[:_SHOWN]
    return words.one_line(short)
