"""The user directory in ``DATA/users.db``: one small SQLite file, used by the server and the commands at the same time.

Rules it must not break: a change is on the disk when the call returns (synchronous=FULL); transactions are short and no
statement outlives its call, so every ``find`` reads the row as it is now; the file is its owner's alone; a schema that
is newer than this program is refused by name. Open it after a fork, never before.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import apsw

from imapkit.errors import NoSuchUser, StoreBroken, StoreError, StoreFull, StoreTooNew, UsageError, UserExists
from imapkit.ports.directory import NewUser, UserRow, user_name
from imapkit.sasl.base import ScramKeys
from imapkit.stores.directory.accounts import is_account, random_account

FILE = "users.db"
BUSY_SECONDS = 5.0

_STEPS: tuple[str, ...] = (
    """
    CREATE TABLE account (id TEXT PRIMARY KEY, reserved INTEGER NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE user (
        name TEXT PRIMARY KEY, account TEXT NOT NULL UNIQUE REFERENCES account (id), password TEXT NOT NULL,
        scram_salt BLOB, scram_iterations INTEGER, scram_stored BLOB, scram_server BLOB,
        version INTEGER NOT NULL, disabled INTEGER NOT NULL, created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX user_scram ON user (name) WHERE scram_stored IS NOT NULL;
    INSERT INTO meta VALUES ('version', 0), ('secret', randomblob(32));
    """,
)
"""Step N brings schema N to N + 1. A step that was released is never edited."""

_COLUMNS = "name, account, password, scram_salt, scram_iterations, scram_stored, scram_server, version, disabled, created"
_RowTuple = tuple[str, str, str, bytes | None, int | None, bytes | None, bytes | None, int, int, int]


class SqliteDirectory:
    """``data`` is the server's data directory; it is made if missing."""

    def __init__(self, data: Path, now: Callable[[], float] = time.time) -> None:
        self.path = data / FILE
        self._now = now
        _make_private(data, self.path)
        with _errors(self.path):
            self._db = apsw.Connection(str(self.path))
        try:
            with _errors(self.path):
                self._db.set_busy_timeout(int(BUSY_SECONDS * 1000))
                _use_wal(self._db)
                self._db.execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON")
                self._migrate()
        except BaseException:
            self._db.close()
            raise

    def find(self, name: str) -> UserRow | None:
        try:
            name = user_name(name)
        except UsageError:
            return None
        with _errors(self.path):
            return self._read(name)

    def list(self) -> tuple[UserRow, ...]:
        with _errors(self.path):
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM user ORDER BY name").fetchall()
        return tuple(_row(cast(_RowTuple, row)) for row in rows)

    def reserve_account(self) -> str:
        with self._transaction():
            return self._new_account(used=False)

    def add(self, user: NewUser, account: str | None = None) -> UserRow:
        name = user_name(user.name)
        with self._transaction():
            if self._read(name) is not None:
                raise UserExists(f"user {name!r} exists already")
            if account is None:
                account = self._new_account(used=True)
            else:
                self._use_account(account)
            keys = user.scram
            row = UserRow(name, account, user.password, keys, self._next_version(), False, int(self._now()))
            self._db.execute(
                f"INSERT INTO user ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (name, account, user.password, *_scram_columns(keys), row.version, 0, row.created),
            )
            return row

    def set_password(self, name: str, password: str, scram: ScramKeys | None) -> UserRow:
        with self._transaction():
            known = self._existing(name).name
            self._db.execute(
                "UPDATE user SET password = ?, scram_salt = ?, scram_iterations = ?, scram_stored = ?, scram_server = ?,"
                " version = ? WHERE name = ?",
                (password, *_scram_columns(scram), self._next_version(), known),
            )
            return self._existing(known)

    def disable(self, name: str, disabled: bool = True) -> UserRow:
        with self._transaction():
            known = self._existing(name).name
            self._db.execute(
                "UPDATE user SET disabled = ?, version = ? WHERE name = ?",
                (int(disabled), self._next_version(), known),
            )
            return self._existing(known)

    def delete(self, name: str) -> UserRow:
        with self._transaction():
            row = self._existing(name)
            self._db.execute("DELETE FROM user WHERE name = ?", (row.name,))
            return row

    def has_scram(self) -> bool:
        with _errors(self.path):
            found = self._db.execute("SELECT 1 FROM user WHERE scram_stored IS NOT NULL LIMIT 1").fetchone()
        return found is not None

    def secret(self) -> bytes:
        with _errors(self.path):
            return cast(bytes, self._meta("secret"))

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One short write transaction; anything raised inside rolls it back."""
        with _errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _migrate(self) -> None:
        with self._transaction():
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID"
            )
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', 0)")
            schema = cast(int, self._meta("schema"))
            if schema > len(_STEPS):
                raise StoreTooNew(
                    f"{self.path} has schema {schema}; this version of imapkit knows up to {len(_STEPS)}: upgrade it"
                )
            for step in _STEPS[schema:]:
                self._db.execute(step)
            if schema < len(_STEPS):
                self._db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (len(_STEPS),))

    def _meta(self, key: str) -> object:
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if found is None:
            raise StoreBroken(f"{self.path} lacks its {key!r} entry")
        return cast(object, found[0])

    def _next_version(self) -> int:
        """Counted for all users together, so that a user deleted and added again never repeats one."""
        found = self._db.execute(
            "UPDATE meta SET value = value + 1 WHERE key = 'version' RETURNING value"
        ).fetchall()
        return cast(int, found[0][0])

    def _new_account(self, *, used: bool) -> str:
        while True:
            account = random_account()
            self._db.execute(
                "INSERT OR IGNORE INTO account VALUES (?, ?, ?)", (account, int(self._now()), int(used))
            )
            if self._db.changes():
                return account

    def _use_account(self, account: str) -> None:
        self._db.execute("UPDATE account SET used = 1 WHERE id = ? AND used = 0", (account,))
        if not is_account(account) or not self._db.changes():
            raise UsageError(f"account {account!r} is not reserved or has a user already")

    def _read(self, name: str) -> UserRow | None:
        found = self._db.execute(f"SELECT {_COLUMNS} FROM user WHERE name = ?", (name,)).fetchall()
        return _row(cast(_RowTuple, found[0])) if found else None

    def _existing(self, name: str) -> UserRow:
        try:
            row = self._read(user_name(name))
        except UsageError:
            row = None
        if row is None:
            raise NoSuchUser(f"there is no user {name!r}")
        return row


def _row(columns: _RowTuple) -> UserRow:
    name, account, password, salt, iterations, stored, server, version, disabled, created = columns
    scram = None
    if salt is not None and iterations is not None and stored is not None and server is not None:
        scram = ScramKeys(salt, iterations, stored, server)
    return UserRow(name, account, password, scram, version, bool(disabled), created)


def _scram_columns(keys: ScramKeys | None) -> tuple[bytes | None, int | None, bytes | None, bytes | None]:
    if keys is None:
        return None, None, None, None
    return keys.salt, keys.iterations, keys.stored_key, keys.server_key


def _make_private(data: Path, path: Path) -> None:
    """Make directory and file for the owner alone; SQLite gives its side files the mode of the file."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            return
        # Exclusively: closing a second descriptor of an open database would drop its locks in this process.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        directory = os.open(data, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except FileExistsError:
        if not data.is_dir():
            raise StoreBroken(f"{data} is not a directory") from None
    except OSError as error:
        raise StoreBroken(f"cannot use {path}: {error.strerror}") from error


def _use_wal(db: apsw.Connection) -> None:
    """Two processes that open a new file at once collide here, where SQLite does not wait by itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005 + secrets.randbelow(10) / 1000)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """SQLite's errors in the words of the package."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreFull(f"no space left for {path}") from error
    except (
        apsw.CorruptError,
        apsw.NotADBError,
        apsw.IOError,
        apsw.CantOpenError,
        apsw.ReadOnlyError,
    ) as error:
        raise StoreBroken(f"{path} cannot be read or written: {error}") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreError(f"{path} is in use by another program for over {BUSY_SECONDS:g} s") from error
    except apsw.Error as error:
        raise StoreBroken(f"{path}: {error}") from error
