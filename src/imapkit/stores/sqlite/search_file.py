"""The file of the search index: the trigrams of all texts of an account up to one content (STORE rule 21).

The rule it must not break: ``state.done`` moves in the transaction that indexes what is below it, so whatever is at or below it
and holds a needle is found here; everything above it is unknown here. The file can be deleted at any time.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Final, cast

import apsw

from imapkit.query.index import TextColumn
from imapkit.record import record
from imapkit.stores.log.search import Narrowed

from . import contents
from .disk import Disk

FILE: Final = "search.db"
LAYOUT: Final = 2
"""Of the tables below; another one means another file."""
PAIR: Final = 2
GRAM: Final = 3
MOST_GRAMS: Final = 5
"""Of one needle: more of them cost time and hardly leave out more."""
APART: Final = 2
"""So far lie two of them from each other at least: then they overlap, and few texts have all without the needle."""
MOST_LOOKED_AT: Final = 200
"""Characters of a needle that are considered."""
_COMMON: Final = {
    char: 10 - at // 4 for at, char in enumerate(" ETAOINSRHLX.DCUMP-@:FGWYB0123456789/=_VK,;<>()JQZ")
}
"""How common a character is in mail; any other is rare."""
MOST_TERMS: Final = 200
"""Trigrams that begin with a pair; a pair with more of them is in most texts."""
END: Final = "\x01\x01"
"""Indexed behind each text, so that every pair in it begins a trigram. (What else this lets match is read and left out.)"""
MOST_HITS: Final = 150_000
"""Of one look-up, which nothing interrupts for some 40 ms; above the last of them texts are read as if there were no index."""
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
    CREATE VIRTUAL TABLE body USING fts5 (text, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1');
    CREATE VIRTUAL TABLE head USING fts5 (text, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1');
    CREATE VIRTUAL TABLE body_terms USING fts5vocab (body, row);
    CREATE VIRTUAL TABLE head_terms USING fts5vocab (head, row);
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


@record
class Text:
    """What is indexed of one content."""

    content: int
    body: str
    head: str


def version() -> str:
    return f"{LAYOUT}.{contents.TEXT_VERSION}"


def grams(needle: str) -> list[str]:
    """Some of the trigrams of a needle, likely to be in few texts; none for a short needle."""
    needle = needle[:MOST_LOOKED_AT]
    places = sorted(
        range(len(needle) - GRAM + 1), key=lambda place: _commonness(needle[place : place + GRAM])
    )
    chosen: list[int] = []
    for place in places:
        if all(abs(place - other) >= APART for other in chosen):
            chosen.append(place)
            if len(chosen) == MOST_GRAMS:
                break
    return list(dict.fromkeys(needle[place : place + GRAM] for place in chosen))


def _commonness(gram: str) -> int:
    return sum(map(_COMMON.get, gram, repeat(0)))


def plain(text: str) -> str:
    """As the tokenizer reads it: NUL would be the end, and two characters that are none are one to it."""
    return text.replace("\0", "\ufffd").replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def _quoted(grams: Iterable[str]) -> Iterator[str]:
    return ('"{}"'.format(gram.replace('"', '""')) for gram in grams)


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
            file = cls(path, disk, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
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
            db.execute(_TABLES)
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

    def add(self, texts: Sequence[Text], skipped: Sequence[int], state: State) -> None:
        """Index the contents up to ``state.done``, all or none. Runs in a thread."""
        db = self._db
        with db:
            db.executemany(
                "INSERT INTO body (rowid, text) VALUES (?, ?)", [(t.content, t.body + END) for t in texts]
            )
            db.executemany(
                "INSERT INTO head (rowid, text) VALUES (?, ?)", [(t.content, t.head + END) for t in texts]
            )
            db.executemany("INSERT INTO skipped VALUES (?)", [(number,) for number in skipped])
            db.execute("UPDATE state SET done = ?, digest = ?", (state.done, state.digest))

    def find(self, column: TextColumn, needle: str) -> Narrowed | None:
        """Contents that may hold the needle; None when it is too short or too common to tell. Raises apsw.Error."""
        if len(needle) < PAIR:
            return None
        table = table_of(column).value
        needle = plain(needle)
        self._db.execute("BEGIN")
        try:
            found: list[int] = []
            done = self.state().done
            wanted = " AND ".join(_quoted(grams(needle)))
            if len(needle) == PAIR:
                terms = self._beginning(table, needle)
                if len(terms) > MOST_TERMS:
                    return None
                wanted = " OR ".join(_quoted(terms))
            if wanted:
                found = self._numbers(
                    f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rowid LIMIT ?",
                    wanted,
                    MOST_HITS,
                )
            if len(found) == MOST_HITS:
                done = found[-1]
            return Narrowed(found + self._numbers("SELECT id FROM skipped"), done)
        finally:
            self._db.execute("COMMIT")

    def _beginning(self, table: str, pair: str) -> list[str]:
        """The trigrams that begin with a pair, up to one too many."""
        query = f"SELECT term FROM {table}_terms WHERE term >= ? AND term <= ? LIMIT ?"
        rows = self._db.execute(query, (pair, pair + "\U0010ffff", MOST_TERMS + 1)).fetchall()
        return [cast(str, row[0]) for row in rows]

    def _numbers(self, query: str, *values: str | int) -> list[int]:
        return [cast(int, row[0]) for row in self._db.execute(query, values).fetchall()]

    def close(self) -> None:
        self._db.close()


def inode(path: Path) -> int:
    """Which file it is; 0: none."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0
