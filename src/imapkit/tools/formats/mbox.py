"""mbox files, as mboxrd: a line that begins with any number of ``>`` and ``From `` gets one more ``>`` when written, loses one when read.

The date stands on the From_ line; flags stand in Status, X-Status, X-Keywords and X-Mozilla-Status, which are not part of the mail.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from ...errors import UsageError
from ...message.headers import fields
from ...message.line_ends import with_crlf
from ...protocol import flags as f
from .base import (
    MAX_OCTETS,
    BadFile,
    FileMessage,
    Found,
    OutMessage,
    arrival,
    from_file_name,
    header_of,
    moment,
    why,
    with_lf,
)
from .tree import Tree, open_private, private_directory

# A From_ line has a time and a year: "From the beginning …" in a text has not.
_FROM: Final = re.compile(rb"From .*\d\d:\d\d.*\b(?:19|20)\d\d\b")
_FROM_DATE: Final = re.compile(
    rb"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?(?: [A-Z]{2,5})? (\d{4})(?: ([+-]\d{4}))?"
)
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_TO_QUOTE: Final = re.compile(rb"^(>*From )", re.MULTILINE)
_OWN: Final = frozenset(
    {b"status", b"x-status", b"x-keywords", b"x-uid", b"x-imap", b"x-imapbase", b"x-mozilla-status",
     b"x-mozilla-status2", b"x-mozilla-keys"}
)  # fmt: skip
_LETTERS: Final = {"R": f.SEEN, "A": f.ANSWERED, "F": f.FLAGGED, "D": f.DELETED, "T": f.DRAFT}
_MOZILLA: Final = {0x1: f.SEEN, 0x2: f.ANSWERED, 0x4: f.FLAGGED, 0x8: f.DELETED, 0x1000: f.FORWARDED}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SUFFIX: Final = ".mbox"
_LONG_LINE: Final = 1024 * 1024


def is_mbox(path: Path) -> bool:
    """Whether the file begins as an mbox does; an empty one is one too, if it is called so."""
    try:
        with path.open("rb") as file:
            start = file.read(5)
    except OSError:
        return False
    return start == b"From " or (not start and path.suffix == _SUFFIX)


class MboxReader:
    """One file, or a directory of them (also as Thunderbird keeps them, with ``.sbd`` directories)."""

    def __init__(self, path: Path) -> None:
        self._tree = Tree(path)
        self._files = [(path, "")] if not path.is_dir() else list(_mailboxes(self._tree, path, ""))

    def total(self) -> int:
        return sum(path.stat().st_size for path, _ in self._files)

    def messages(self) -> Iterator[Found]:
        yield from self._tree.passed_over
        for path, mailbox in self._files:
            try:
                yield from _read(path, mailbox)
            except OSError as error:
                yield BadFile(str(path), why(error))


def _mailboxes(tree: Tree, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    for entry in tree.entries(path):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _mailboxes(tree, entry, f"{name}{from_file_name(entry.name.removesuffix('.sbd'))}/")
        elif is_mbox(entry):
            yield entry, name + from_file_name(entry.name.removesuffix(_SUFFIX))


def _read(path: Path, mailbox: str) -> Iterator[Found]:
    with path.open("rb") as file:
        fallback = moment(os.fstat(file.fileno()).st_mtime)
        for offset, line, data, octets in _split(file):
            source = f"{path} at octet {offset}"
            if line is None:
                yield BadFile(str(path), "not an mbox: it does not begin with a From line")
                return
            if data is None:
                reason = f"{octets} octets are more than a message may have ({MAX_OCTETS})"
                yield BadFile(source, reason, octets)
            else:
                found = _message(source, mailbox, line, data, octets, fallback)
                if found is not None:
                    yield found


def _split(file: BinaryIO) -> Iterator[tuple[int, bytes | None, bytes | None, int]]:
    """(offset, From_ line, octets or None where there are too many, how many were read)."""
    head: bytes | None = None
    lines: list[bytes] = []
    start = at = size = 0
    after_blank = True
    while line := file.readline(_LONG_LINE):
        if after_blank and line.startswith(b"From ") and (head is None or _FROM.match(line)):
            if head is not None:
                yield start, head, b"".join(lines) if size <= MAX_OCTETS else None, at - start
            head, lines, start, size = line, [], at, 0
        elif head is None:
            if line.strip():
                yield at, None, None, len(line)
                return
        else:
            size += len(line)
            if size <= MAX_OCTETS:
                lines.append(line)
            else:
                lines.clear()
        after_blank = line in (b"\n", b"\r\n")
        at += len(line)
    if head is not None:
        yield start, head, b"".join(lines) if size <= MAX_OCTETS else None, at - start


def _message(
    source: str, mailbox: str, line: bytes, data: bytes, octets: int, fallback: datetime
) -> Found | None:
    data = with_crlf(data)
    if data.endswith(b"\r\n\r\n") or data == b"\r\n":
        data = data[:-2]  # the blank line before the next From_ line
    data = _QUOTED.sub(rb"\1", data)
    header = header_of(data)
    flags, kept, internal = _flags(header)
    if internal:
        return None
    content = kept + data[len(header) :]
    if not content.strip():
        return BadFile(source, "the message is empty", octets)
    return FileMessage(source, mailbox, flags, _date(line) or arrival(header) or fallback, content, octets)


def _flags(header: bytes) -> tuple[frozenset[str], bytes, bool]:
    """What the file's own fields say, the header without them, and whether this is no mail but a mail program's notes."""
    found: set[str] = set()
    kept: list[bytes] = []
    end = 0
    internal = False
    for field in fields(header):
        name, value = field.name.lower(), field.value.strip()
        start = header.index(field.raw, end)
        kept.append(header[end:start])
        end = start + len(field.raw)
        if name not in _OWN:
            kept.append(field.raw)
            continue
        text = value.decode("utf-8", "replace")
        if name in (b"status", b"x-status"):
            found.update(_LETTERS[letter] for letter in text if letter in _LETTERS)
        elif name in (b"x-keywords", b"x-mozilla-keys"):
            found.update(f.canonical(word) for word in re.split(r"[\s,]+", text) if word)
        elif name == b"x-mozilla-status" and re.fullmatch("[0-9a-fA-F]{1,8}", text):
            found.update(flag for bit, flag in _MOZILLA.items() if int(text, 16) & bit)
        elif name == b"x-imap":
            internal = b"FOLDER INTERNAL DATA" in header
    return frozenset(found), b"".join(kept) + header[end:], internal


def _date(line: bytes) -> datetime | None:
    found = _FROM_DATE.search(line)
    if found is None:
        return None
    month, day, hour, minute, second, year, zone = (
        part.decode("ascii") if part else "" for part in found.groups()
    )
    try:
        text = f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{hour}:{minute}:{second or '00'}{zone or '+0000'}"
        return datetime.fromisoformat(text)
    except ValueError:
        return None


# Writing


class MboxFolder:
    """One file, written beside its place and renamed when it is complete."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise UsageError(f"{path} is there already: move it away, or name another place")
        private_directory(path.parent)
        self._path = path
        self._staged = path.with_name(path.name + ".part")
        self._file = open_private(self._staged, "wb")

    def add(self, message: OutMessage) -> bool:
        self._file.write(_from_line(message.date))
        data = with_lf(message.content)
        header = header_of(data)
        plain = header.rstrip(b"\n")
        self._file.write(_TO_QUOTE.sub(rb">\1", plain) + (b"\n" if plain else b""))
        self._file.write(_own_fields(message.flags) + b"\n")
        body = data[len(header) :]
        self._file.write(_TO_QUOTE.sub(rb">\1", body))
        self._file.write(b"\n" if body.endswith(b"\n") or not body else b"\n\n")
        return True

    def close(self, *, complete: bool) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if complete:
            self._staged.rename(self._path)
        else:
            self._staged.unlink()


def _from_line(date: datetime) -> bytes:
    utc = date.astimezone(UTC)
    text = f"{_DAYS[utc.weekday()]} {_MONTHS[utc.month - 1]} {utc.day:2} {utc:%H:%M:%S} {utc.year:04}"
    return f"From MAILER-DAEMON {text}\n".encode("ascii")


def _own_fields(flags: frozenset[str]) -> bytes:
    """Status and its kin; a keyword that is not ASCII cannot be, so none needs care."""
    status = "RO" if f.SEEN in flags else "O"
    more = "".join(letter for letter, flag in _LETTERS.items() if letter != "R" and flag in flags)
    keywords = " ".join(sorted(filter(f.is_keyword, flags)))
    lines = [
        f"Status: {status}",
        f"X-Status: {more}" if more else "",
        f"X-Keywords: {keywords}" if keywords else "",
    ]
    return "".join(f"{line}\n" for line in lines if line).encode("utf-8", "replace")
