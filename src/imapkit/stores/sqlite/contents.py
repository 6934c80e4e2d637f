"""Content rows: written once when a message arrives, read in chunks by a join on the wanted ids (STORE rule 17)."""

from __future__ import annotations

import hashlib
import threading
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, cast

import apsw
import zstandard

from imapkit.errors import StoreBroken
from imapkit.message import header_search
from imapkit.message.chosen import codes_of
from imapkit.message.headers import select_from_all
from imapkit.message.scan import scan
from imapkit.message.text import APART, body_text_of, part_headers_of, search_header, search_text
from imapkit.ports.blob import Part
from imapkit.ports.store import AnyColumn, Column, HeaderFields
from imapkit.query.collate import VERSION as COLLATION
from imapkit.query.index import IdColumn, TextColumn
from imapkit.record import record
from imapkit.stores.log.content import NewContent, ancestors, thread_keys

from .blobs import Blobs
from .fields import choose_fields
from .handle import HasConnection

INLINE = 64 * 1024
"""Messages up to this size live in the blob table."""
TEXT_VERSION = 2 << 16 | COLLATION
"""Of the stored search text: how it is made, and how it is mapped."""
LEVEL = -1
"""Of zstd: the texts take a third more room than at its usual level, and are packed and unpacked in little more than half the time."""
_TEXT_LIMIT = 64 << 20
_FEW_KEYS = 4
"""So many are looked up one by one."""
_STORED_TEXTS = "SELECT t.data, t.version FROM carray(?) AS a LEFT JOIN text AS t ON t.id = a.value"
_TABLES = (("c", "content"), ("b", "blob"), ("s", "sort_key"))
# Without the rest where the header is enough, and without either where a file has both.
_OCTETS = "SELECT CASE WHEN file IS NULL THEN head END, CASE WHEN length(head) < ? THEN rest END, file FROM blob WHERE id = ?"
_MANY_OCTETS = "SELECT CASE WHEN b.file IS NULL THEN b.head END, b.rest, b.file FROM carray(?) AS a CROSS JOIN blob AS b ON b.id = a.value"
_OPEN: Final = frozenset(
    [
        Column.ENVELOPE, Column.BODY, Column.BODYSTRUCTURE, Column.PARTS, Column.BASE_SUBJECT, Column.SORT_FROM, Column.SORT_TO,
        Column.SORT_CC, Column.DISPLAY_FROM, Column.DISPLAY_TO, Column.MESSAGE_ID, Column.REFERENCES,
    ]
)  # fmt: skip
"""Columns whose values may be much larger than they mostly are, and than the message."""
_USUAL: Final = 4096
_FIELDS = "SELECT f.marks, f.data FROM carray(?) AS a CROSS JOIN fields AS f ON f.id = a.value"
_INSERTS = (
    f"INSERT INTO content VALUES ({','.join('?' * 15)})",
    f"INSERT INTO sort_key VALUES ({','.join('?' * 11)})",
    "INSERT INTO fields VALUES (?, ?, ?)",
    "INSERT INTO blob (id, head, file, rest) VALUES (?, ?, ?, ?)",
)


@record
class Inline:
    """The octets of a small message."""

    head: bytes
    rest: bytes


@record
class InFile:
    """The octets of a large message: the name of its file, and its header."""

    head: bytes
    file: str


def _sort_keys(number: int, content: NewContent) -> tuple[int | str, ...]:
    """The row that SORT and THREAD read."""
    index = content.index
    texts = (
        index.from_mailbox, index.to_mailbox, index.cc_mailbox, index.from_display, index.to_display,
        index.message_id or "", ancestors(index),
    )  # fmt: skip
    row = (number, content.sent_time, index.base_subject, int(index.is_reply), *texts)
    if index.base_subject.isascii() and "".join(texts).isascii():
        return row
    return tuple([_storable(value) if isinstance(value, str) else value for value in row])


def _storable(text: str) -> str:
    """Without lone surrogates, which are no UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def tables_of(columns: Sequence[AnyColumn]) -> list[str]:
    """The tables that ``Contents.read`` reads for these columns."""
    chosen = [column.names for column in columns if isinstance(column, HeaderFields)]
    found = {"fields" if codes_of(names) is not None else "blob" for names in chosen}
    plain = [Contents.EXPRESSIONS.get(column, "c.id") for column in columns if isinstance(column, Column)]
    return sorted(found | {table for letter, table in _TABLES if any(f"{letter}." in each for each in plain)})


def _hash(message_id: str) -> int:
    digest = hashlib.blake2b(message_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def insert_contents(db: apsw.Connection, first: int, contents: Sequence[NewContent]) -> None:
    """Arrivals, numbered from ``first`` on: their rows, their octets, their threads; many are written table by table."""
    threads = _find_threads(db, first, [thread_keys(content.index) for content in contents])
    rows = [_rows(first + at, content, threads[at]) for at, content in enumerate(contents)]
    if len(rows) <= 1:
        for row in rows:
            for insert, values in zip(_INSERTS, row, strict=True):
                db.execute(insert, values)
        return
    for insert, several in zip(_INSERTS, zip(*rows, strict=True), strict=True):
        db.executemany(insert, several)


def _rows(number: int, content: NewContent, thread: int) -> tuple[tuple[apsw.SQLiteValue, ...], ...]:
    """One for each of ``_INSERTS``."""
    index = content.index
    row = (
        number, content.size, content.internaldate, index.envelope, index.body, index.bodystructure, index.parts,
        _storable(index.preview), content.email_id, thread, index.search_from, index.search_to, index.search_cc,
        index.search_bcc, index.search_subject,
    )  # fmt: skip
    return (
        row,
        _sort_keys(number, content),
        (number, index.marks, index.chosen),
        (number, *_kept(content.blob)),
    )


def _kept(blob: object) -> tuple[bytes, str | None, bytes | None]:
    """The octets of a message as their row has them."""
    if isinstance(blob, Inline):
        return blob.head, None, blob.rest
    if isinstance(blob, InFile):
        return blob.head, blob.file, None
    raise TypeError(f"not octets of this store: {blob!r}")


def _find_threads(db: apsw.Connection, first: int, messages: Sequence[list[str]]) -> list[int]:
    """The thread of each message: that of its first message id that is known, else a new one, named after the content.

    A thread is never merged with another.
    """
    hashes = [list(dict.fromkeys(map(_hash, message_ids))) for message_ids in messages]
    known = _known_threads(db, list({key for keys in hashes for key in keys}))
    fresh: list[tuple[int, int]] = []
    threads: list[int] = []
    for number, keys in enumerate(hashes, first):
        thread = next((known[key] for key in keys if key in known), number)
        for key in keys:
            if key not in known:
                known[key] = thread
                fresh.append((key, thread))
        threads.append(thread)
    if fresh:
        db.executemany("INSERT INTO thread VALUES (?, ?)", sorted(fresh))
    return threads


def _known_threads(db: apsw.Connection, keys: Sequence[int]) -> dict[int, int]:
    if len(keys) <= _FEW_KEYS:
        query = "SELECT key, thread FROM thread WHERE key = ?"
        found = [db.execute(query, (key,)).fetchone() for key in keys]
        return dict(cast("list[tuple[int, int]]", [row for row in found if row is not None]))
    query = "SELECT t.key, t.thread FROM carray(?) AS a CROSS JOIN thread AS t ON t.key = a.value"
    return dict(cast("list[tuple[int, int]]", db.execute(query, (apsw.carray(array("q", keys)),)).fetchall()))


def _cut(head: bytes, rest: bytes, start: int, end: int) -> bytes:
    """Octets from ``start`` to ``end`` of the two put together."""
    size = len(head)
    if start >= size:
        start -= size
        end -= size
        return rest if start == 0 and end >= len(rest) else rest[start:end]
    if end <= size:
        return head[start:end]
    data = head + rest
    return data if start == 0 and end >= len(data) else data[start:end]


class _Zstd(threading.local):
    """One of each a thread: together they take 100 KB, and their making as long as a login."""

    def __init__(self) -> None:
        self.pack = zstandard.ZstdCompressor(level=LEVEL)
        self.unpack = zstandard.ZstdDecompressor()


_zstd: Final = _Zstd()


class Contents:
    """Reads the contents of one account."""

    def __init__(self, handle: HasConnection, blobs: Blobs, token: str) -> None:
        self._handle = handle
        self._blobs = blobs
        self._token = token
        self._queries: dict[tuple[tuple[Column, ...], bool], str] = {}
        self._latest_file = (0, "")
        """(content, name) of the file that was read last: large ones are read in pieces."""
        self.new_texts: dict[int, bytes] = {}
        """Texts that were made for a search, to be stored with the next change or when there is time."""

    EXPRESSIONS = {
        Column.INTERNALDATE: "c.internaldate",
        Column.ENVELOPE: "c.envelope",
        Column.BODY: "c.body",
        Column.BODYSTRUCTURE: "c.bodystructure",
        Column.PARTS: "c.parts",
        Column.PREVIEW: "c.preview",
        Column.HEADER: "b.head",
        Column.SENT: "s.sent",
        Column.BASE_SUBJECT: "s.subject",
        Column.IS_REPLY: "s.reply",
        Column.SORT_FROM: "s.sort_from",
        Column.SORT_TO: "s.sort_to",
        Column.SORT_CC: "s.sort_cc",
        Column.DISPLAY_FROM: "s.display_from",
        Column.DISPLAY_TO: "s.display_to",
        Column.MESSAGE_ID: "s.message_id",
        Column.REFERENCES: "s.ancestors",
    }
    _TEXTS = {
        TextColumn.FROM: "search_from",
        TextColumn.TO: "search_to",
        TextColumn.CC: "search_cc",
        TextColumn.BCC: "search_bcc",
        TextColumn.SUBJECT: "search_subject",
    }

    def _query(self, columns: tuple[Column, ...], usual: bool = False) -> str:
        """``usual``: NULL in place of values that are larger than usual, which SQLite then does not read."""
        query = self._queries.get((columns, usual))
        if query is None:
            ids = {
                Column.EMAILID: f"coalesce(c.email_id, printf('M{self._token}%x', c.id))",
                Column.THREADID: f"printf('T{self._token}%x', c.thread)",
            }
            wanted = [ids.get(column) or self.EXPRESSIONS[column] for column in columns]
            if usual:
                wanted = [
                    f"CASE WHEN octet_length({expression}) <= {_USUAL} THEN {expression} END"
                    if column in _OPEN
                    else expression
                    for column, expression in zip(columns, wanted, strict=True)
                ]
            query = self._queries[columns, usual] = self._select(wanted)
        return query

    def _select(self, wanted: Sequence[str]) -> str:
        query = f"SELECT {', '.join(wanted)} FROM carray(?) AS a"
        for letter, table in _TABLES:
            if any(f"{letter}." in expression for expression in wanted):
                query += f" CROSS JOIN {table} AS {letter} ON {letter}.id = a.value"
        return query

    def read_some(
        self, contents: list[int], columns: Sequence[AnyColumn], octets: int
    ) -> list[Sequence[object]]:
        """``read`` of the first, where all take much more than ``octets``; of one at least."""
        if len(contents) == 1 or _OPEN.isdisjoint(columns):
            return self.read(contents, columns)
        read = self.read(contents, columns, usual=True)
        if all(all(values) or None not in values for values in read):
            return read
        return self.read(contents[: self._fitting(contents, columns, octets)], columns)

    def _fitting(self, contents: list[int], columns: Sequence[AnyColumn], octets: int) -> int:
        """How many fit, but one at least. Of each value only its length is read."""
        wide = [f"octet_length({self.EXPRESSIONS[column]})" for column in columns if column in _OPEN]
        cursor = self._handle.db.execute(
            self._select([" + ".join(wide)]), (apsw.carray(array("q", contents)),)
        )
        try:
            for count, (size,) in enumerate(cursor):
                octets -= cast(int, size)
                if octets < 0:
                    return max(1, count)
        finally:
            cursor.close(True)
        return len(contents)

    def read(
        self, contents: list[int], columns: Sequence[AnyColumn], *, usual: bool = False
    ) -> list[Sequence[object]]:
        """Values of ``columns``, a sequence for each, in the order of the ids. Raises StoreBroken when a content is missing.

        ``usual``: None in place of those of ``_OPEN`` that are larger than usual.
        """
        plain = tuple([column for column in columns if isinstance(column, Column)])
        read: Iterator[Sequence[object]] = iter(())
        if len(plain) == 1:
            read = iter([list(chain.from_iterable(self._join(self._query(plain, usual), contents)))])
        elif plain and contents:
            read = zip(*self._join(self._query(plain, usual), contents), strict=True)
        elif plain:
            read = iter([()] * len(plain))
        return [
            self.header_fields(contents, column.names) if isinstance(column, HeaderFields) else next(read)
            for column in columns
        ]

    def header_fields(self, contents: list[int], names: frozenset[bytes]) -> list[bytes]:
        """The chosen fields of each header."""
        codes = codes_of(names)
        if codes is None:
            return select_from_all(self.headers(contents), tuple(sorted(names)))
        rows = self._join(_FIELDS, contents)
        return choose_fields(rows, codes, tuple(names), lambda at: self.headers([contents[at]])[0])

    def _join(self, query: str, contents: list[int], *more: str) -> list[tuple[object, ...]]:
        if not contents:
            return []
        rows = cast(
            "list[tuple[object, ...]]",
            self._handle.db.execute(query, (apsw.carray(array("q", contents)), *more)).fetchall(),
        )
        if len(rows) != len(contents):
            raise StoreBroken(f"{len(contents) - len(rows)} contents are missing; run fsck")
        return rows

    def joined(self, contents: list[int], column: Column) -> str:
        """The values of a column of numbers, with commas: they come out of SQLite as one text, which saves half the time."""
        source = f"(SELECT {self.EXPRESSIONS[column]} AS value FROM carray(?) AS a CROSS JOIN sort_key AS s ON s.id = a.value)"
        query = f"SELECT group_concat(value), count(value) FROM {source}"
        bound = (apsw.carray(array("q", contents)),) if contents else ()
        text, count = self._handle.db.execute(query, bound).fetchall()[0] if contents else ("", 0)
        if count != len(contents):
            raise StoreBroken(f"{len(contents) - cast(int, count)} contents are missing; run fsck")
        return cast(str, text)

    def headers(self, contents: list[int]) -> list[bytes]:
        return cast("list[bytes]", self.read(contents, [Column.HEADER])[0])

    def with_id(self, column: IdColumn, text: str) -> list[int]:
        letter = "M" if column is IdColumn.EMAIL else "T"
        number = self._number(letter, text)
        if column is IdColumn.THREAD:
            rows = [] if number is None else self._ids("SELECT id FROM content WHERE thread = ?", number)
            return rows
        found = self._ids("SELECT id FROM content WHERE email_id = ?", text)
        if number is not None:
            found += self._ids("SELECT id FROM content WHERE id = ? AND email_id IS NULL", number)
        return found

    def _number(self, letter: str, text: str) -> int | None:
        prefix = letter + self._token
        digits = text.removeprefix(prefix)
        if digits == text or not digits or digits.strip("0123456789abcdef") or len(digits) > 15:
            return None
        return int(digits, 16)

    def _ids(self, query: str, value: int | str) -> list[int]:
        return [cast(int, row[0]) for row in self._handle.db.execute(query, (value,)).fetchall()]

    def count(self, contents: Sequence[int]) -> int:
        """How many of these ids there are."""
        if not contents:
            return 0
        unique = array("q", sorted(set(contents)))
        query = "SELECT count(*) FROM carray(?) AS a CROSS JOIN content AS c ON c.id = a.value"
        return cast(int, self._handle.db.execute(query, (apsw.carray(unique),)).fetchall()[0][0])

    # Octets

    def size(self, number: int) -> int:
        """How many octets a message has."""
        rows = self._handle.db.execute("SELECT size FROM content WHERE id = ?", (number,)).fetchall()
        if not rows:
            raise StoreBroken(f"there is no content {number}")
        return cast(int, rows[0][0])

    def octets(self, number: int, offset: int, length: int) -> bytes:
        """Octets from ``offset``, at most ``length``: one look-up, and for a large message one read of its file."""
        found = self._look_up(number, offset, offset + length)
        return self._blobs.read(found, offset, length) if isinstance(found, str) else found

    def _look_up(self, number: int, start: int, end: int) -> bytes | str:
        """The octets of a message, or the name of the file that has them."""
        known, file = self._latest_file
        if known == number:
            return file
        rows = self._handle.db.execute(_OCTETS, (end, number)).fetchall()
        if not rows:
            raise StoreBroken(f"there is no content {number}")
        head, rest, name = cast("tuple[bytes | None, bytes | None, str | None]", rows[0])
        if name is not None:
            self._latest_file = number, name
            return name
        return _cut(head or b"", rest or b"", start, end)

    def octets_of(self, wanted: Sequence[tuple[int, int, int]]) -> list[bytes | Part]:
        """Octets of several messages, for each (content, start, end): one look-up for all."""
        if not wanted:
            return []
        if len(wanted) == 1:
            number, start, end = wanted[0]
            found = self._look_up(number, start, end)
            return [self._blobs.part(found, start, end) if isinstance(found, str) else found]
        numbers = apsw.carray(array("q", [number for number, _, _ in wanted]))
        rows = cast(
            "list[tuple[bytes | None, bytes | None, str | None]]",
            self._handle.db.execute(_MANY_OCTETS, (numbers,)).fetchall(),
        )
        if len(rows) != len(wanted):
            raise StoreBroken(f"{len(wanted) - len(rows)} contents have no octets; run fsck")
        return [
            self._blobs.part(file, start, end)
            if file is not None
            else _cut(head or b"", rest or b"", start, end)
            for (_, start, end), (head, rest, file) in zip(wanted, rows, strict=True)
        ]

    # Search texts

    def texts(self, column: TextColumn, contents: list[int]) -> list[str]:
        name = self._TEXTS.get(column)
        if name is not None:
            query = f"SELECT c.{name} FROM carray(?) AS a CROSS JOIN content AS c ON c.id = a.value"
            return [cast(str, row[0]) for row in self._join(query, contents)]
        if column is TextColumn.HEADERS:
            return [search_header(header) for header in self.headers(contents)]
        stored = self._join(_STORED_TEXTS, contents)
        wanted = body_text_of if column is TextColumn.BODY else part_headers_of
        return [
            wanted(
                _zstd.unpack.decompress(cast(bytes, data)).decode()
                if version == TEXT_VERSION
                else self.make_text(number)
            )
            for number, (data, version) in zip(contents, stored, strict=True)
        ]

    def holding(self, column: TextColumn, contents: list[int], needle: str) -> list[int]:
        """The places of those whose text holds ``needle``: looked for in octets, as UTF-8 has no character within another."""
        name = self._TEXTS.get(column)
        if name is not None:
            query = (
                f"SELECT instr(c.{name}, ?2) FROM carray(?1) AS a CROSS JOIN content AS c ON c.id = a.value"
            )
            return [at for at, (place,) in enumerate(self._join(query, contents, needle)) if place]
        if column is TextColumn.HEADERS:
            return header_search.holding(self.headers(contents), needle)
        octets, unpack = needle.encode(), _zstd.unpack.decompress
        holds = _body_holds if column is TextColumn.BODY else _part_headers_hold
        return [
            at
            for at, (data, version) in enumerate(self._join(_STORED_TEXTS, contents))
            if holds(
                unpack(cast(bytes, data))
                if version == TEXT_VERSION
                else self.make_text(contents[at]).encode(),
                octets,
            )
        ]

    def without_text(self, first: int, most: int) -> list[int]:
        """Contents from ``first`` on that have no text yet."""
        query = (
            "SELECT c.id FROM content AS c LEFT JOIN text AS t USING (id)"
            " WHERE c.id >= ? AND t.id IS NULL ORDER BY c.id LIMIT ?"
        )
        return [cast(int, row[0]) for row in self._handle.db.execute(query, (first, most)).fetchall()]

    def large_without_text(self, numbers: Sequence[int]) -> list[tuple[int, str]]:
        """(content, file) of those of ``numbers`` that are files and whose text nobody has made yet."""
        query = (
            "SELECT b.id, b.file FROM carray(?) AS a CROSS JOIN blob AS b ON b.id = a.value LEFT JOIN text AS t ON t.id = b.id"
            " WHERE b.file IS NOT NULL AND t.version IS NOT ?"
        )
        bound = (apsw.carray(array("q", numbers)), TEXT_VERSION)
        rows = (
            cast("list[tuple[int, str]]", self._handle.db.execute(query, bound).fetchall()) if numbers else []
        )
        return [row for row in rows if row[0] not in self.new_texts]

    def read_large(self, file: str) -> bytes:
        """The packed text of the message in a file. Runs in a thread."""
        data = self._blobs.read(file, 0, _TEXT_LIMIT)
        return zstandard.ZstdCompressor(level=LEVEL).compress(
            search_text(data, scan(data)).encode("utf-8", "replace")
        )

    def make_text(self, number: int) -> str:
        """The text of a message that has none stored yet; it is kept for storing."""
        packed = self.new_texts.get(number)
        if packed is not None:
            return _zstd.unpack.decompress(packed).decode()
        data = self.octets(number, 0, _TEXT_LIMIT)
        text = search_text(data, scan(data))
        self.new_texts[number] = _zstd.pack.compress(text.encode("utf-8", "replace"))
        return text

    def store_texts(self) -> None:
        """Write the texts that were made; inside a transaction of the caller's. Vacuum may have taken their messages away since."""
        rows = [(number, TEXT_VERSION, data) for number, data in self.new_texts.items()]
        query = (
            "INSERT OR REPLACE INTO text SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM content WHERE id = ?1)"
        )
        self._handle.db.executemany(query, rows)


def _body_holds(text: bytes, needle: bytes) -> bool:
    at = text.find(needle)
    if at < 0:
        return False
    end = text.find(APART)
    return end < 0 or at + len(needle) <= end


def _part_headers_hold(text: bytes, needle: bytes) -> bool:
    end = text.find(APART)
    return end >= 0 and text.find(needle, end + len(APART)) >= 0
