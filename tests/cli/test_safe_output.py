"""What a server or a message says reaches a terminal, a file and JSON without what a terminal would obey."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.twins import Script, server

from .conftest import PASSWORD, Run

EVIL = "a\x1b[2Jb\x9b31mc\u202ed\u200ee\x07f\x7fg"
"""An escape sequence, one that begins with C1, an embedding and a mark of direction, a bell and DEL."""
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

HEAD = (
    f"From: {EVIL} <bob@example.org>\r\nSubject: {EVIL}\r\nDate: Fri, 15 Mar 2024 10:01:07 +0100\r\n"
    f'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; name="{EVIL}"\r\n\r\n'
).encode()
TEXT = f"Hello {EVIL}\r\n".encode()


def literal(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return b"{%d}\r\n%s" % (len(data), data)


ENVELOPE = b'ENVELOPE (NIL %b ((%b NIL "bob" "example.org")) NIL NIL NIL NIL NIL NIL "<%b@x>")' % (
    literal(EVIL), literal(EVIL), b"1",
)  # fmt: skip
STRUCTURE = (
    b'BODYSTRUCTURE ("TEXT" "PLAIN" ("CHARSET" "utf-8" "NAME" %b) NIL NIL "8BIT" %d 1 NIL ("attachment" ("FILENAME" %b)) NIL NIL)'
    % (literal(EVIL), len(TEXT), literal(EVIL))
)
DATA = b'* 1 FETCH (UID 1 FLAGS (\\Seen) INTERNALDATE "15-Mar-2024 10:01:07 +0100" RFC822.SIZE %d %b %b' % (
    len(HEAD) + len(TEXT), ENVELOPE, STRUCTURE,
)  # fmt: skip


def answers(line: bytes) -> list[bytes]:
    """Untagged lines for a command."""
    word = line.upper()
    if word.startswith(b"LIST"):
        return [b'* LIST () "/" INBOX', b'* LIST () "/" ' + literal(EVIL)]
    if word.startswith(b"STATUS"):
        return [b"* STATUS INBOX (MESSAGES 1 UNSEEN 0)"]
    if word.startswith((b"SELECT", b"EXAMINE")):
        return [
            b"* 1 EXISTS", b"* FLAGS (\\Seen)", b"* OK [UIDVALIDITY 7] ok", b"* OK [UIDNEXT 2] ok",
            b"* OK [ALERT] " + EVIL.encode(),
        ]  # fmt: skip
    if b"SEARCH" in word:
        return [b"* SEARCH 1"]
    if b"FETCH" in word:
        section = re.search(rb"BODY(?:\.PEEK)?\[([^\]]*)\](<\d+\.\d+>)?", word)
        if section is None:
            return [DATA + b")"]
        body = {b"": HEAD + TEXT, b"HEADER": HEAD}.get(section[1], TEXT)
        origin = b"<0>" if section[2] else b""
        return [DATA + b" BODY[%b]%b %b)" % (section[1], origin, literal(body))]
    return []


def play(s: Script) -> None:
    s.send("* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS] " + EVIL)
    try:
        while True:
            tag, _, line = s.line().partition(b" ")
            if line.upper().startswith((b"UID COPY", b"CREATE")):
                s.send(tag + b" NO [ALERT] " + EVIL.encode())
            else:
                s.send(*answers(line), tag + b" OK done")
            if line.upper().startswith(b"LOGOUT"):
                return
    except (EOFError, OSError):
        pass


@pytest.fixture
def evil(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    with server(play) as port:
        yield f"imap://ann@127.0.0.1:{port}"


@pytest.mark.parametrize(
    "command",
    [
        ("ls",), ("ls", "--json"), ("info",), ("info", "--json"), ("summary",), ("summary", "--json"), ("summary", "--parts"),
        ("search", "--from", "bob"), ("search", "--from", "bob", "--json"), ("show", "1"), ("show", "1", "--json"),
        ("show", "1", "--structure"), ("flag", "1"), ("flag", "1", "--json"), ("cp", "1", EVIL), ("cp", "1", EVIL, "--json"),
        ("mkdir",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_hands_it_on(evil: str, run: Run, command: tuple[str, ...]) -> None:
    verb, *rest = command
    where = f"{evil}/a%1bb" if verb == "mkdir" else evil
    code, out, err = run(verb, where, *rest)
    assert code in (0, 1) and (out or err)
    assert OBEYED.search(out) is None, ascii(out)
    assert OBEYED.search(err) is None, ascii(err)
    if "--json" in command and code == 0:
        for line in out.splitlines():
            json.loads(line)


def test_json_tells_exactly_what_was_said(evil: str, run: Run) -> None:
    (found,) = [json.loads(line) for line in run("summary", evil, "--json")[1].splitlines()]
    assert found["subject"] == EVIL


def test_names_of_saved_files(evil: str, run: Run, tmp_path: Path) -> None:
    code, out, err = run("save", evil, "1", "--to", str(tmp_path))
    assert (code, err.count("Traceback")) == (0, 0), err
    assert OBEYED.search(out) is None and OBEYED.search(err) is None
    assert [OBEYED.search(path.name) for path in tmp_path.iterdir()] == [None]
