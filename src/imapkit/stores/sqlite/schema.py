"""The tables of an account's file, and the steps that bring an older file up to date.

The rule it must not break: a step that was released is never edited; a change is a new step (STORE rule 22).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, cast

import apsw

from imapkit.errors import StoreTooNew
from imapkit.message.chosen import pack_fields
from imapkit.protocol.dates import parse_date_time

_STEPS: Final = (
    """
    -- One row. Counters never go back; ids that leave the file are counted here, so none is given twice.
    CREATE TABLE account (
        id INTEGER PRIMARY KEY CHECK (id = 1), modseq INTEGER NOT NULL, uidvalidity INTEGER NOT NULL, tick INTEGER NOT NULL,
        next_mailbox INTEGER NOT NULL, next_content INTEGER NOT NULL, next_trash INTEGER NOT NULL,
        messages INTEGER NOT NULL, size INTEGER NOT NULL
    ) STRICT;
    INSERT INTO account VALUES (1, 0, 0, 0, 1, 1, 1, 0, 0);
    CREATE TABLE mailbox (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, object_id TEXT NOT NULL, uidvalidity INTEGER NOT NULL,
        special_use TEXT NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL, messages INTEGER NOT NULL,
        unseen INTEGER NOT NULL, deleted INTEGER NOT NULL, size INTEGER NOT NULL, deleted_size INTEGER NOT NULL,
        recent INTEGER NOT NULL, recent_from INTEGER NOT NULL, keywords TEXT NOT NULL, floor INTEGER NOT NULL,
        log_floor INTEGER NOT NULL, log_size INTEGER NOT NULL, snapshot_size INTEGER NOT NULL, tick INTEGER NOT NULL
    ) STRICT;
    -- id = modseq << 20 | part: all parts of a change are one range.
    CREATE TABLE log (
        id INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL, kind INTEGER NOT NULL, actor TEXT NOT NULL, time INTEGER NOT NULL,
        data BLOB NOT NULL
    ) STRICT;
    CREATE INDEX log_mailbox ON log (mailbox, id);
    CREATE TABLE segment (
        id INTEGER PRIMARY KEY AUTOINCREMENT, mailbox INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL
    ) STRICT;
    CREATE INDEX segment_mailbox ON segment (mailbox);
    CREATE TABLE snapshot (
        mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, crc INTEGER NOT NULL, manifest BLOB NOT NULL,
        PRIMARY KEY (mailbox, modseq)
    ) STRICT, WITHOUT ROWID;
    -- What is read by FETCH and SEARCH, apart from the octets of the message.
    CREATE TABLE content (
        id INTEGER PRIMARY KEY, size INTEGER NOT NULL, internaldate BLOB NOT NULL, envelope BLOB NOT NULL, body BLOB NOT NULL,
        bodystructure BLOB NOT NULL, parts BLOB NOT NULL, preview TEXT NOT NULL, email_id TEXT, thread INTEGER NOT NULL,
        search_from TEXT NOT NULL, search_to TEXT NOT NULL, search_cc TEXT NOT NULL, search_bcc TEXT NOT NULL,
        search_subject TEXT NOT NULL, keys TEXT NOT NULL
    ) STRICT;
    CREATE INDEX content_thread ON content (thread);
    CREATE INDEX content_email ON content (email_id) WHERE email_id IS NOT NULL;
    -- head + rest is the message; a large one is a file and has its header here only.
    CREATE TABLE blob (id INTEGER PRIMARY KEY, head BLOB NOT NULL, file TEXT, rest BLOB) STRICT;
    CREATE INDEX blob_file ON blob (file) WHERE file IS NOT NULL;
    CREATE TABLE text (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
    -- key: a hash of a message id.
    CREATE TABLE thread (key INTEGER PRIMARY KEY, thread INTEGER NOT NULL) STRICT;
    CREATE TABLE trash (
        id INTEGER PRIMARY KEY, mailbox TEXT NOT NULL, time INTEGER NOT NULL, uids BLOB NOT NULL, keywords TEXT NOT NULL,
        batch BLOB NOT NULL, taken BLOB NOT NULL
    ) STRICT;
    CREATE TABLE subscription (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    """,
    """
    -- What SORT and THREAD read: narrow rows, so that those of a whole mailbox are few pages.
    CREATE TABLE sort_key (
        id INTEGER PRIMARY KEY, sent INTEGER NOT NULL, subject TEXT NOT NULL, reply INTEGER NOT NULL, sort_from TEXT NOT NULL,
        sort_to TEXT NOT NULL, sort_cc TEXT NOT NULL, display_from TEXT NOT NULL, display_to TEXT NOT NULL,
        message_id TEXT NOT NULL, ancestors TEXT NOT NULL
    ) STRICT;
    INSERT INTO sort_key
        SELECT c.id, coalesce(c.keys ->> 0, internal_time(c.internaldate)), c.keys ->> 1, c.keys ->> 2, c.keys ->> 3, c.keys ->> 4,
            c.keys ->> 5, c.keys ->> 6, c.keys ->> 7, coalesce(c.keys ->> 8, ''),
            coalesce((SELECT group_concat(value, ' ') FROM json_each(c.keys, '$[10]')), c.keys ->> '$[9][0]', '')
        FROM content AS c;
    ALTER TABLE content DROP COLUMN keys;
    """,
    """
    -- What HEADER.FIELDS reads: the fields that are asked for most, and where each of them lies (message.chosen).
    CREATE TABLE fields (id INTEGER PRIMARY KEY, marks BLOB NOT NULL, data BLOB NOT NULL) STRICT;
    INSERT INTO fields SELECT id, field_marks(head), field_data(head) FROM blob;
    """,
    """
    -- Columns of sort_key, those of many rows in one piece (stores.sqlite.sort_packs); what is not there is read from the rows.
    CREATE TABLE sort_pack (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
    """,
)
SCHEMA: Final = len(_STEPS)
_packed = lru_cache(maxsize=2)(pack_fields)
"""Both values of a message are asked for one after the other."""


def read_meta(db: apsw.Connection, key: str) -> str | None:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else cast(str, row[0])


def read_all_meta(db: apsw.Connection) -> dict[str, str]:
    return dict(cast("list[tuple[str, str]]", db.execute("SELECT key, value FROM meta").fetchall()))


def write_meta(db: apsw.Connection, key: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def check_schema(db: apsw.Connection, path: Path) -> int:
    """The file's schema; 0 for a new file. Raises StoreTooNew."""
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone():
        return 0
    found = int(read_meta(db, "schema") or 0)
    if found > SCHEMA:
        raise StoreTooNew(
            f"{path} has schema {found}; this version of imapkit knows up to {SCHEMA}: use a newer one"
        )
    return found


def _internal_time(text: bytes) -> int:
    """Seconds since 1970 of a stored INTERNALDATE."""
    moment = parse_date_time(text)
    return 0 if moment is None else int(moment.timestamp())


def migrate(db: apsw.Connection, path: Path) -> None:
    """Bring the file up to date, in one transaction. The caller holds the writer's lock."""
    if check_schema(db, path) == SCHEMA:
        return
    db.create_scalar_function(
        "internal_time", lambda *values: _internal_time(values[0]), 1, deterministic=True
    )
    db.create_scalar_function("field_marks", lambda *values: _packed(values[0])[0], 1, deterministic=True)
    db.create_scalar_function("field_data", lambda *values: _packed(values[0])[1], 1, deterministic=True)
    with db:
        db.execute(
            "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID"
        )
        for step in _STEPS[check_schema(db, path) :]:
            db.execute(step)
        write_meta(db, "schema", str(SCHEMA))
