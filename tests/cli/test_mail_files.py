"""Maildir, mbox and .eml: what programs write is read, and what we write comes back the same."""

import mailbox as stdlib_mailbox
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from imapkit.errors import UsageError
from imapkit.message.line_ends import with_crlf
from imapkit.tools.demo_mail import load
from imapkit.tools.formats import mbox
from imapkit.tools.formats.base import BadFile, FileMessage, Format, OutMessage
from imapkit.tools.formats.choose import detect, reader, writer

MAIL = b"From: bob@example.org\nSubject: hello\n\nFirst line\n"
WIRE = MAIL.replace(b"\n", b"\r\n")
WHEN = datetime(2024, 3, 15, 10, 1, 7, tzinfo=UTC)


def read(path: Path, form: Format | None = None) -> list[FileMessage]:
    found = list(reader(path, form).messages())
    assert not [item for item in found if isinstance(item, BadFile)], found
    return [item for item in found if isinstance(item, FileMessage)]


def maildir(path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    return path


# Maildir


def test_flags_keywords_dates_and_order_of_a_maildir(tmp_path: Path) -> None:
    box = maildir(tmp_path / "Mail")
    (box / "dovecot-keywords").write_text("0 Work\n1 $label1\n")
    names = ["100.M2.host:2,FS", "99.M1.host:2,abRT", "100.M10.host:2,"]
    for name in names:
        (box / "cur" / name).write_bytes(MAIL)
        os.utime(box / "cur" / name, (WHEN.timestamp(),) * 2)
    (box / "new" / "101.M1.host").write_bytes(MAIL)
    found = read(box)
    assert [Path(item.source).name for item in found] == [names[1], names[0], names[2], "101.M1.host"]
    assert [item.flags for item in found] == [
        {"Work", "$label1", "\\Answered", "\\Deleted"}, {"\\Flagged", "\\Seen"}, frozenset(), frozenset(),
    ]  # fmt: skip
    assert {item.date for item in found[:3]} == {WHEN}
    assert {item.content for item in found} == {WIRE}


def test_folders_of_a_maildir(tmp_path: Path) -> None:
    box = maildir(tmp_path / "Mail")
    for folder in (".Lists.astronomy", ".Reisen.K&APY-ln", ".a&AC4-b", "plain/Sub", ".Köln"):
        (maildir(box / folder) / "cur" / "1.x:2,").write_bytes(MAIL)
    assert {item.mailbox for item in read(box)} == {
        "Lists/astronomy", "Reisen/Köln", "a.b", "plain/Sub", "Köln",
    }  # fmt: skip


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    box = maildir(tmp_path / "Mail")
    (box / "cur" / "1.a:2,").write_bytes(b"")
    (box / "cur" / "2.b:2,").symlink_to("nowhere")
    (box / "cur" / "3.c:2,").write_bytes(MAIL)
    missing, bad, good = reader(box, None).messages()
    assert isinstance(bad, BadFile) and bad.reason == "the file is empty"
    assert isinstance(missing, BadFile) and missing.reason == "a link that leads nowhere"
    assert isinstance(good, FileMessage)


# mbox


def test_an_mbox_as_mail_programs_write_it(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(
        b"From MAILER-DAEMON Fri Mar 15 10:01:07 2024\n"
        b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nnotes\n\n"
        b"From bob@example.org Fri Mar 15 10:01:07 2024 +0100\n"
        b"Subject: one\nStatus: RO\nX-Status: AF\nX-Keywords: Work $label1\n folded\nnot a field\n\n"
        b">From the start\n>>From further in\n\nFrom here on it is text\n\n"
        b"From - Fri Mar 15 10:01:08 2024\r\nX-Mozilla-Status: 0005\r\nSubject: two\r\n\r\ntext\r\n"
    )
    one, two = read(path)
    assert one.content == (
        b"Subject: one\r\nnot a field\r\n\r\nFrom the start\r\n>From further in\r\n\r\nFrom here on it is text\r\n"
    )
    assert one.flags == {"\\Seen", "\\Answered", "\\Flagged", "Work", "$label1", "folded"}
    assert one.date == WHEN - timedelta(hours=1)
    assert two.content == b"Subject: two\r\n\r\ntext\r\n"
    assert (two.flags, two.date) == ({"\\Seen", "\\Flagged"}, WHEN + timedelta(seconds=1))


def test_pythons_mailbox_module_reads_ours_and_we_read_its(tmp_path: Path) -> None:
    folder = writer(tmp_path / "out", Format.MBOX, None)("Lists/astronomy")
    folder.add(OutMessage(1, 1, frozenset({"\\Seen", "\\Flagged"}), WHEN, WIRE))
    folder.add(OutMessage(1, 2, frozenset(), WHEN, WIRE))
    folder.close(complete=True)
    path = tmp_path / "out" / "Lists" / "astronomy.mbox"
    theirs = stdlib_mailbox.mbox(path)
    assert [(item["subject"], item.get_flags()) for item in theirs] == [("hello", "ROF"), ("hello", "O")]
    theirs.add(MAIL)
    theirs.close()
    assert [item.content for item in read(tmp_path / "out")] == [WIRE] * 3
    assert {item.mailbox for item in read(tmp_path / "out")} == {"Lists/astronomy"}


def test_a_file_that_is_no_mbox(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    (only,) = reader(tmp_path / "x", Format.MBOX).messages()
    assert isinstance(only, BadFile) and "From line" in only.reason


def test_a_message_that_is_too_large_is_named_and_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mbox, "MAX_OCTETS", 1000)
    line = b"From x Fri Mar 15 10:01:07 2024\n"
    (tmp_path / "x").write_bytes(
        line + MAIL + b"\n" + line + b"A: b\n\n" + b"x" * 2000 + b"\n\n" + line + MAIL
    )
    first, bad, last = reader(tmp_path / "x", None).messages()
    assert isinstance(first, FileMessage) and isinstance(last, FileMessage)
    assert isinstance(bad, BadFile) and "at octet" in bad.source and "1000" in bad.reason
    assert first.octets + bad.octets + last.octets == (tmp_path / "x").stat().st_size


def test_an_mbox_that_is_there_is_not_overwritten_and_half_a_one_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "INBOX.mbox"
    folder = writer(tmp_path, Format.MBOX, None)("INBOX")
    folder.add(OutMessage(1, 1, frozenset(), WHEN, WIRE))
    folder.close(complete=False)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="there already"):
        writer(tmp_path, Format.MBOX, None)("INBOX")


# .eml


def test_dates_of_eml_files(tmp_path: Path) -> None:
    received = b"Received: by x; Fri, 15 Mar 2024 11:01:07 +0100\nDate: Thu, 14 Mar 2024 00:00:00 +0000\n"
    for name, head in (("a", received), ("b", received.splitlines(True)[1]), ("c", b"")):
        (tmp_path / f"{name}.eml").write_bytes(head + MAIL)
        os.utime(tmp_path / f"{name}.eml", (86400, 86400))
    east = timezone(timedelta(hours=1))
    assert [item.date for item in read(tmp_path)] == [
        WHEN.astimezone(east), datetime(2024, 3, 14, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC),
    ]  # fmt: skip


def test_directories_of_eml_files_are_mailboxes(tmp_path: Path) -> None:
    for place in ("a.eml", "Lists/astro/b.EML", "%2Ehidden/c.eml"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(MAIL)
    (tmp_path / "notes.txt").write_text("no mail")
    assert sorted(item.mailbox for item in read(tmp_path)) == ["", ".hidden", "Lists/astro"]


# All


@pytest.mark.parametrize("form", list(Format))
def test_the_sample_account_comes_back_as_it_went(tmp_path: Path, form: Format) -> None:
    """Bytes, dates, flags and order; but .eml has no flags, and tells its own dates."""
    make = writer(tmp_path / "out", form, None)
    sent: dict[str, list[tuple[bytes, frozenset[str], datetime]]] = {}
    for sample, octets in load():
        sent.setdefault(sample.mailbox, []).append(
            (with_crlf(octets), frozenset(sample.flags), sample.internaldate)
        )
    for mailbox, messages in sent.items():
        folder = make(mailbox)
        for uid, (octets, flags, date) in enumerate(messages, 1):
            assert folder.add(OutMessage(7, uid, flags, date, octets))
        folder.close(complete=True)
    got: dict[str, list[tuple[bytes, frozenset[str], datetime]]] = {}
    for item in read(tmp_path / "out"):
        got.setdefault(item.mailbox or "INBOX", []).append((item.content, item.flags, item.date))
    assert detect(tmp_path / "out") is form
    assert got.keys() == sent.keys()
    for mailbox, messages in sent.items():
        if form is Format.EML:
            assert [item[0] for item in got[mailbox]] == [item[0] for item in messages]
        elif form is Format.MAILDIR:
            assert sorted(got[mailbox], key=_by_date) == sorted(messages, key=_by_date)
        else:  # an mbox ends each message with a line end, and each header with a blank line
            assert [(item[0].rstrip(), *item[1:]) for item in got[mailbox]] == [
                (item[0].rstrip(), *item[1:]) for item in messages
            ]


def _by_date(item: tuple[bytes, frozenset[str], datetime]) -> tuple[datetime, bytes]:
    return item[2], item[0]


@pytest.mark.parametrize("form", [Format.MAILDIR, Format.EML])
def test_what_was_written_is_not_written_again(tmp_path: Path, form: Format) -> None:
    for expected in (True, False):
        folder = writer(tmp_path, form, None)("INBOX")
        assert folder.add(OutMessage(7, 1, frozenset({"\\Seen", "Work"}), WHEN, WIRE)) is expected
        folder.close(complete=True)


def test_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--format"):
        detect(tmp_path)
    with pytest.raises(UsageError, match="there is no"):
        detect(tmp_path / "nowhere")
