"""What FETCH sends is the mail as it came: every section and every cut, from rows and from files, one message at a time and many."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.message.scan import scan
from imapkit.message.section import locate
from imapkit.stores.directory.memory import MemoryDirectory
from imapkit.stores.sqlite import SqliteStore
from imapkit.tools.embed import Server, in_thread, quick_hasher

_LITERAL = re.compile(rb" ~?\{(\d+)\}\r\n$")
LINES = b"".join(b"%06d abcdefghijklmnopqrstuvwxyz\r\n" % number for number in range(30_000))


def multipart(first: int, second: int) -> bytes:
    head = b"Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nbefore\r\n"
    parts = (LINES[:first], b"Content-Type: application/pdf\r\n\r\n" + LINES[:second])
    return head + b"--b\r\n\r\n" + b"\r\n--b\r\n".join(parts) + b"\r\n--b--\r\n"


MAIL = [
    b"Subject: small\r\n\r\nhello\r\n",
    b"Subject: bare line feeds\n\n" + LINES[:90_000].replace(b"\r", b""),
    b"Subject: no body",
    b"Subject: at the edge\r\n\r\n" + LINES[: 65_536 - 26],
    b"Subject: past the edge\r\n\r\n" + LINES[: 65_537 - 28],
    multipart(100, 20_000),
    multipart(40_000, 50_000),
    multipart(300_000, 700_000),
    b"Subject: broken\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\n" + LINES[:70_000],
    b"\xff\xfe\r\n" + LINES[:50_000],
    b"Subject: large header\r\nX-Long: " + b"y " * 40_000 + b"\r\n\r\nbody\r\n",
]
SECTIONS: dict[bytes, tuple[tuple[int, ...], str]] = {
    b"": ((), ""),
    b"HEADER": ((), "HEADER"),
    b"TEXT": ((), "TEXT"),
    b"1": ((1,), ""),
    b"2": ((2,), ""),
    b"2.MIME": ((2,), "MIME"),
}
EDGES = [0, 1, 26, 28, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 262_144, 1_000_000]


class Client:
    """Asks for sections, and gives the octets of each message."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=50)
        self._file: BinaryIO = self._socket.makefile("rb")
        self._file.readline()

    def command(self, line: bytes) -> dict[int, list[bytes | None]]:
        """The literals of each message, None for NIL."""
        self._socket.sendall(b"a1 " + line + b"\r\n")
        found: dict[int, list[bytes | None]] = {}
        seq = 0
        for answer in self._file:
            if answer.startswith(b"a1 "):
                assert answer.startswith(b"a1 OK"), answer
                return found
            if answer.startswith(b"* ") and b" FETCH (" in answer:
                seq = int(answer.split()[1])
                found[seq] = []
            literal = _LITERAL.search(answer)
            if literal is not None:
                found[seq].append(self._file.read(int(literal[1])))
            elif answer.endswith(b" NIL)\r\n"):
                found[seq].append(None)
        raise AssertionError(f"the server hung up in {line!r}")

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    data: Path = tmp_path_factory.mktemp("octets")
    server = Server(SqliteStore(data), MemoryDirectory(), users={"ann": "secret"}, hasher=quick_hasher())
    with in_thread(server):
        made = Client(server)
        made.command(b"LOGIN ann secret")
        for mail in MAIL:
            made.command(b"APPEND INBOX {%d+}\r\n%b" % (len(mail), mail))
        made.command(b"SELECT INBOX")
        yield made
        made.close()


def expected(mail: bytes, section: bytes, cut: tuple[int, int] | None) -> bytes | None:
    span = locate(scan(mail), *SECTIONS[section])
    if span is None:
        return None
    octets = mail[span[0] : span[1]]
    return octets if cut is None else octets[cut[0] : cut[0] + cut[1]]


_edge = st.sampled_from(EDGES) | st.integers(0, 1_100_000)


@given(
    section=st.sampled_from(sorted(SECTIONS)),
    cut=st.none() | st.tuples(_edge, _edge.map(lambda length: length + 1)),
    seed=st.integers(0, 1 << 20),
    more=st.sampled_from([b"", b"UID ", b"BODY.PEEK[HEADER] "]),
)
@settings(max_examples=120, deadline=None)
def test_octets_are_those_of_the_mail(
    client: Client, section: bytes, cut: tuple[int, int] | None, seed: int, more: bytes
) -> None:
    chance = random.Random(seed)
    seqs = sorted(chance.sample(range(1, len(MAIL) + 1), chance.randint(1, len(MAIL))))
    origin = b"" if cut is None else b"<%d.%d>" % cut
    items = b"%bBODY.PEEK[%b]%b" % (more, section, origin)
    answer = client.command(b"FETCH %b (%b)" % (b",".join(b"%d" % seq for seq in seqs), items))
    assert list(answer) == seqs
    for seq, literals in answer.items():
        assert literals[-1] == expected(MAIL[seq - 1], section, cut)
        if b"HEADER" in more and (section, cut) != (b"HEADER", None):
            assert literals[0] == expected(MAIL[seq - 1], b"HEADER", None)


def test_binary_parts_that_are_large(client: Client) -> None:
    """From a file, announced as octets of any kind; small ones without NUL are plain literals."""
    answer = client.command(b"FETCH 6,8 BINARY.PEEK[2]")
    assert answer == {6: [LINES[:20_000]], 8: [LINES[:700_000]]}
