"""Transcripts: sessions as RFCs print them, played against a server, or, the roles reversed, against a client.

    features: APPEND AUTH
    S: * OK …
    C: a1 LOGIN ann secret
    S: a1 OK …
    C: a2 APPEND INBOX {#+}
    C: A: b
    C:
    C:
    S: a2 OK [APPENDUID ${validity} 1] …
    C2: b1 NOOP

``…`` in a line of the other side stands for any text (also none). ``${name}`` stands for one word the first time that side says it, and for
that same word wherever it is said later. ``#`` as the size of a client's literal is counted: all its lines up to the server's next. Lines
that begin with ``#`` and empty ones are left out. Each line gets CRLF. ``C2:`` and ``S2:`` are a second connection, and so on; ``E:`` is
the server ending the connection. What stands before the first line as ``word: text`` are notes for whoever plays it.

Played against a client there is one connection, and tags may be any: the first word of a tagged command is put in wherever the
transcript says its tag.

The rule this file must not break: whatever differs is told with the number of the transcript's line.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import BinaryIO, Final

from ..errors import UsageError

ANYTHING: Final = "…"
_TAG: Final = re.compile(r"[A-Za-z0-9.]+")
_WHO: Final = re.compile(r"([CSE])(\d*)")
_COUNTED: Final = re.compile(r"\{#(\+?)\}$")
_HOLE: Final = re.compile(r"(…|\$\{\w+\})")


class Mismatch(AssertionError):
    """The other side said something else."""

    def __init__(self, line: int, expected: str, got: str) -> None:
        super().__init__(f"line {line} of the transcript: expected {expected!r}, got {got!r}")
        self.line = line
        self.expected = expected
        self.got = got


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``client``: whether the client says it. ``text`` None: the server ends the connection."""

    number: int
    client: bool
    text: str | None
    connection: str = ""


@dataclass(slots=True)
class Said:
    """The octets of one connection, as they were."""

    client: bytes = b""
    server: bytes = b""


class Transcript:
    """Lines in the order in which they are said, and the notes at the head."""

    def __init__(self, lines: list[Line], notes: dict[str, str] | None = None) -> None:
        self.lines = lines
        self.notes = notes or {}

    @classmethod
    def parse(cls, text: str) -> Transcript:
        """Raises UsageError for a line that nobody says."""
        lines: list[Line] = []
        notes: dict[str, str] = {}
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip("\r\n")
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            who, colon, said = line.lstrip().partition(":")
            speaker = _WHO.fullmatch(who)
            if speaker and colon:
                words = None if speaker[1] == "E" else said.removeprefix(" ")
                lines.append(Line(number, speaker[1] == "C", words, speaker[2]))
            elif colon and not lines and who.isalnum():
                notes[who] = said.strip()
            else:
                raise UsageError(f"line {number} of the transcript begins with neither C: nor S:")
        return cls(_counted(lines), notes)

    def play_against_server(self, host: str, port: int, *, timeout: float = 10.0) -> dict[str, Said]:
        """Say the client's lines, and compare what the server says. Gives what was said on each connection. Raises Mismatch."""
        words: dict[str, str] = {}
        peers: dict[str, _Peer] = {}
        with ExitStack() as stack:
            for line in self.lines:
                peer = peers.get(line.connection)
                if peer is None:
                    conn = stack.enter_context(socket.create_connection((host, port), timeout=timeout))
                    file = stack.enter_context(conn.makefile("rb"))
                    peer = peers[line.connection] = _Peer(conn, file, {}, words)
                peer.play(line, client=True)
        return {name: Said(peer.sent, peer.received) for name, peer in peers.items()}

    @contextmanager
    def as_server(self, *, timeout: float = 10.0) -> Iterator[tuple[str, int]]:
        """Listen as the server of this transcript for one client; raises Mismatch at the end of the block if the client strayed.

        A client that ends before the transcript does has strayed, too.
        """
        failures: list[BaseException] = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(timeout)
            thread = threading.Thread(target=self._serve, args=(listener, timeout, failures), daemon=True)
            thread.start()
            try:
                yield "127.0.0.1", listener.getsockname()[1]
            finally:
                thread.join(timeout)
        if failures:
            raise failures[0]

    def _serve(self, listener: socket.socket, timeout: float, failures: list[BaseException]) -> None:
        try:
            conn, _ = listener.accept()
            with conn:
                conn.settimeout(timeout)
                self._play(conn, client=False, tags=self._tags())
        except (Mismatch, OSError) as error:
            failures.append(error)

    def _play(self, conn: socket.socket, *, client: bool, tags: dict[str, str | None]) -> None:
        # The file is closed too: a connection ends only when nobody holds it.
        with conn.makefile("rb") as file:
            peer = _Peer(conn, file, tags, {})
            for line in self.lines:
                peer.play(line, client=client)

    def _tags(self) -> dict[str, str | None]:
        """The tags in the transcript: first words that a server's line begins with, too."""
        firsts = {line.text.split(" ", 1)[0] for line in self.lines if line.text and not line.client}
        own = {line.text.split(" ", 1)[0] for line in self.lines if line.text and line.client}
        return {tag: None for tag in firsts & own if _TAG.fullmatch(tag)}


def _counted(lines: list[Line]) -> list[Line]:
    """``{#}`` becomes the octets of the client's lines that follow, but for the last line end, which ends the command."""
    done: list[Line] = []
    for at, line in enumerate(lines):
        counted = _COUNTED.search(line.text or "") if line.client else None
        if counted is not None:
            # Where the client waits for the server's +, that stands between
            size = _size(lines[at + 1 if counted[1] else at + 2 :], line.connection)
            text = _COUNTED.sub(f"{{{size}{counted[1]}}}", line.text or "")
            line = Line(line.number, True, text, line.connection)
        done.append(line)
    return done


def _size(lines: list[Line], connection: str) -> int:
    said = takewhile(lambda line: line.client and line.connection == connection, lines)
    return len("\r\n".join(line.text or "" for line in said).encode("utf-8"))


class _Peer:
    """One end of a connection that keeps to the transcript. ``tags``: those whose real form the other side chooses; ``words``: what
    the names stand for, as far as it was said.
    """

    def __init__(
        self, conn: socket.socket, file: BinaryIO, tags: dict[str, str | None], words: dict[str, str]
    ) -> None:
        self._conn = conn
        self._file = file
        self._tags = tags
        self._words = words
        self.sent = b""
        self.received = b""

    def play(self, line: Line, *, client: bool) -> None:
        if line.client is not client:
            self.expect(line)
        elif line.text is None:
            self._conn.shutdown(socket.SHUT_WR)
        else:
            self.say(line.text)

    def say(self, text: str) -> None:
        first, space, rest = text.partition(" ")
        real = self._tags.get(first) or first
        filled = _HOLE.sub(self._word, real + space + rest)
        data = filled.encode("utf-8") + b"\r\n"
        self.sent += data
        self._conn.sendall(data)

    def _word(self, hole: re.Match[str]) -> str:
        return self._words.get(hole[0], "ok" if hole[0] == ANYTHING else "1")

    def expect(self, line: Line) -> None:
        expected = "(the end of the connection)" if line.text is None else line.text
        try:
            data = self._file.readline()
        except TimeoutError:
            raise Mismatch(line.number, expected, "(nothing, in time)") from None
        self.received += data
        got = data.decode("utf-8", "replace").rstrip("\r\n")
        if not data and line.text is not None:
            raise Mismatch(line.number, expected, "(the end of the connection)")
        if data and (line.text is None or not self._matches(line.text, got)):
            raise Mismatch(line.number, expected, got)

    def _matches(self, expected: str, got: str) -> bool:
        first, _, rest = expected.partition(" ")
        if first in self._tags:
            tag, _, said = got.partition(" ")
            if self._tags[first] is None and _TAG.fullmatch(tag):
                self._tags[first] = tag
            return self._tags[first] == tag and self._fits(rest, said)
        return self._fits(expected, got)

    def _fits(self, expected: str, got: str) -> bool:
        """Whether the text is the one expected; then its new words are kept."""
        names: list[str] = []
        pattern = ""
        for piece in _HOLE.split(expected):
            if piece == ANYTHING:
                pattern += ".*"
            elif piece in self._words or not _HOLE.fullmatch(piece):
                pattern += re.escape(self._words.get(piece, piece))
            elif piece in names:
                pattern += rf"(?:\{names.index(piece) + 1})"
            else:
                names.append(piece)
                pattern += r"([^\s()\[\]]+)"
        found = re.fullmatch(pattern, got, re.DOTALL)
        if found is None:
            return False
        self._words.update(zip(names, found.groups(), strict=True))
        return True
