"""What all file formats have in common: a message with its origin, line ends, and the formats' interface.

The rule this package must not break: a reader holds one message at a time, names the file when it cannot read one, and goes on.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from ...message.dates import parse_date
from ...message.headers import fields
from ...protocol.mailbox import DELIMITER, INBOX
from ...record import record

MAX_OCTETS: Final = 64 * 1024 * 1024
"""A larger message is refused: the server would not take it either."""

_HEADER_END: Final = re.compile(rb"\r?\n\r?\n|\A\r?\n")


class Format(enum.Enum):
    """How mail lies in files."""

    MAILDIR = "maildir"
    MBOX = "mbox"
    EML = "eml"


@record
class FileMessage:
    """A message out of a file. ``mailbox`` is the folder inside what is read: "" for its top."""

    source: str
    """For people: the file, and the place in it."""
    mailbox: str
    flags: frozenset[str]
    date: datetime
    """INTERNALDATE."""
    content: bytes
    """With CRLF line ends."""
    octets: int
    """Octets read, for progress."""


@record
class BadFile:
    """Something that could not be read, and why."""

    source: str
    reason: str
    octets: int = 0


Found = FileMessage | BadFile


class Reader(Protocol):
    """One place with mail in it."""

    def total(self) -> int:
        """Octets of all files, for progress."""
        ...

    def messages(self) -> Iterator[Found]:
        """Everything, in an order that is the same each time."""
        ...


@record
class OutMessage:
    """A message on its way to a file."""

    uidvalidity: int
    uid: int
    flags: frozenset[str]
    date: datetime
    content: bytes


class FolderWriter(Protocol):
    """One mailbox being written."""

    def add(self, message: OutMessage) -> bool:
        """Write it; False when it was there already."""
        ...

    def close(self, *, complete: bool) -> None:
        """``complete``: everything was added; else what is unfinished is taken away where the format asks for that."""
        ...


def with_lf(data: bytes) -> bytes:
    """Line ends as files have them."""
    return data.replace(b"\r\n", b"\n")


def header_of(data: bytes) -> bytes:
    """The header block with its blank line."""
    found = _HEADER_END.search(data)
    return data[: found.end()] if found else data


def arrival(header: bytes) -> datetime | None:
    """When a message came, by its topmost Received field, else its Date field; None when neither can be read."""
    date: bytes | None = None
    for field in fields(header):
        name = field.name.lower()
        if name == b"received":
            found = parse_date(field.value.rpartition(b";")[2])
            if found is not None:
                return found
        elif name == b"date" and date is None:
            date = field.value
    return parse_date(date) if date is not None else None


def moment(seconds: float) -> datetime:
    """A file's time as INTERNALDATE."""
    return datetime.fromtimestamp(int(seconds), UTC)


def target(folder: str, mailbox: str | None) -> str:
    """Where a folder's messages go: ``mailbox`` is what the user asked for, None for the folders' own names."""
    if mailbox is None:
        return folder or INBOX
    return f"{mailbox}{DELIMITER}{folder}" if folder else mailbox


_DOT: Final = "%2E"
"""A dot in front would hide the file; no mailbox name holds a percent sign."""


def to_file_name(level: str) -> str:
    """A level of a mailbox name as the name of a file or directory."""
    return _DOT + level[1:] if level.startswith(".") else level


def from_file_name(name: str) -> str:
    return "." + name.removeprefix(_DOT) if name.startswith(_DOT) else name


def read_file(path: Path) -> bytes:
    """The octets. Raises OSError, and ValueError for a file that is too large."""
    size = path.stat().st_size
    if size > MAX_OCTETS:
        raise ValueError(f"{size} octets are more than a message may have ({MAX_OCTETS})")
    return path.read_bytes()


def why(error: OSError | ValueError) -> str:
    """The reason without the file's name."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
