"""Transcripts: a session as RFCs print it, played against a server, or, the roles reversed, against a client.

    S: * OK …
    C: a1 LOGIN ann secret
    S: a1 OK …
    C: a2 APPEND INBOX {7+}
    C: A: b
    C:
    C:

``…`` in a line of the other side stands for any text (also none); lines that begin with ``#`` and empty ones are left out. Each line
gets CRLF. Played against a client, tags may be any: the first word of a tagged command is put in wherever the transcript says its tag.

The rule this file must not break: whatever differs is told with the number of the transcript's line.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from ..errors import UsageError

ANYTHING: Final = "…"
_TAG: Final = re.compile(r"[A-Za-z0-9.]+")


class Mismatch(AssertionError):
    """The other side said something else."""

    def __init__(self, line: int, expected: str, got: str) -> None:
        super().__init__(f"line {line} of the transcript: expected {expected!r}, got {got!r}")
        self.line = line
        self.expected = expected
        self.got = got


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``client``: whether the client says it."""

    number: int
    client: bool
    text: str


class Transcript:
    """Lines in the order in which they are said."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    @classmethod
    def parse(cls, text: str) -> Transcript:
        """Raises UsageError for a line that begins with neither ``C:`` nor ``S:``."""
        lines = []
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip("\r\n")
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            who, colon, said = line.lstrip().partition(":")
            if who not in ("C", "S") or not colon:
                raise UsageError(f"line {number} of the transcript begins with neither C: nor S:")
            lines.append(Line(number, who == "C", said.removeprefix(" ")))
        return cls(lines)

    def play_against_server(self, host: str, port: int, *, timeout: float = 10.0) -> None:
        """Say the client's lines, and compare what the server says. Raises Mismatch."""
        with socket.create_connection((host, port), timeout=timeout) as conn:
            self._play(conn, client=True, tags={})

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
            peer = _Peer(conn, file, tags)
            for line in self.lines:
                if line.client is client:
                    peer.say(line)
                else:
                    peer.expect(line)

    def _tags(self) -> dict[str, str | None]:
        """The tags in the transcript: first words that a server's line begins with, too."""
        firsts = {line.text.split(" ", 1)[0] for line in self.lines if not line.client}
        own = {line.text.split(" ", 1)[0] for line in self.lines if line.client}
        return {tag: None for tag in firsts & own if _TAG.fullmatch(tag)}


class _Peer:
    """One end of a connection that keeps to the transcript. ``tags``: those whose real form the other side chooses."""

    def __init__(self, conn: socket.socket, file: BinaryIO, tags: dict[str, str | None]) -> None:
        self._conn = conn
        self._file = file
        self._tags = tags

    def say(self, line: Line) -> None:
        first, space, rest = line.text.partition(" ")
        real = self._tags.get(first) or first
        text = (real + space + rest).replace(ANYTHING, "ok")
        self._conn.sendall(text.encode("utf-8") + b"\r\n")

    def expect(self, line: Line) -> None:
        try:
            data = self._file.readline()
        except TimeoutError:
            raise Mismatch(line.number, line.text, "(nothing, in time)") from None
        if not data:
            raise Mismatch(line.number, line.text, "(the end of the connection)")
        got = data.decode("utf-8", "replace").rstrip("\r\n")
        if not self._matches(line.text, got):
            raise Mismatch(line.number, line.text, got)

    def _matches(self, expected: str, got: str) -> bool:
        first, _, rest = expected.partition(" ")
        if first in self._tags:
            tag, _, said = got.partition(" ")
            if self._tags[first] is None and _TAG.fullmatch(tag):
                self._tags[first] = tag
            return self._tags[first] == tag and _pattern(rest).fullmatch(said) is not None
        return _pattern(expected).fullmatch(got) is not None


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split(ANYTHING))), re.DOTALL)
