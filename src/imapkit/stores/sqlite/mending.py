"""The octets of messages, and the rows that are made from them: what is wrong, what of it can be put right, and putting it right.

A file is named after its octets, so one that lies in another's place is found by reading it. The rules this file must not break:
looking changes nothing; and whatever is put in a file's place was complete and durable under another name before.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final, cast

import apsw
import numpy as np
import numpy.typing as npt

from imapkit.message.index import MessageIndex, index_message
from imapkit.ports.store import NewMessage
from imapkit.protocol.dates import parse_date_time
from imapkit.stores.log.content import new_content
from imapkit.wire.frame import HeldLiteral

from .blob_check import check_file
from .blobs import Blobs
from .contents import InFile, Inline, insert_contents
from .disk import Disk

_CHANGED: Final = "has other octets than were stored"
DERIVED: Final = ("content", "sort_key", "fields")
"""Tables whose rows are made from the octets of a message."""
_INCOMPLETE: Final = (
    "SELECT b.id FROM blob AS b LEFT JOIN content AS c USING (id) LEFT JOIN sort_key AS s USING (id) LEFT JOIN fields AS f USING (id)"
    " WHERE c.id IS NULL OR s.id IS NULL OR f.id IS NULL"
)
_RESIZED: Final = (
    "SELECT id, length(head) + coalesce(length(rest), 0) FROM content JOIN blob USING (id)"
    " WHERE file IS NULL AND length(head) + coalesce(length(rest), 0) <> size"
)
_FILES: Final = (
    "SELECT b.file, coalesce(min(c.size), -1), min(b.id) FROM blob AS b LEFT JOIN content AS c USING (id)"
    " WHERE b.file IS NOT NULL GROUP BY b.file"
)


@dataclass(slots=True)
class Octets:
    """What is wrong with the contents of an account."""

    lost: dict[int, str] = field(default_factory=dict)
    """Contents whose octets nobody has, and why."""
    incomplete: list[int] = field(default_factory=list)
    """Contents of which rows are missing that can be made from the octets."""
    resized: dict[int, int] = field(default_factory=dict)
    """Contents with another number of octets than was stored: the number."""
    restored: dict[str, Path] = field(default_factory=dict)
    """Files whose octets are somewhere else."""
    changed: dict[str, str] = field(default_factory=dict)
    """Files of which octets changed, and what they would be named after now."""
    bad: dict[str, str] = field(default_factory=dict)
    """Files that are not what they should be, and why."""
    back: set[int] = field(default_factory=set)
    """Contents that could not be read before."""
    known: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Contents that have octets, ascending; the lost among them."""
    unnamed: list[Path] = field(default_factory=list)
    """Whole files that no row names."""

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.incomplete or self.resized or self.bad)


def look_at_octets(db: apsw.Connection, blobs: Blobs) -> Octets:
    """Reads every file. Inside a transaction."""
    found = Octets()
    found.known = np.array(_ids(db, "SELECT id FROM blob ORDER BY id"), np.int64)
    query = "SELECT id FROM content LEFT JOIN blob USING (id) WHERE blob.id IS NULL"
    found.lost = dict.fromkeys(_ids(db, query), "its octets are not there")
    found.incomplete = _ids(db, _INCOMPLETE)
    found.resized = dict(cast("list[tuple[int, int]]", db.execute(_RESIZED).fetchall()))
    found.back = {*found.incomplete, *found.resized}
    _look_at_files(db, blobs, found)
    return found


def _ids(db: apsw.Connection, query: str, *values: str | int) -> list[int]:
    return [cast(int, row[0]) for row in db.execute(query, values).fetchall()]


def _look_at_files(db: apsw.Connection, blobs: Blobs, found: Octets) -> None:
    rows = cast("list[tuple[str, int, int]]", db.execute(_FILES).fetchall())
    named = {name for name, _, _ in rows}
    elsewhere: dict[str, Path] = {}
    digests: dict[str, str] = {}
    for name, size, _ in rows:
        path = blobs.path(name)
        verdict = check_file(path, name, size if size >= 0 else _size_of(path))
        if verdict.fault:
            found.bad[name] = verdict.fault
            digests[name] = verdict.digest
            elsewhere |= _real_place(path, verdict.digest)
    found.unnamed = [path for path in blobs.files() if path.name not in named and _is_whole(path)]
    if not found.bad:
        return
    for path in blobs.others():
        elsewhere.setdefault(check_file(path, "", 0).digest, path)
    for path in found.unnamed:
        elsewhere.setdefault(path.name, path)
    for name, _, number in rows:
        if name in found.bad:
            _judge(db, blobs, found, name, number, digests[name], elsewhere)


def _size_of(path: Path) -> int:
    return path.lstat().st_size if path.exists() else 0


def _is_whole(path: Path) -> bool:
    return not check_file(path, path.name, _size_of(path)).fault


def _real_place(path: Path, digest: str) -> dict[str, Path]:
    """Whose octets lie there: in a file, or where a link leads."""
    if digest:
        return {digest: path}
    target = path.resolve() if path.is_symlink() else path
    found = check_file(target, "", 0).digest
    return {found: target} if found else {}


def _judge(
    db: apsw.Connection, blobs: Blobs, found: Octets, name: str, number: int, digest: str,
    elsewhere: dict[str, Path],
) -> None:  # fmt: skip
    contents = _ids(db, "SELECT id FROM blob WHERE file = ?", name)
    if name in elsewhere:
        found.restored[name] = elsewhere[name]
        found.back.update(contents)
    elif found.bad[name] == _CHANGED and _begins_with_header(db, blobs, name, number):
        found.changed[name] = digest
    else:
        found.lost |= dict.fromkeys(contents, f"its file {found.bad[name]}")


def _begins_with_header(db: apsw.Connection, blobs: Blobs, name: str, number: int) -> bool:
    """Whether it is the same message still: the header is in its row, too."""
    head = cast(bytes, db.execute("SELECT head FROM blob WHERE id = ?", (number,)).fetchall()[0][0])
    with blobs.path(name).open("rb") as file:
        return file.read(len(head)) == head


# Putting right


def restore_files(blobs: Blobs, found: Octets, disk: Disk) -> None:
    """Files go where they belong. Those that are wrong there were copied aside before."""
    fresh: list[tuple[Path, Path]] = []
    for name, source in found.restored.items():
        fresh.append((_durable_copy(blobs, source, disk), blobs.path(name)))
    for name, digest in found.changed.items():
        fresh.append((_durable_copy(blobs, blobs.path(name), disk), blobs.path(digest)))
    for copy, place in fresh:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            os.rename(place, blobs.aside())
        os.replace(copy, place)
        disk.sync_directory(place.parent)
    if fresh:
        disk.sync_directory(blobs.directory)


def _durable_copy(blobs: Blobs, source: Path, disk: Disk) -> Path:
    copy = blobs.aside()
    copy.parent.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as into, source.open("rb") as file:
        shutil.copyfileobj(file, into, 1 << 20)
        into.flush()
        disk.sync_file(into.fileno(), copy)
    return copy


def mend_rows(db: apsw.Connection, blobs: Blobs, found: Octets, dates: dict[int, tuple[int, int]]) -> None:
    """Inside the transaction. ``dates``: INTERNALDATE and its zone, of contents whose row is lost."""
    for name, digest in found.changed.items():
        db.execute("UPDATE blob SET file = ? WHERE file = ?", (digest, name))
    for number in found.resized:
        for table in (*DERIVED[1:], "text"):
            db.execute(f"DELETE FROM {table} WHERE id = ?", (number,))
    for number in [*found.incomplete, *found.resized]:
        if number not in found.lost:
            _make_rows(db, blobs, number, dates)
    for number in found.lost:
        for table in (*DERIVED, "text", "blob"):
            db.execute(f"DELETE FROM {table} WHERE id = ?", (number,))


def _make_rows(db: apsw.Connection, blobs: Blobs, number: int, dates: dict[int, tuple[int, int]]) -> None:
    head, file, rest = cast(
        "tuple[bytes, str | None, bytes | None]",
        db.execute("SELECT head, file, rest FROM blob WHERE id = ?", (number,)).fetchall()[0],
    )
    data = head + (rest or b"") if file is None else blobs.path(file).read_bytes()
    index = index_message(data)
    when, email_id = _kept_of(db, number, index, dates)
    db.execute("DELETE FROM blob WHERE id = ?", (number,))
    for table in DERIVED:
        db.execute(f"DELETE FROM {table} WHERE id = ?", (number,))
    message = NewMessage(HeldLiteral(data), index, frozenset(), when, email_id)
    octets = len(index.header)
    blob = Inline(data[:octets], data[octets:]) if file is None else InFile(index.header, file)
    insert_contents(db, number, [new_content(message, blob)])


def _kept_of(
    db: apsw.Connection, number: int, index: MessageIndex, dates: dict[int, tuple[int, int]]
) -> tuple[datetime, str | None]:
    """INTERNALDATE and EMAILID: of the row, else of the mailbox, else the message's own date."""
    rows = cast(
        "list[tuple[bytes, str | None]]",
        db.execute("SELECT internaldate, email_id FROM content WHERE id = ?", (number,)).fetchall(),
    )
    when = parse_date_time(rows[0][0]) if rows else None
    if when is not None:
        return when, rows[0][1]
    date, zone = dates.get(number, (index.sent or int(datetime.now(UTC).timestamp()), 0))
    return datetime.fromtimestamp(date, timezone(timedelta(minutes=zone))), None


def take_in(db: apsw.Connection, paths: list[Path], first: int) -> list[int]:
    """Files that no row names, as contents from ``first`` on."""
    numbers: list[int] = []
    for number, path in enumerate(paths, first):
        data = path.read_bytes()
        index = index_message(data)
        sent = index.sent or int(path.stat().st_mtime)
        message = NewMessage(HeldLiteral(data), index, frozenset(), datetime.fromtimestamp(sent, UTC))
        insert_contents(db, number, [new_content(message, InFile(index.header, path.name))])
        numbers.append(number)
    return numbers
