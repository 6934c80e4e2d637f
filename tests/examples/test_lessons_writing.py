"""The lessons that change something: what they print, and what the server holds afterwards."""

from __future__ import annotations

from .conftest import WRITER, Lessons, Workplace


def test_append(lessons: Lessons, workplace: Workplace) -> None:
    lines = lessons.run(
        "append_message", workplace.mailbox, "--subject", "Owls", "--text", "Zwölf Käuze", user=WRITER
    )
    assert lines == [f"appended to {workplace.mailbox} as UID 1"]
    assert workplace.subjects() == ["Owls"]
    around, octets = workplace.fetch("1", "(FLAGS BODY.PEEK[])")
    assert b"\\Draft" in around
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert "Zwölf Käuze".encode() in octets or b"Zw=C3=B6lf" in octets


def test_append_to_nowhere(lessons: Lessons) -> None:
    ended = lessons.process("append_message", "No/such/mailbox", user=WRITER)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1


def test_archive_read(lessons: Lessons, workplace: Workplace) -> None:
    workplace.fill("001", "002", "004", "006", "009", "012")  # flagged, read, unread, read, read, unread
    archive = f"Archive/{workplace.mailbox} read"
    arguments = ("archive_read", workplace.mailbox, "--archive", archive)
    assert lessons.run(*arguments, user=WRITER) == [
        f"created {archive}",
        f"archived 3 from {workplace.mailbox} to {archive}, 3 left",
    ]
    assert workplace.subjects() == [
        "Welcome to the observatory",
        "Your book is waiting",
        "Re: [observatory] Re: Comet after sunset",
    ]
    assert workplace.subjects(f'"{archive}"') == ["Sunday lunch", "Invoice 2024-0315", "Comet after sunset"]
    assert b"\\Seen" in workplace.fetch("1", "(FLAGS)")[0]
    assert b"\\Answered" in workplace.fetch("1", "(FLAGS)")[0]
    assert b"\\Deleted" not in workplace.fetch("1:*", "(FLAGS)")[0]
    assert workplace.subscribed(archive)
    # A second run finds the archive there and nothing to do.
    assert lessons.run(*arguments, user=WRITER) == [
        f"archived 0 from {workplace.mailbox} to {archive}, 3 left"
    ]


def test_delete(lessons: Lessons, workplace: Workplace) -> None:
    workplace.fill("001", "002", "009", "013")
    # Marked by somebody else: only a plain EXPUNGE would take it along.
    workplace.client.select(workplace.mailbox)
    workplace.client.uid("STORE", "4", "+FLAGS", r"(\Deleted)")
    workplace.client.unselect()
    lines = lessons.run("delete_messages", workplace.mailbox, "1", "3", "99", user=WRITER)
    assert lines == [f"deleted 2, 2 left in {workplace.mailbox}"]
    assert workplace.subjects() == ["Sunday lunch", "The dome squeaks"]


def test_delete_nothing(lessons: Lessons, workplace: Workplace) -> None:
    workplace.fill("001")
    assert lessons.run("delete_messages", workplace.mailbox, "5", user=WRITER) == [
        f"deleted 0, 1 left in {workplace.mailbox}"
    ]
    assert workplace.subjects() == ["Welcome to the observatory"]
