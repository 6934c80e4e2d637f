"""The client, both twins, against real servers: our own, and Dovecot, which nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import imapkit
from imapkit import FROM, SEEN, SUBJECT, Body, Envelope, Flags, HeaderFields, InternalDate, Size, Structure
from tests.client.twins import Twin
from tests.programs import need
from tests.support.dovecot import dovecot
from tests.support.imapkit_server import imapkit_server

USERS = {f"ann{number}": "secret ß" for number in range(40)}


@contextmanager
def _start(name: str, folder: Path) -> Iterator[tuple[str, int]]:
    if name == "dovecot":
        need("dovecot")
        with dovecot({user: f"{{PLAIN}}{password}" for user, password in USERS.items()}) as server:
            yield server.host, server.port
    else:
        users = dict(list(USERS.items())[:20])
        with imapkit_server(folder / "data", users) as own:
            yield own.host, own.port


@pytest.fixture(scope="module", params=["imapkit", "dovecot"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    with _start(request.param, tmp_path_factory.mktemp(request.param)) as where:
        yield where


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    found = Twin(request.param)
    yield found
    found.close()


_users = iter(list(USERS)[:20] * 4)
_last_user = [""]


@pytest.fixture
def mail(place: tuple[str, int], twin: Twin) -> Iterator[Any]:
    """A client of a user of its own."""
    _last_user[0] = user = next(_users)
    host, port = place
    with twin.connect(
        f"imap://{user}@{host}:{port}", password=USERS[user], allow_plaintext=True, timeout=10
    ) as client:
        box = f"{twin.name}-box"
        client.create(box)
        yield client
        client.delete(box)


def message(subject: str, sender: str = "Bob Ö <bob@x.org>", size: int = 0) -> EmailMessage:
    found = EmailMessage()
    found["From"], found["Subject"], found["Date"] = sender, subject, "Mon, 02 Nov 2026 10:00:00 +0100"
    found.set_content("Text mit Umlaut: ü\n")
    if size:
        found.add_attachment(
            b"\x00\xff" * (size // 2), maintype="application", subtype="x-thing", filename="übel.bin"
        )
    return found


def opened(mail: Any) -> Any:
    name = next(folder.name for folder in mail.folders() if folder.name.endswith("-box"))
    return mail.select(name)


def test_append_search_and_fetch(mail: Any) -> None:
    box = opened(mail)
    when = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)
    uids = [
        box.append(message("Grüße"), flags=["\\Seen", "$Work"], date=when),
        box.append(bytes(message("other", "Eve <eve@y.org>"))),
    ]
    assert uids == [1, 2]
    box.refresh()
    assert box.exists == 2
    first, second = box.all().fetch(Envelope, Flags, Size, InternalDate, HeaderFields("Subject"))
    assert (first.subject, str(first.from_[0])) == ("Grüße", "Bob Ö <bob@x.org>")
    assert first.header("subject") == "Grüße"
    assert first.internaldate == when
    assert {"\\Seen", "$Work"} <= first.flags and not second.seen
    assert first.size > 100
    assert box.search(FROM("bob") & SEEN).uids() == [1]
    assert box.search(SUBJECT("Grüße")).uids() == [1]
    assert box.search(~SEEN | FROM("nobody")).uids() == [2]
    assert box.search(since=date(2026, 11, 3), before=date(2026, 11, 4)).count() == 1
    assert box.search(keyword="$Work").count() == 1
    whole = box.message(1, Body)
    assert whole.email()["Subject"] == "Grüße"
    assert whole.email().get_content().strip() == "Text mit Umlaut: ü"


def test_parts_are_streamed(mail: Any, tmp_path: Path) -> None:
    box = opened(mail)
    box.append(message("big", size=1_200_000))
    (found,) = box.all().fetch(Structure)
    assert not found.data.sections
    (attachment,) = found.attachments
    assert (attachment.filename, attachment.type) == ("übel.bin", "application/x-thing")
    steps: list[int] = []
    path = attachment.save(tmp_path, progress=steps.append)
    assert path == tmp_path / "übel.bin"
    assert path.read_bytes() == b"\x00\xff" * 600_000
    assert len(steps) >= 3 and steps == sorted(steps)
    assert found.part("1").text().strip() == "Text mit Umlaut: ü"
    saved = found.save(tmp_path)
    assert saved.name == f"{found.uid}.eml" and saved.stat().st_size > 1_600_000
    assert not box.search(seen=True).count()


def test_flags_move_copy_delete(mail: Any) -> None:
    box = opened(mail)
    for number in range(5):
        box.append(message(f"m{number}"))
    box.uids("1:3").flag(seen=True, add=["$A"], remove=["\\Flagged"])
    assert box.search(seen=True).uids() == [1, 2, 3]
    assert box.uids(1).set_flags(["\\Answered"]) == 1
    assert box.search(seen=True).uids() == [2, 3]
    before = mail.status("Trash", "MESSAGES").messages
    assert list(box.uids([1, 2]).move("Trash")) == [1, 2]
    assert list(box.uids(3).copy("Trash")) == [3]
    assert mail.status("Trash", "MESSAGES").messages == before + 3
    box.uids(5).flag(deleted=True)
    assert box.uids(4).delete() == 1
    assert box.all().uids() == [3, 5]
    box.refresh()
    assert box.exists == 2
    box.expunge()
    assert box.exists == 1
    with pytest.raises(imapkit.NoSuchMailbox):
        box.uids(3).move("No/Such")


def test_folders(mail: Any) -> None:
    names = {folder.name: folder for folder in mail.folders(status=True)}
    assert {"INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"} <= set(names)
    assert names["Sent"].status.messages == 0
    assert mail.folder(role="sent").name == "Sent"
    assert mail.folder("inbox").name == "INBOX"
    mail.create("Reisen/Köln & Bonn")
    assert [folder.name for folder in mail.folders("Reisen/%")] == ["Reisen/Köln & Bonn"]
    box = mail.select("Reisen/Köln & Bonn")
    assert box.name == "Reisen/Köln & Bonn"
    box.close()
    mail.rename("Reisen/Köln & Bonn", "Reisen/台北")
    mail.delete("Reisen/台北")
    with pytest.raises(imapkit.NoSuchMailbox):
        mail.select("Reisen/台北")
    with pytest.raises(imapkit.NoSuchMailbox):
        mail.folder("No such")


def test_idle_sees_what_others_do(mail: Any, place: tuple[str, int]) -> None:
    box = opened(mail)
    user = _last_user[0]
    host, port = place
    with imapkit.connect(f"imap://{user}@{host}:{port}", password=USERS[user], allow_plaintext=True) as other:
        with box.idle(timeout=10) as events:
            other.append(box.name, message("new"))
            arrived = next(iter(events))
        assert (arrived.count, box.exists) == (1, 1)
        other.select(box.name).uids(1).delete()
        box.refresh()
        assert box.exists == 0


def test_wrong_password(place: tuple[str, int], twin: Twin) -> None:
    host, port = place
    with pytest.raises(imapkit.AuthenticationFailed):
        twin.connect(f"imap://ann0@{host}:{port}", password="wrong", allow_plaintext=True)


def test_many_messages_in_several_commands(mail: Any) -> None:
    box = opened(mail)
    for number in range(30):
        box.append(b"Subject: %d\r\n\r\nx\r\n" % number)
    found = [(one.uid, one.subject) for one in box.uids("1:10,12:40").fetch(Envelope)]
    assert found == [(uid, str(uid - 1)) for uid in range(1, 31) if uid != 11]
