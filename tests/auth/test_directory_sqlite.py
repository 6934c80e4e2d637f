"""users.db: what outlives the process, what other processes see, schema versions, modes, and damage."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from imapkit.errors import StoreBroken, StoreError, StoreTooNew
from imapkit.ports.directory import NewUser
from imapkit.sasl.base import ScramKeys
from imapkit.stores.directory import sqlite
from imapkit.stores.directory.sqlite import SqliteDirectory

OTHER = """
import sys
from pathlib import Path
from imapkit.ports.directory import NewUser
from imapkit.stores.directory.sqlite import SqliteDirectory
directory = SqliteDirectory(Path(sys.argv[1]))
"""


def other(data: Path, code: str) -> subprocess.Popen[str]:
    """``code`` in another process, with ``directory`` open."""
    command = [sys.executable, "-c", OTHER + code, str(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return out


def meta(path: Path, sql: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(sql)
    db.close()


def test_all_of_it_outlives_the_process(tmp_path: Path) -> None:
    keys = ScramKeys(b"salt" * 4, 100_000, b"a" * 32, b"b" * 32)
    first = SqliteDirectory(tmp_path / "new" / "data")
    row = first.add(NewUser("ann", "h", keys))
    secret, account = first.secret(), first.reserve_account()
    first.close()
    second = SqliteDirectory(tmp_path / "new" / "data")
    assert second.find("ann") == row
    assert second.secret() == secret
    assert second.add(NewUser("bob", "h"), account).account == account
    second.close()


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    directory = SqliteDirectory(data)
    directory.add(NewUser("ann", "h"))
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    files = sorted(data.iterdir())
    assert [file.name for file in files] == ["users.db", "users.db-shm", "users.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    directory.close()


def test_a_change_by_another_process_is_seen_at_once(tmp_path: Path) -> None:
    directory = SqliteDirectory(tmp_path)
    row = directory.add(NewUser("ann", "old"))
    assert directory.find("ann") == row
    finish(other(tmp_path, "directory.set_password('ann', 'new', None); directory.add(NewUser('bob', 'h'))"))
    found = directory.find("ann")
    assert found is not None and (found.password, found.account) == ("new", row.account)
    assert found.version > row.version and directory.find("bob") is not None
    finish(other(tmp_path, "directory.delete('ann')"))
    assert directory.find("ann") is None
    directory.close()


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    """They even open the new file at once; no change is lost and no version given twice."""
    code = "for n in range(25): directory.add(NewUser(f'{sys.argv[2]}{n}', 'h'))"
    command = [sys.executable, "-c", OTHER + code, str(tmp_path / "data")]
    processes = [subprocess.Popen([*command, f"user{number}-"]) for number in range(4)]
    assert [process.wait(50) for process in processes] == [0, 0, 0, 0]
    directory = SqliteDirectory(tmp_path / "data")
    rows = directory.list()
    assert len(rows) == 100
    assert {row.version for row in rows} == set(range(1, 101))
    assert len({row.account for row in rows}) == 100
    directory.close()


def test_killed_after_the_answer_loses_nothing(tmp_path: Path) -> None:
    code = (
        "directory.add(NewUser('ann', 'h')); print(directory.reserve_account(), flush=True); sys.stdin.read()"
    )
    process = other(tmp_path, code)
    assert process.stdout is not None and process.stdin is not None
    account = process.stdout.readline().strip()
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    process.stdin.close()
    directory = SqliteDirectory(tmp_path)
    assert directory.find("ann") is not None
    assert directory.add(NewUser("bob", "h"), account).account == account
    directory.close()


def test_commits_are_synced(tmp_path: Path) -> None:
    directory = SqliteDirectory(tmp_path)
    assert directory._db.execute("PRAGMA synchronous").fetchall() == [(2,)]
    assert directory._db.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    directory.close()


def test_readers_do_not_wait_for_a_writer_and_writers_say_who_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    directory = SqliteDirectory(tmp_path)
    directory.add(NewUser("ann", "h"))
    writer = apsw.Connection(str(directory.path))
    writer.execute("BEGIN IMMEDIATE; UPDATE user SET password = 'uncommitted'")
    found = directory.find("ann")
    assert found is not None and found.password == "h"
    with pytest.raises(StoreError, match="in use by another program"):
        directory.add(NewUser("bob", "h"))
    writer.execute("ROLLBACK")
    writer.close()
    directory.add(NewUser("bob", "h"))
    directory.close()


def test_a_newer_schema_is_refused_by_name(tmp_path: Path) -> None:
    SqliteDirectory(tmp_path).close()
    meta(tmp_path / "users.db", "UPDATE meta SET value = 99 WHERE key = 'schema'")
    with pytest.raises(StoreTooNew, match=r"users\.db has schema 99"):
        SqliteDirectory(tmp_path)


def test_an_older_schema_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = SqliteDirectory(tmp_path)
    row = old.add(NewUser("ann", "h"))
    old.close()
    step = "ALTER TABLE user ADD COLUMN note TEXT NOT NULL DEFAULT 'migrated'"
    monkeypatch.setattr(sqlite, "_STEPS", (*sqlite._STEPS, step))
    for _ in range(2):
        new = SqliteDirectory(tmp_path)
        assert new.find("ann") == row
        assert new._db.execute("SELECT note FROM user").fetchall() == [("migrated",)]
        new.close()
    monkeypatch.undo()
    with pytest.raises(StoreTooNew):
        SqliteDirectory(tmp_path)


def test_a_failing_migration_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteDirectory(tmp_path).close()
    step = "ALTER TABLE user ADD COLUMN note TEXT; ALTER TABLE nowhere ADD COLUMN note TEXT"
    monkeypatch.setattr(sqlite, "_STEPS", (*sqlite._STEPS, step))
    with pytest.raises(StoreBroken):
        SqliteDirectory(tmp_path)
    monkeypatch.undo()
    directory = SqliteDirectory(tmp_path)
    assert "note" not in str(directory._db.execute("SELECT sql FROM sqlite_schema").fetchall())
    directory.close()


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "users.db").write_bytes(b"mail " * 1000)
    with pytest.raises(StoreBroken, match=r"users\.db"):
        SqliteDirectory(tmp_path)


def test_data_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreBroken, match="data"):
        SqliteDirectory(tmp_path / "data")


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    SqliteDirectory(tmp_path).close()
    meta(tmp_path / "users.db", "UPDATE meta SET value = 99 WHERE key = 'schema'")
    with pytest.raises(StoreTooNew):
        SqliteDirectory(tmp_path)
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after == before
