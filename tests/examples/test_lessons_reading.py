"""The lessons that only look: their output on the sample account."""

from __future__ import annotations

import email
import email.message
import mailbox as mailboxes
from contextlib import closing
from pathlib import Path

import pytest

from imapkit.tools.demo_mail import MAILBOXES

from .conftest import EXAMPLES, FLAVOURS, Lessons, held

READING = {
    "list_mailboxes",
    "parse_list",
    "subfolders",
    "mailbox_status",
    "folder_info",
    "folder_summary",
    "browser",
    "search",
    "fetch_headers",
    "fetch_flags_and_body",
    "backup_mbox",
}
WRITING = {"append_message", "archive_read", "delete_messages"}
EMPTY = {"Lists", "Reisen"}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_has_every_lesson(flavour: str) -> None:
    assert {path.stem for path in (EXAMPLES / flavour).glob("*.py")} >= READING | WRITING


def test_the_known_flavours_are_found() -> None:
    assert {"imaplib", "imapclient"} <= set(FLAVOURS)


def test_shared_module_is_the_same() -> None:
    """The forgiving reader of messages has nothing to do with the flavour; its copies must not drift apart."""
    copies = {(EXAMPLES / flavour / "mime.py").read_text() for flavour in ("imaplib", "imapclient")}
    assert len(copies) == 1


def test_list_mailboxes(lessons: Lessons) -> None:
    assert lessons.run("list_mailboxes") == sorted(MAILBOXES)


def test_parse_list(lessons: Lessons) -> None:
    rows = [line.split("\t") for line in lessons.run("parse_list")]
    assert [row[0] for row in rows] == sorted(MAILBOXES)
    assert {row[1] for row in rows} == {"/"}
    flags = {row[0]: row[2].split() for row in rows}
    for name in MAILBOXES:
        children = any(other.startswith(name + "/") for other in MAILBOXES)
        assert ("\\HasChildren" in flags[name]) == children
        assert ("\\HasNoChildren" in flags[name]) != children


def test_subfolders_tree(lessons: Lessons) -> None:
    assert lessons.run("subfolders") == [
        "Archive",
        "  2025",
        "Drafts",
        "INBOX",
        "Junk",
        "Lists",
        "  astronomy",
        "Reisen",
        "  Köln",
        "Sent",
        "Trash",
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("%", sorted(name for name in MAILBOXES if "/" not in name)),
        ("Archive/%", ["Archive/2025"]),
        ("Reisen/K*", ["Reisen/Köln"]),
        ("Reisen/Kö%", ["Reisen/Köln"]),
        ("*s/%", ["Lists/astronomy"]),
        ("nothing*", []),
    ],
)
def test_subfolder_patterns(lessons: Lessons, pattern: str, names: list[str]) -> None:
    assert lessons.run("subfolders", pattern) == names


def test_mailbox_status(lessons: Lessons) -> None:
    expected = []
    for name in sorted(MAILBOXES):
        messages = held(name)
        unread = sum("\\Seen" not in message.flags for message in messages)
        expected.append(f"{name}: {len(messages)} messages, {unread} unread, next UID {len(messages) + 1}")
    assert lessons.run("mailbox_status") == expected


@pytest.mark.parametrize("mode", ["read-write", "read-only"])
def test_folder_info(lessons: Lessons, mode: str) -> None:
    options = ["--readonly"] if mode == "read-only" else []
    lines = dict(
        line.split(": ", 1) for line in lessons.run("folder_info", "Reisen/Köln", *options) if ": " in line
    )
    assert (lines["mailbox"], lines["messages"], lines["access"]) == ("Reisen/Köln", "2", mode)
    assert lines["next UID"] == "3"
    assert int(lines["UID validity"]) > 0
    system = {"\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"}
    assert system <= set(lines["flags"].split())
    if mode == "read-write":
        assert system | {"\\*"} <= set(lines["permanent flags"].split())


def test_folder_summary_of_a_folder(lessons: Lessons) -> None:
    assert lessons.run("folder_summary", "Lists/astronomy") == [
        "1  Zofia Nowak: Hello list, which telescope for a balcony of two s",
        "2  Ben Carter: > which telescope for a balcony of two square metr",
        "3  Jens Østergaard: Kikkert først, ja. And never buy from a supermarke",
        "4  astronomy-request@lists.example.net: [text/plain, message/rfc822, message/rfc822, message/rfc822]",
    ]


def test_folder_summary_of_everything_odd(lessons: Lessons) -> None:
    lines = lessons.run("folder_summary")
    inbox = [message.file for message in held("INBOX")]
    assert [line.split()[0] for line in lines] == [str(number) for number in range(1, len(inbox) + 1)]
    shown = {file[:3]: line.split("  ", 1)[1] for file, line in zip(inbox, lines, strict=True)}
    assert shown["003"] == "Starlight Optics: [text/plain, text/html]"
    assert shown["005"] == "Chloé Dubois: [text/plain, text/html, image/png]"
    assert shown["020"].startswith("Михаил Орлов: Дорогая Анна! Вчера мы насчитали")
    assert shown["023"].startswith("田中 由紀: アンさん、")
    assert shown["032"] == "Ruth Fischer:"
    assert shown["059"].endswith("Greetings from Mars, naïvely encoded.")
    assert shown["061"].endswith("Schöne Grüße vom See!")
    assert shown["062"] == "cron@example.org: frames: 120 owl sightings: 1"
    assert shown["068"] == "Matryoshka: [text/plain]"


def test_browser(lessons: Lessons) -> None:
    commands = "list\nopen 7\nshow 4\npart 4.1\npart 4.2.2\npart 4.9\nnext\nshow 99\nopen Köln\ndance\nquit\n"
    names = sorted(MAILBOXES)
    lines = "\n".join(lessons.run("browser", stdin=commands)).replace("> ", "").splitlines()
    assert lines[: len(names)] == [f"{number}  {name}" for number, name in enumerate(names, 1)]
    assert lines[len(names) :] == [
        "Lists/astronomy: 4 messages",
        "1  Zofia Nowak: [astronomy] First telescope?",
        "2  Ben Carter: Re: [astronomy] First telescope?",
        "3  Jens Østergaard: Re: [astronomy] First telescope?",
        "4  astronomy-request@lists.example.net: astronomy Digest, Vol 7, Issue 2",
        "From: astronomy-request@lists.example.net",
        "To: astronomy@lists.example.net",
        "Subject: astronomy Digest, Vol 7, Issue 2",
        "Date: Tue, 08 Jul 2025 06:00:00 +0200",
        "1  text/plain",
        "2.1  message/rfc822",
        "2.2  message/rfc822",
        "2.3  message/rfc822",
        "Today's topics:",
        "",
        " 1. Saturn without rings",
        " 2. Noctilucent clouds",
        " 3. Owl in dome",
        "(message/rfc822)",
        "message 4 has no part 9",
        "no more messages",
        "there is no 99 here",
        "there is no Köln here",
        "*** Unknown syntax: dance",
    ]


def test_browser_pages_and_decodes(lessons: Lessons) -> None:
    lines = lessons.run("browser", stdin="open 4\nnext\n\nshow 26\npart 26.1\n")  # and ends with its input
    inbox = held("INBOX")
    assert f"INBOX: {len(inbox)} messages" in lines[0]
    numbered = [line.removeprefix("> ") for line in lines if line.removeprefix("> ")[:1].isdigit()]
    assert [line.split()[0] for line in numbered[:20]] == [str(number) for number in range(1, 21)]
    assert "Subject: Καλή χρονιά και καθαρός ουρανός ✨ שנה טובה سنة سعيدة" in lines
    assert "καλή χρονιά! Εδώ τα βράδια είναι καθαρά. ✨🔭" in lines


@pytest.mark.parametrize(
    ("options", "files"),
    [
        (["--subject", "comet"], ["009", "010", "012"]),
        (["--sender", "chloe@example.com"], ["005", "010", "017", "028"]),
        (["--subject", "comet", "--sender", "vera"], ["012"]),
        (["--sender", "Орлов"], ["020", "021"]),
        (["--subject", "中秋"], ["023"]),
        (["--subject", 'quote " and \\ backslash'], []),
    ],
)
def test_search(lessons: Lessons, options: list[str], files: list[str]) -> None:
    lines = lessons.run("search", *options)
    inbox = [message.file[:3] for message in held("INBOX")]
    assert [inbox[int(line.split()[0]) - 1] for line in lines[:-1]] == files
    assert lines[-1] == f"{len(files)} found"


def test_search_prints_decoded_headers(lessons: Lessons) -> None:
    assert lessons.run("search", "--subject", "telescope", "--sender", "Jens", "Lists/astronomy") == [
        "3  Jens Østergaard: Re: [astronomy] First telescope?",
        "1 found",
    ]


def test_fetch_headers_leaves_messages_unread(lessons: Lessons) -> None:
    assert lessons.run("fetch_headers", "Reisen/Köln") == [
        "1  Sat, 14 Feb 2026 08:08:56 +0100  Railway: Your ticket to Köln",
        "2  Sun, 15 Feb 2026 19:45:15 +0100  Jens Østergaard: Abendessen am Dom",
        "unread before 1, after 1",
    ]


def test_fetch_headers_count(lessons: Lessons) -> None:
    lines = lessons.run("fetch_headers", "--count", "1", "Archive/2025")
    assert lines[0].endswith("Chloé Dubois: Résumé of May")
    assert lines[1:] == ["unread before 0, after 0"]


def test_fetch_headers_of_an_empty_mailbox(lessons: Lessons) -> None:
    assert lessons.run("fetch_headers", "Lists") == ["unread before 0, after 0"]


def test_fetch_flags_and_body(lessons: Lessons) -> None:
    lines = lessons.run("fetch_flags_and_body", "--uid", "1")
    inbox = held("INBOX")
    expected = [f"{uid}: {' '.join(sorted(entry.flags)) or '(none)'}" for uid, entry in enumerate(inbox, 1)]
    assert lines[: len(inbox)] == expected
    assert lines[len(inbox) : len(inbox) + 2] == ["--- 1", "Dear Ann,"]
    assert lines[-1] == "Ben"


def test_fetch_body_of_nobody(lessons: Lessons) -> None:
    ended = lessons.process("fetch_flags_and_body", "Sent", "--uid", "77")
    assert ended.returncode == 1
    assert ended.stderr.strip() == "fetch_flags_and_body.py: no message with UID 77 in Sent"


def test_wrong_password_is_one_line(lessons: Lessons) -> None:
    ended = lessons.process("list_mailboxes", password="wrong")
    assert ended.returncode == 1
    assert ended.stderr.startswith("list_mailboxes.py: ")
    assert len(ended.stderr.splitlines()) == 1


def test_over_tls(lessons: Lessons) -> None:
    ended = lessons.process_over_tls("list_mailboxes", "--cafile", str(lessons.server.certificate))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == sorted(MAILBOXES)


def test_over_tls_with_a_certificate_nobody_vouches_for(lessons: Lessons) -> None:
    ended = lessons.process_over_tls("list_mailboxes")
    assert ended.returncode == 1
    assert "CERTIFICATE_VERIFY_FAILED" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_unknown_mailbox_is_one_line(lessons: Lessons) -> None:
    ended = lessons.process("folder_summary", "No such place")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1


def test_backup(lessons: Lessons, tmp_path: Path) -> None:
    lines = lessons.run("backup_mbox", str(tmp_path / "backup"))
    files = {name: name.replace("/", ".") + ".mbox" for name in MAILBOXES}
    assert lines == [f"{name}: {len(held(name))} messages in {files[name]}" for name in sorted(MAILBOXES)]
    assert {path.name for path in (tmp_path / "backup").iterdir()} == set(files.values())
    for name in set(MAILBOXES) - EMPTY:
        _check_mbox(tmp_path / "backup" / files[name], name)


def _check_mbox(path: Path, name: str) -> None:
    """The saved messages are the sample messages, with their flags and their order."""
    with closing(mailboxes.mbox(path, create=False)) as box:
        saved = [box[key] for key in box.keys()]  # noqa: SIM118 - iterating gives messages
    entries = held(name)
    assert len(saved) == len(entries)
    for message, entry in zip(saved, entries, strict=True):
        assert set(message.get_flags()) - {"O"} == {
            letter
            for flag, letter in [("\\Seen", "R"), ("\\Answered", "A"), ("\\Flagged", "F"), ("\\Draft", "T")]
            if flag in entry.flags
        }
        original = email.message_from_bytes(entry.read())
        assert message["Message-ID"] == original["Message-ID"]
        if not entry.broken and not original.is_multipart():
            assert _text(message) == _text(original).replace(b"\nFrom ", b"\n>From ")


def _text(message: email.message.Message) -> bytes:
    """The decoded text of a message in one part, with the line ends of mbox."""
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.replace(b"\r\n", b"\n").rstrip()
