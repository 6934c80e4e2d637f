"""An account's file of an older schema is brought up to date without losing anything."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import apsw
import pytest

from imapkit.errors import StoreBroken
from imapkit.message.chosen import pack_fields
from imapkit.ports.store import Column, HeaderFields
from imapkit.stores.sqlite import SqliteStore, fsck, schema

from ..store_conformance.mail import fill


def test_sort_keys_move_into_a_table_of_their_own(tmp_path: Path) -> None:
    db = apsw.Connection(str(tmp_path / "old.db"))
    db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID")
    db.execute(schema._STEPS[0])
    schema.write_meta(db, "schema", "1")
    dated = [5, "SUBJECT", 1, "FROM", "TO", "CC", "DF", "DT", "one@x", ["zero@x"], ["b@x", "a@x"]]
    answer = [None, "", 0, "", "", "", "", "", "two@x", ["zero@x", "no@x"], []]
    bare: list[object] = [None, "", 0, "", "", "", "", "", None, [], []]
    when = b"01-Jan-1970 01:00:07 +0100"
    row = f"INSERT INTO content VALUES ({','.join('?' * 16)})"
    for number, keys in enumerate((dated, answer, bare), 1):
        texts = ("", None, number, "", "", "", "", "", json.dumps(keys))
        db.execute(row, (number, 10, when, b"()", b"()", b"()", b"", *texts))
    heads = [b"To: a\r\nX: b\r\nFrom: c\r\n\r\n", b"no field", b"To: %b\r\n\r\n" % (b"x" * 70_000)]
    for number, head in enumerate(heads, 1):
        db.execute("INSERT INTO blob VALUES (?, ?, NULL, ?)", (number, head, b"body"))
    schema.migrate(db, tmp_path / "old.db")
    assert db.execute("SELECT * FROM fields ORDER BY id").fetchall() == [
        (number, *pack_fields(head)) for number, head in enumerate(heads, 1)
    ]
    assert db.execute("SELECT data FROM fields WHERE id = 1").fetchall() == [(b"To: a\r\nFrom: c\r\n\r\n",)]
    assert schema.check_schema(db, tmp_path / "old.db") == schema.SCHEMA
    assert db.execute("SELECT * FROM sort_key ORDER BY id").fetchall() == [
        (1, 5, "SUBJECT", 1, "FROM", "TO", "CC", "DF", "DT", "one@x", "b@x a@x"),
        (2, 7, "", 0, "", "", "", "", "", "two@x", "zero@x"),
        (3, 7, "", 0, "", "", "", "", "", "", ""),
    ]
    columns = [column[1] for column in db.execute("PRAGMA table_info(content)")]
    assert columns[-1] == "search_subject" and len(columns) == 15
    db.close()


def test_missing_sort_keys_are_an_error_that_fsck_tells(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(tmp_path)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        await fill(account, "INBOX", 3)
        assert await fsck(account) == []
        account.db.execute("DELETE FROM sort_key WHERE id = 2")
        assert await fsck(account) == ["1 contents cannot be sorted"]
        mailbox = await account.open("INBOX")
        with pytest.raises(StoreBroken, match="run fsck"):
            list(mailbox.rows(mailbox.everything(), [Column.UID, Column.SENT]))
        account.db.execute("DELETE FROM fields WHERE id = 3")
        assert "1 contents lack their header fields" in await fsck(account)
        with pytest.raises(StoreBroken, match="run fsck"):
            list(mailbox.rows(mailbox.everything(), [HeaderFields(frozenset([b"to"]))]))
        mailbox.release()
        await account.release()
        await store.close()

    asyncio.run(scenario())
