"""The table of usual mistakes in the course: each row typed at our server, and what it shows compared."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import imapkit

PAGE = Path(__file__).parents[2] / "docs" / "learn" / "mistakes.md"
MESSAGE = b"From: bob@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"


def rows(heading: str) -> Iterator[tuple[str, str]]:
    """What is typed and what is shown, of the table whose first column has this heading."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"| {heading} |")
    assert rest, heading
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        found = re.fullmatch(r"\| `(.+?)` \| `(.+?)` \| .*\|", line)
        assert found is not None, line
        yield found[1], found[2]


def matches(shown: str, text: str) -> bool:
    """Whether ``text`` is as shown, where ``...`` stands for the rest of the line or what comes before."""
    return re.fullmatch(".*".join(map(re.escape, shown.split("..."))), text, re.DOTALL) is not None


@pytest.fixture(scope="module")
def wire() -> Iterator[socket.SocketIO]:
    with imapkit.serve_in_thread(users={"ann": "secret"}) as server:
        with imapkit.connect(server.url, user="ann", password="secret", allow_plaintext=True) as mail:
            have = {folder.name for folder in mail.folders()}
            for name in {"Archive", "Archive/2008", "Drafts", "Sent"} - have:
                mail.create(name)
            for _ in range(3):
                mail.append("INBOX", MESSAGE)
        with socket.create_connection((server.host, server.port), timeout=20) as connection:
            opened = socket.SocketIO(connection, "rw")
            assert opened.readline().startswith(b"* OK")
            assert typed(opened, "a0 LOGIN ann secret").startswith("a0 OK")
            yield opened


def typed(wire: socket.SocketIO, line: str) -> str:
    """The completion of a line that was typed; the lines before it are passed over."""
    wire.write(line.encode() + b"\r\n")
    while (answer := wire.readline().decode()).startswith("* ") and not answer.startswith("* BAD"):
        pass
    return answer.removesuffix("\r\n")


def test_what_is_typed_by_hand(wire: socket.SocketIO) -> None:
    wrong = []
    for line, shown in rows("typed"):
        assert typed(wire, "a0 SELECT INBOX").startswith("a0 OK")
        answer = typed(wire, f"a1 {line}").removeprefix("a1 ")
        if not matches(shown, answer) or len(answer) > 180:
            wrong.append((line, shown, answer))
    for line, shown in rows("typed without a tag"):
        answer = typed(wire, line)
        if not matches(shown, answer):
            wrong.append((line, shown, answer))
    assert not wrong, "\n".join(f"{line}\n  {shown}\n  {answer}" for line, shown, answer in wrong)


@pytest.mark.parametrize(
    "line", ["a1 LOGIN ann geheim x", "LOGIN ann geheim", "a1 login ann geheim (", 'a1 LOGIN ann "geheim']
)
def test_no_password_is_repeated(wire: socket.SocketIO, line: str) -> None:
    assert "geheim" not in typed(wire, line)
