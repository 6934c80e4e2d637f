"""A message as far as it was fetched, in pleasant form: decoded text, aware dates, parts. No I/O.

Rules: nothing is decoded before it is asked for; what was not fetched raises, and is never made up; a message whose answer could
not be read is there all the same, and says so by ``broken``.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import formataddr
from typing import TYPE_CHECKING, NoReturn, TypeVar

from ..errors import UsageError
from ..features.fetch_data import FetchData
from ..features.fetch_section import HEADER, WHOLE, Section
from ..message.dates import understood_date
from ..message.headers import fields, header_part
from ..message.words import decode_params, decode_words
from ..protocol import flags as names
from ..protocol.bodypart import BodyPart, MultiPart, media_type
from ..protocol.envelope import Address as RawAddress
from ..protocol.envelope import Envelope as RawEnvelope
from ..protocol.envelope import mailboxes
from ..protocol.given import plain_text
from ..record import value

if TYPE_CHECKING:
    from email.message import EmailMessage

T = TypeVar("T")


@value
class Address:
    """Somebody: ``name`` decoded, maybe empty; ``email`` as ``box@host``."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email

    @property
    def header(self) -> str:
        """As it may stand in a header field."""
        return formataddr((self.name, self.email))


def _addresses(raw: tuple[RawAddress, ...]) -> tuple[Address, ...]:
    return tuple(_address(found) for found in mailboxes(raw))


def _address(raw: RawAddress) -> Address:
    name = decode_words(raw.name) if raw.name else ""
    if raw.host is None and raw.name is not None and b"@" in raw.name and raw.mailbox:
        name = decode_words(raw.mailbox)  # a server that swaps the two
    return Address(name, raw.email)


class MessageEnvelope:
    """An ENVELOPE, decoded. ``raw`` is what came."""

    __slots__ = ("raw",)

    def __init__(self, raw: RawEnvelope) -> None:
        self.raw = raw

    def __repr__(self) -> str:
        return f"<MessageEnvelope {self.subject!r} from {', '.join(map(str, self.from_))}>"

    @property
    def subject(self) -> str:
        return _text(self.raw.subject)

    @property
    def date(self) -> datetime | None:
        """The Date field in its own zone; None when it is none."""
        return understood_date(self.raw.date) if self.raw.date else None

    @property
    def from_(self) -> tuple[Address, ...]:
        return _addresses(self.raw.from_)

    @property
    def sender(self) -> tuple[Address, ...]:
        return _addresses(self.raw.sender)

    @property
    def reply_to(self) -> tuple[Address, ...]:
        return _addresses(self.raw.reply_to)

    @property
    def to(self) -> tuple[Address, ...]:
        return _addresses(self.raw.to)

    @property
    def cc(self) -> tuple[Address, ...]:
        return _addresses(self.raw.cc)

    @property
    def bcc(self) -> tuple[Address, ...]:
        return _addresses(self.raw.bcc)

    @property
    def in_reply_to(self) -> str:
        return _text(self.raw.in_reply_to)

    @property
    def message_id(self) -> str:
        return _text(self.raw.message_id)


def _text(raw: bytes | None) -> str:
    return decode_words(raw) if raw else ""


class PartInfo:
    """One part of a message, from BODYSTRUCTURE. ``number`` is how IMAP calls it: "1.2"."""

    def __init__(self, path: tuple[int, ...], structure: BodyPart) -> None:
        self.path = path
        self.structure = structure

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number or '(all)'} {self.type} {self.filename or ''}>"

    @property
    def number(self) -> str:
        return ".".join(map(str, self.path))

    @property
    def type(self) -> str:
        """``text/plain``, in lower case."""
        return media_type(self.structure)

    @property
    def is_multipart(self) -> bool:
        return isinstance(self.structure, MultiPart)

    @property
    def params(self) -> dict[str, str]:
        """Parameters of Content-Type, decoded, by lower-case name."""
        return decode_params(self.structure.params)

    @property
    def charset(self) -> str | None:
        return self.params.get("charset")

    @property
    def disposition(self) -> str | None:
        """``attachment`` or ``inline``, in lower case."""
        found = self.structure.extension.disposition
        return found.type.decode("latin-1").lower() if found else None

    @property
    def filename(self) -> str | None:
        """The name its sender gave it, as it came: not safe to use as a path (``safe_filename`` is)."""
        found = self.structure.extension.disposition
        given = decode_params(found.params).get("filename") if found else None
        return given or self.params.get("name") or self.params.get("filename")

    @property
    def safe_filename(self) -> str:
        """A name for a file, whatever the sender wrote: no directories, nothing hidden, never empty."""
        from .files import safe_name

        return safe_name(self.filename or f"part-{self.number or '0'}", self.type)

    @property
    def encoding(self) -> bytes | None:
        return None if isinstance(self.structure, MultiPart) else self.structure.encoding

    @property
    def size(self) -> int:
        """Octets as they travel, still encoded; 0 for a multipart."""
        return 0 if isinstance(self.structure, MultiPart) else self.structure.octets

    @property
    def content_id(self) -> str | None:
        raw = None if isinstance(self.structure, MultiPart) else self.structure.id
        return raw.decode("utf-8", "replace") if raw else None

    @property
    def description(self) -> str:
        return "" if isinstance(self.structure, MultiPart) else _text(self.structure.description)


class MessageInfo:
    """What was fetched of a message. Attributes that were not fetched raise UsageError."""

    def __init__(self, data: FetchData) -> None:
        self.data = data
        """All data as typed records."""

    def __repr__(self) -> str:
        subject = f" {_text(self.data.envelope.subject)!r}" if self.data.envelope is not None else ""
        state = f" broken: {self.broken}" if self.broken is not None else ""
        return f"<{type(self).__name__} {self.data.uid}{subject}{state}>"

    @property
    def broken(self) -> str | None:
        """Why the server's answer about this message could not be read; None when all is well."""
        return self.data.error

    @property
    def seq(self) -> int:
        """The message number at the moment it was fetched."""
        return self.data.seq

    @property
    def uid(self) -> int:
        return self._need(self.data.uid, "the UID", "Uid")

    @property
    def flags(self) -> frozenset[str]:
        return frozenset(self._need(self.data.flags, "the flags", "Flags"))

    @property
    def seen(self) -> bool:
        return names.SEEN in self.flags

    @property
    def flagged(self) -> bool:
        return names.FLAGGED in self.flags

    @property
    def answered(self) -> bool:
        return names.ANSWERED in self.flags

    @property
    def internaldate(self) -> datetime | None:
        """When the message came into the mailbox; None when the server sent no valid date."""
        return self.data.internaldate

    @property
    def size(self) -> int:
        """Octets of the whole message."""
        return self._need(self.data.size, "the size", "Size")

    @property
    def modseq(self) -> int:
        return self._need(self.data.modseq, "the MODSEQ", "ModSeq")

    @property
    def email_id(self) -> str | None:
        return self.data.email_id

    @property
    def thread_id(self) -> str | None:
        return self.data.thread_id

    @property
    def envelope(self) -> MessageEnvelope:
        return MessageEnvelope(self._need(self.data.envelope, "the envelope", "Envelope"))

    @property
    def subject(self) -> str:
        return self.envelope.subject

    @property
    def from_(self) -> tuple[Address, ...]:
        return self.envelope.from_

    @property
    def to(self) -> tuple[Address, ...]:
        return self.envelope.to

    @property
    def date(self) -> datetime | None:
        """The Date field; when there is none, the date of arrival, if that was fetched."""
        return self.envelope.date or self.data.internaldate

    @property
    def structure(self) -> BodyPart:
        """The tree of parts as typed records."""
        found = self.data.bodystructure if self.data.bodystructure is not None else self.data.body
        if found is None:
            self._missing("the structure", "Structure")
        return found

    @property
    def raw(self) -> bytes:
        """The octets of the whole message."""
        found = self.data.section(WHOLE)
        return self._need(found.read() if found is not None else None, "the whole message", "Body")

    def section(self, section: Section, origin: int | None = None) -> bytes | None:
        """The octets of a section that was fetched; None when there is none. ``origin``: of a piece of it, where that begins."""
        found = self.data.section(section, origin)
        return found.read() if found is not None else None

    @property
    def raw_header(self) -> bytes:
        """The header, or as many of its fields as were fetched."""
        for found in self.data.sections:
            if found.section.path or found.origin is not None or found.data is None:
                continue
            if found.section.text.startswith(HEADER):
                return found.data.read()
        whole = self.data.section(WHOLE)
        if whole is not None:
            return header_part(whole.read())
        raise UsageError("the header was not fetched: ask for Header, HeaderFields(...) or Body")

    def header(self, name: str) -> str | None:
        """One header field, decoded; None when there is none."""
        low = plain_text(name, "the name of a field").lower().encode("utf-8")
        return next(
            (decode_words(field.value) for field in fields(self.raw_header) if field.name.lower() == low),
            None,
        )

    def email(self) -> EmailMessage:
        """The whole message for the ``email`` package; only its header if no more was fetched."""
        from email.parser import BytesParser
        from email.policy import default

        whole = self.data.section(WHOLE)
        raw = whole.read() if whole is not None else self.raw_header
        return BytesParser(policy=default).parsebytes(raw)

    def _need(self, found: T | None, what: str, item: str) -> T:
        if found is None:
            self._missing(what, item)
        return found

    def _missing(self, what: str, item: str) -> NoReturn:
        if self.broken is not None:
            raise UsageError(f"{what} of message {self.data.uid} could not be read: {self.broken}")
        raise UsageError(f"{what} of message {self.data.uid} was not fetched: ask for {item}")
