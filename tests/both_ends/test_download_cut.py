"""A message that another session removes while it is downloaded: never half of it as if it were all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imapkit import Incomplete, Structure
from tests.programs import need
from tests.support.dovecot import dovecot
from tests.support.imapkit_server import imapkit_server

from ..client.twins import Twin

OCTETS = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 60_000
USERS = {"ann": "secret"}


@pytest.mark.parametrize("peer", ["imapkit", "dovecot"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_message_that_is_removed_meanwhile(peer: str, kind: str, tmp_path: Path) -> None:
    if peer == "dovecot":
        need("dovecot")
    started = dovecot(USERS) if peer == "dovecot" else imapkit_server(tmp_path / "data", USERS)
    twin = Twin(kind)
    other = Twin("sync")

    def connect(which: Twin) -> Any:
        where = f"imap://ann@{server.host}:{server.port}"
        return which.connect(where, password="secret", allow_plaintext=True, timeout=10)

    with started as server, connect(twin) as mail, connect(other) as second:
        box = mail.select()
        for read in (_stream, _save, _text):
            uid = box.append(OCTETS)
            message = box.message(uid, Structure)
            removed = []

            def remove(received: int, uid: int = uid, removed: list[int] = removed) -> None:
                if not removed:
                    removed.append(second.select().uids(uid).delete())

            with pytest.raises(Incomplete):
                read(message, remove, tmp_path / "saved")
            assert removed == [1]
            mail.noop()
        assert box.exists == 0
    assert not (tmp_path / "saved").exists()
    twin.close()


def _stream(message: Any, remove: Any, folder: Path) -> None:
    for _ in message.stream(progress=remove):
        pass


def _save(message: Any, remove: Any, folder: Path) -> None:
    message.save(folder, progress=remove)


def _text(message: Any, remove: Any, folder: Path) -> None:
    for _ in message.part("1").stream(progress=remove):
        pass
