"""Arrivals of one change are written table by table: the rows are those that one message after the other would give."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.message.index import index_message
from imapkit.stores.log.content import NewContent
from imapkit.stores.sqlite.contents import InFile, Inline, insert_contents
from imapkit.stores.sqlite.schema import migrate

TABLES = ("content", "sort_key", "fields", "blob", "thread")

_ids = st.sampled_from([f"<{name}@x>" for name in "abcdefgh"])
_mail = st.tuples(st.none() | _ids, st.lists(_ids, max_size=3), st.lists(_ids, max_size=2), st.booleans())


def new_content(mail: tuple[str | None, list[str], list[str], bool], at: int) -> NewContent:
    own, references, replies, large = mail
    fields = [f"Subject: number {at}"]
    fields += [f"Message-ID: {own}"] if own else []
    fields += [f"References: {' '.join(references)}"] if references else []
    fields += [f"In-Reply-To: {' '.join(replies)}"] if replies else []
    data = "\r\n".join([*fields, "", f"body {at}\r\n"]).encode()
    index = index_message(data)
    head, rest = data[: len(index.header)], data[len(index.header) :]
    day = datetime(2026, 1, 1, tzinfo=UTC).toordinal()
    blob = InFile(head, f"file{at}") if large else Inline(head, rest)
    return NewContent(index, len(data), b" 1-Jan-2026 00:00:00 +0000", at, 0, day, at, None, blob)


def rows(batches: list[list[NewContent]]) -> dict[str, list[tuple[object, ...]]]:
    """What is in the tables after these changes."""
    db = apsw.Connection(":memory:")
    try:
        migrate(db, Path("memory"))
        first = 1
        for batch in batches:
            with db:
                insert_contents(db, first, batch)
            first += len(batch)
        return {table: db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES}
    finally:
        db.close()


def threads_plainly(mails: list[tuple[str | None, list[str], list[str], bool]]) -> list[int]:
    """By one message after the other: the thread of the first id that is known, never merged."""
    known: dict[str, int] = {}
    found = []
    for number, (own, references, replies, _) in enumerate(mails, 1):
        ids = [*references, *replies, *([own] if own else [])]
        thread = next((known[one] for one in ids if one in known), number)
        for one in ids:
            known.setdefault(one, thread)
        found.append(thread)
    return found


@given(st.lists(_mail, min_size=1, max_size=12), st.integers(0, 12))
def test_many_at_once_are_as_one_by_one(
    mails: list[tuple[str | None, list[str], list[str], bool]], cut: int
) -> None:
    contents = [new_content(mail, at) for at, mail in enumerate(mails)]
    one_by_one = rows([[content] for content in contents])
    assert rows([contents]) == one_by_one
    assert rows([contents[:cut], contents[cut:]]) == one_by_one
    assert [row[9] for row in one_by_one["content"]] == threads_plainly(mails)


def test_octets_of_another_store_are_refused() -> None:
    content = new_content((None, [], [], False), 1)
    other = NewContent(
        content.index, content.size, content.internaldate, 0, 0, content.sent, 0, None, blob=b"octets"
    )
    with pytest.raises(TypeError, match="not octets of this store"):
        rows([[other]])
