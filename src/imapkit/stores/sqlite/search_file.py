"""The file of the search index: the words and trigrams of all texts of an account up to one content (STORE rule 21).

The rule it must not break: ``state.done`` moves in the transaction that indexes what is below it, so whatever is at or below it
and holds a needle is found here; everything above it is unknown here. The file can be deleted at any time.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final, cast

import apsw

from imapkit.query.index import TextColumn
from imapkit.record import record
from imapkit.stores.log.search import NOTHING_KNOWN, Narrowed

from . import contents
from .disk import Disk
from .search_lookup import find_part, look_up, read_vocabulary
from .search_words import Batch

FILE: Final = "search.db"
LAYOUT: Final = 3
"""Of the tables below; another one means another file."""
DAMAGE: Final = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError)
"""What a file says that is not, or no longer, what was written: it is deleted. (A header of garbage gives an SQLError.)"""
_SIDES: Final = ("", "-wal", "-shm", "-journal")
_TABLES: Final = """
    CREATE TABLE state (
        id INTEGER PRIMARY KEY CHECK (id = 1), version TEXT NOT NULL, token TEXT NOT NULL, done INTEGER NOT NULL,
        digest BLOB NOT NULL
    ) STRICT;
    -- Contents that are not indexed although they are below state.done.
    CREATE TABLE skipped (id INTEGER PRIMARY KEY) STRICT;
    -- The ranges of contents of which any are indexed.
    CREATE TABLE ranges (id INTEGER PRIMARY KEY) STRICT;
"""
_TABLES_OF_EACH: Final = """
    -- The vocabulary, new words of a batch in a row: ``id`` is the number of the first, a newline stands behind each.
    CREATE TABLE {0}_words (id INTEGER PRIMARY KEY, words BLOB NOT NULL) STRICT;
    -- The contents that hold a word, for each word and range: two octets for each.
    CREATE TABLE {0}_sets (id INTEGER PRIMARY KEY, contents BLOB NOT NULL) STRICT;
    -- The words of each content that are not listed there.
    CREATE VIRTUAL TABLE {0} USING fts5 (text, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1');
    CREATE VIRTUAL TABLE {0}_terms USING fts5vocab ({0}, row);
"""


class Table(enum.Enum):
    BODY = "body"
    HEAD = "head"


def table_of(column: TextColumn) -> Table:
    """Where the trigrams of a column are: those of all fields are together with the header's."""
    return Table.BODY if column is TextColumn.BODY else Table.HEAD


@record
class State:
    """How far the index goes, and what it was made of."""

    done: int
    digest: bytes
    """Of the content ``done``: tells whether the account is the one that was indexed."""


def version() -> str:
    return f"{LAYOUT}.{contents.TEXT_VERSION}"


def plain(text: str) -> str:
    """As the tokenizer reads it: NUL would be the end, and two characters that are none are one to it."""
    return text.replace("\0", "\ufffd").replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def delete(path: Path) -> None:
    for side in _SIDES:
        Path(f"{path}{side}").unlink(missing_ok=True)


class SearchFile:
    """A connection to the file, used by one thread at a time."""

    def __init__(self, path: Path, disk: Disk, flags: int) -> None:
        self._db = apsw.Connection(str(path), flags=flags, vfs=disk.vfs)
        self._db.set_busy_timeout(0)

    @classmethod
    def write(cls, path: Path, disk: Disk, token: str, *, check: bool = True) -> SearchFile:
        """For the one builder. What is not of this account and version, or is damaged, is deleted and begun anew.

        ``check`` reads the whole file, so whoever opens it for each batch of arrivals asks for it once.
        """
        for last in (False, True):
            _create(path)
            file = cls(path, disk, apsw.SQLITE_OPEN_READWRITE)
            try:
                if file._prepare(token, check):
                    return file
            except DAMAGE:
                if last:
                    file.close()
                    raise
            except BaseException:
                file.close()
                raise
            file.close()
            delete(path)
        raise AssertionError("a new file fits")

    @classmethod
    def read(cls, path: Path, disk: Disk, token: str) -> SearchFile | None:
        """For look-ups; None when it is of another version or account, or not finished. Raises apsw.Error."""
        file = cls(path, disk, apsw.SQLITE_OPEN_READWRITE)
        try:
            file._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            if file._is(token):
                return file
        except BaseException:
            file.close()
            raise
        file.close()
        return None

    def _prepare(self, token: str, check: bool) -> bool:
        db = self._db
        db.set_busy_timeout(5000)
        db.execute("PRAGMA journal_mode=WAL").fetchall()
        db.execute("PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=16777216").fetchall()
        if db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall():
            return self._is(token) and not (
                check and db.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]
            )
        with db:
            db.execute(_TABLES + "".join(_TABLES_OF_EACH.format(table.value) for table in Table))
            db.execute("INSERT INTO state VALUES (1, ?, ?, 0, x'')", (version(), token))
        return True

    def _is(self, token: str) -> bool:
        db = self._db
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'state'").fetchall():
            return False
        try:
            found = db.execute("SELECT version, token FROM state").fetchall()
        except apsw.SQLError:
            return False  # a table of that name, of some other layout
        return found == [(version(), token)]

    def state(self) -> State:
        row = self._db.execute("SELECT done, digest FROM state").fetchall()[0]
        return State(cast(int, row[0]), cast(bytes, row[1]))

    def vocabularies(self) -> dict[Table, dict[str, int]]:
        """The words of each table, with their numbers. Runs in a thread."""
        texts = {
            table: read_vocabulary(self._db, table.value)[1:-1].decode("utf-8", "replace") for table in Table
        }
        return {table: dict(zip(text.split("\n"), count())) if text else {} for table, text in texts.items()}

    def add(self, batches: dict[Table, Batch], skipped: Sequence[int], state: State) -> None:
        """Index the contents up to ``state.done``, all or none. Runs in a thread."""
        db = self._db
        with db:
            for table, batch in batches.items():
                self._add(table.value, batch)
            db.executemany("INSERT INTO skipped VALUES (?)", [(number,) for number in skipped])
            db.execute("UPDATE state SET done = ?, digest = ?", (state.done, state.digest))

    def _add(self, table: str, batch: Batch) -> None:
        db = self._db
        db.executemany(f"INSERT INTO {table} (rowid, text) VALUES (?, ?)", batch.left)
        if batch.words:
            words = "".join([f"{word}\n" for word in batch.words]).encode()
            db.execute(f"INSERT INTO {table}_words VALUES (?, ?)", (batch.first_word, words))
        db.executemany(
            f"INSERT INTO {table}_sets VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET contents = CAST(contents || excluded.contents AS BLOB)",
            zip(batch.keys, batch.contents, strict=True),
        )
        db.executemany("INSERT OR IGNORE INTO ranges VALUES (?)", batch.ranges)

    def find(self, column: TextColumn, needle: str, above: int) -> Narrowed:
        """What is known of some contents above this one. Raises apsw.Error."""
        self._db.execute("BEGIN")
        try:
            part = find_part(self._db, above, self.state().done)
            if part is None:
                return NOTHING_KNOWN
            return look_up(self._db, table_of(column).value, column, plain(needle), part)
        finally:
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()


def _create(path: Path) -> None:
    """For its owner alone. One that is there is not opened: closing it again would end the locks that SQLite has on it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass


def inode(path: Path) -> int:
    """Which file it is; 0: none."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0
