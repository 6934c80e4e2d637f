"""``imapkit fsck --repair``: what it prints, and what the sessions of a running server see of it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from imapkit import ConnectionLost, connect
from tests.support.imapkit_server import imapkit_server

from .conftest import PASSWORD, PLAIN, Run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """ann has four messages in INBOX."""
    path = tmp_path / "data"
    with imapkit_server(path, users={"ann": PASSWORD}) as server:
        url = f"imap://ann@{server.host}:{server.port}"
        with connect(url, password=PASSWORD, allow_plaintext=True) as client:
            for number in range(4):
                client.append("INBOX", PLAIN.replace(b"how are you", b"%d" % number))
    return path


def damage(data: Path) -> None:
    """INBOX cannot be opened any more: nothing but the octets of its messages is left."""
    (path,) = data.glob("accounts/*/mail.db")
    db = sqlite3.connect(path, timeout=10)
    db.execute("DELETE FROM log WHERE mailbox = (SELECT id FROM mailbox WHERE name = 'INBOX')")
    db.execute("UPDATE mailbox SET log_floor = modseq WHERE name = 'INBOX'")
    db.commit()
    db.close()


def test_a_line_for_each_mailbox(run: Run, data: Path) -> None:
    code, out, _ = run("fsck", "--repair", "--data", str(data))
    assert code == 0 and "ann: INBOX: found 4, brought back 0, lost 0\n" in out and "damaged" not in out
    damage(data)
    assert run("fsck", "--data", str(data))[0] == 1
    code, out, _ = run("fsck", "ann", "--repair", "--data", str(data))
    assert code == 0 and "ann: INBOX: found 0, brought back 4, lost 0, with a new UIDVALIDITY\n" in out
    assert f"ann: what was there before is in {data}/damaged/" in out
    assert run("fsck", "--data", str(data)) == (0, "ann: all is well\n", "")


def test_an_object_for_each_mailbox(run: Run, data: Path) -> None:
    damage(data)
    code, out, _ = run("fsck", "--repair", "--json", "--data", str(data))
    found = {item["mailbox"]: item for item in map(json.loads, out.splitlines())}
    inbox = found["INBOX"]
    assert code == 0 and (inbox["found"], inbox["brought_back"], inbox["lost"]) == (0, 4, 0)
    assert Path(inbox["aside"]).is_dir() and inbox["new_uidvalidity"] and inbox["user"] == "ann"
    assert (found["Sent"]["found"], found["Sent"]["new_uidvalidity"]) == (0, False)


def test_sessions_of_a_running_server_end(run: Run, data: Path) -> None:
    with imapkit_server(data, users={}) as server:
        url = f"imap://ann@{server.host}:{server.port}"
        with connect(url, password=PASSWORD, allow_plaintext=True) as client:
            client.select("INBOX")
            damage(data)
            assert run("fsck", "--repair", "--data", str(data))[0] == 0
            with pytest.raises(ConnectionLost) as caught:
                for _ in range(100):
                    client.noop()
            assert "repaired" in (caught.value.bye or "")
        with connect(url, password=PASSWORD, allow_plaintext=True) as client:
            assert client.select("INBOX").search().count() == 4
            client.append("INBOX", PLAIN)
            assert client.status("INBOX").messages == 5
    assert run("fsck", "--data", str(data))[0] == 0
