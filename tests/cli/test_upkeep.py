"""``undelete``, ``vacuum``, ``reindex`` and ``fsck``: on a data directory, and beside a running server."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imapkit import connect
from tests.support.imapkit_server import imapkit_server

from .conftest import PASSWORD, PLAIN, Run

LARGE = b"From: bob@example.org\r\nSubject: large\r\n\r\n" + b"needle in much hay\r\n" * 10_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """ann had three messages in Lists and expunged two; bob has nothing."""
    path = tmp_path / "data"
    with imapkit_server(path, users={"ann": PASSWORD, "bob": PASSWORD}) as server:
        url = f"imap://ann@{server.host}:{server.port}"
        with connect(url, password=PASSWORD, allow_plaintext=True) as client:
            client.create("Lists")
            client.append(
                "Lists", PLAIN, flags=["\\Flagged", "work"], date=datetime(2024, 3, 15, 9, tzinfo=UTC)
            )
            client.append("Lists", LARGE)
            client.append("Lists", PLAIN.replace(b"how are you", b"still there"))
            client.select("Lists").uids(1, 2).delete()
    return path


def listed(run: Run, data: Path, *more: str) -> list[dict[str, object]]:
    code, out, _ = run("undelete", "ann", "--data", str(data), "--list", "--json", *more)
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_undelete(run: Run, data: Path) -> None:
    found = listed(run, data)
    assert [(item["mailbox"], item["uid"], item["subject"]) for item in found] == [
        ("Lists", 1, "Grüße"), ("Lists", 2, "large"),
    ]  # fmt: skip
    assert found[0]["flags"] == ["\\Deleted", "\\Flagged", "work"]
    assert found[0]["internaldate"] == "2024-03-15T09:00:00+00:00"
    code, out, _ = run("undelete", "ann", "--data", str(data), "--list")
    assert code == 0 and "Grüße" in out and "Bob <bob@example.org>" in out
    code, out, _ = run("undelete", "ann", str(found[0]["id"]), "--data", str(data))
    assert (code, out) == (0, "1 message brought back into Lists\n")
    code, out, _ = run("undelete", "ann", "--all", "--to", "Found/again", "--data", str(data))
    assert (code, out) == (0, "1 message brought back into Found/again\n")
    assert listed(run, data) == []
    code, out, _ = run("undelete", "ann", "--all", "--data", str(data))
    assert (code, out) == (0, "nothing to bring back\n")
    assert run("fsck", "--data", str(data))[0] == 0


def test_undelete_says_what_is_wrong(run: Run, data: Path) -> None:
    assert run("undelete", "ann", "--data", str(data))[0] == 2
    assert run("undelete", "ann", "--list", "--all", "--data", str(data))[0] == 2
    code, _, err = run("undelete", "ann", "12345", "--data", str(data))
    assert code == 2 and "no expunged message 12345" in err
    assert run("undelete", "eve", "--list", "--data", str(data))[0] == 1
    assert listed(run, data, "--mailbox", "INBOX") == []


def test_undelete_beside_a_server(run: Run, data: Path) -> None:
    with imapkit_server(data, users={}) as server:
        url = f"imap://ann@{server.host}:{server.port}"
        with connect(url, password=PASSWORD, allow_plaintext=True) as client:
            lists = client.select("Lists")
            assert lists.search().count() == 1
            assert run("undelete", "ann", "--all", "--data", str(data))[0] == 0
            client.noop()
            assert lists.search().count() == 3
            assert lists.search(flagged=True, keyword="work").count() == 1
            assert lists.search(deleted=True).count() == 0


def test_vacuum(run: Run, data: Path) -> None:
    blobs = [path for path in data.glob("accounts/*/blobs/??/*") if path.is_file()]
    assert len(blobs) == 1
    code, out, _ = run("vacuum", "--data", str(data))
    assert (code, out) == (0, "ann: 0 expunged messages removed\nbob: 0 expunged messages removed\n") or (
        sorted(out.splitlines()) == ["ann: 0 expunged messages removed", "bob: 0 expunged messages removed"]
    )
    assert len(listed(run, data)) == 2
    os.utime(blobs[0], (time.time() - 2 * 86_400,) * 2)
    time.sleep(1.1)  # the time of an expunge is in whole seconds
    code, out, _ = run("vacuum", "ann", "--days", "0", "--data", str(data))
    assert code == 0 and out.startswith("ann: 2 expunged messages removed, 1 file of ")
    assert not blobs[0].exists() and listed(run, data) == []
    assert run("fsck", "--data", str(data))[0] == 0
    assert run("vacuum", "--days", "-1", "--data", str(data))[0] == 2


def test_reindex(run: Run, data: Path) -> None:
    code, out, _ = run("reindex", "ann", "--data", str(data))
    assert (code, out) == (0, "ann: 3 messages indexed\n")
    assert len(list(data.glob("accounts/*/search.db"))) == 1
    code, out, _ = run("reindex", "--data", str(data))
    assert code == 0 and sorted(out.splitlines()) == ["ann: 3 messages indexed", "bob: 0 messages indexed"]


def test_fsck_finds_damage(run: Run, data: Path) -> None:
    code, out, _ = run("fsck", "--data", str(data))
    assert code == 0 and sorted(out.splitlines()) == ["ann: all is well", "bob: all is well"]
    accounts = [path for path in data.glob("accounts/*/mail.db") if list(path.parent.glob("blobs/??/*"))]
    db = sqlite3.connect(accounts[0])
    db.execute("UPDATE mailbox SET unseen = 99 WHERE name = 'Lists'")
    db.commit()
    db.close()
    code, out, _ = run("fsck", "--data", str(data))
    assert code == 1 and "ann: Lists: counts are" in out and "bob: all is well" in out
    accounts[0].write_bytes(b"nothing of a database" * 500)
    code, out, _ = run("fsck", "--json", "--data", str(data))
    faults = {item["user"]: item["faults"] for item in map(json.loads, out.splitlines())}
    assert code == 1 and faults["ann"] and faults["bob"] == []
