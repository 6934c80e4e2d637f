"""A raw-socket IMAP client for measuring: it sends prepared bytes, reads in large pieces, and parses nothing while timed.

The rule it must not break: it is never the bottleneck. Only the end of what arrived is looked at (for the tagged line)
until the answer is whole; checks of the answer are made after the clock stopped.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

_PIECE = 4 << 20
_TIMEOUT = 120.0
_spare: list[bytearray] = []
"""The room of the largest answer so far: to get as much anew takes as long as to receive into it, and would be measured too."""
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class WrongAnswer(Exception):
    """The server's answer is not what the corpus says it must be: the figure does not count."""


class NotOffered(Exception):
    """The server does not have what the row measures: its cell stays empty."""


@dataclass(frozen=True, slots=True)
class Answer:
    """All octets of an answer, the tagged line last; how long it took from the first octet sent."""

    data: bytes
    tagged: bytes
    seconds: float

    def expect_ok(self) -> Self:
        """This answer, if its tagged line says OK."""
        if not self.tagged.startswith(b"OK"):
            raise WrongAnswer(f"answered {self.tagged[:200]!r}")
        return self


class Connection:
    """One connection, greeted. Tags are such that no message holds one at the start of a line."""

    def __init__(
        self,
        address: tuple[str, int],
        tls: ssl.SSLContext | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        self.sock = socket.create_connection(address, timeout=_TIMEOUT)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=address[0], session=session)
        self._room = bytearray(65536)
        self._used = 0
        self._count = 0
        self.greeting = self._until_line()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    @property
    def tls(self) -> ssl.SSLSocket:
        """The socket of a connection under TLS."""
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.sock

    def _send(self, octets: bytes) -> None:
        self.sock.sendall(octets)
        self._acknowledge_soon()

    def _acknowledge_soon(self) -> None:
        """A server that writes in two pieces and leaves Nagle's algorithm on would wait 40 ms for the acknowledgement of the first."""
        if _QUICK_ACK is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    def _make_room(self, octets: int) -> None:
        if len(self._room) - self._used >= octets:
            return
        if _spare and len(_spare[0]) >= self._used + octets:
            room = _spare.pop()
            room[: self._used] = memoryview(self._room)[: self._used]
            self._room = room
        else:
            self._room.extend(bytes(max(octets, min(max(len(self._room), 65536), 64 << 20))))

    def _receive(self) -> int:
        self._make_room(32768)
        got = self.sock.recv_into(memoryview(self._room)[self._used : self._used + _PIECE])
        if not got:
            raise WrongAnswer(
                f"the server closed the connection after {bytes(self._room[: self._used])[-200:]!r}"
            )
        self._used += got
        return got

    def _until_line(self) -> bytes:
        while not self._room.endswith(b"\n", 0, self._used):
            self._receive()
        line = bytes(self._room[: self._used])
        self._used = 0
        return line

    def next_tag(self) -> bytes:
        """A fresh tag."""
        self._count += 1
        return b"zQ7%06d" % self._count

    def command(self, line: bytes) -> Answer:
        """Send one command (without tag and line end) and read its whole answer."""
        tag = self.next_tag()
        return self.exchange(b"%s %s\r\n" % (tag, line), tag)

    def exchange(self, octets: bytes, tag: bytes) -> Answer:
        """Send ``octets`` and read until the line tagged ``tag`` is there."""
        started = time.perf_counter()
        self._send(octets)
        start = self._until_tagged(tag)
        seconds = time.perf_counter() - started
        data = bytes(memoryview(self._room)[: self._used])
        self._used = 0
        if len(self._room) > 1 << 20:
            _spare[:] = [max(*_spare, self._room, key=len) if _spare else self._room]
            self._room = bytearray(65536)
        return Answer(data, data[start + len(tag) + 1 :], seconds)

    def _until_tagged(self, tag: bytes) -> int:
        """Where the tagged line begins: it is the last line of what arrived."""
        while True:
            self._receive()
            if self._room.endswith(b"\r\n", 0, self._used):
                start = self._room.rfind(b"\n", 0, self._used - 2) + 1
                if self._room.startswith(tag, start):
                    return start

    def ok(self, line: bytes) -> Answer:
        """``command``, whose tagged answer must be OK."""
        answer = self.command(line)
        try:
            return answer.expect_ok()
        except WrongAnswer as error:
            error.add_note(f"to {line[:200]!r}")
            raise

    def login(self, name: str, password: str) -> Self:
        """LOGIN; the connection itself, for chaining. It is closed when that fails."""
        try:
            self.ok(f"LOGIN {name} {password}".encode())
        except BaseException:
            self.sock.close()
            raise
        return self

    def pipeline(self, commands: Sequence[bytes]) -> float:
        """Send all of ``commands`` (without tags) without waiting, read while sending; the seconds it took."""
        tags = [self.next_tag() for _ in commands]
        started = time.perf_counter()
        out = memoryview(b"".join(b"%s %s\r\n" % pair for pair in zip(tags, commands, strict=True)))
        answers = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while not (answers.endswith(b"\n") and _last_line(answers).startswith(tags[-1])):
                for _, ready in selector.select(_TIMEOUT):
                    if ready & selectors.EVENT_READ:
                        answers += self.sock.recv(_PIECE)
                    if ready & selectors.EVENT_WRITE and out:
                        out = out[self.sock.send(out[: 1 << 20]) :]
                        if not out:
                            selector.modify(self.sock, selectors.EVENT_READ)
        seconds = time.perf_counter() - started
        good = sum(answers.count(b"%s OK" % tag) for tag in (tags[0], tags[-1]))
        if answers.count(b" NO ") or answers.count(b" BAD ") or good < min(2, len(tags)):
            raise WrongAnswer(f"pipelined: {bytes(answers[-300:])!r}")
        return seconds

    def wait_for(self, needle: bytes) -> bytes:
        """Read until ``needle`` arrived (untagged data during IDLE); what arrived."""
        while self._room.find(needle, 0, self._used) < 0:
            self._acknowledge_soon()
            self._receive()
        return self._until_line()


def _last_line(data: bytearray) -> bytes:
    return bytes(data[data.rfind(b"\n", 0, len(data) - 1) + 1 :])


def append_line(mailbox: str, message: bytes, flags: bytes = b"", date: bytes = b"") -> bytes:
    """An APPEND with its message as a literal that waits for nothing (LITERAL+), without tag and last line end."""
    given = (b"(%s) " % flags if flags else b"") + (b'"%s" ' % date if date else b"")
    return b"APPEND %s %s{%d+}\r\n%s" % (mailbox.encode(), given, len(message), message)


def rotate(connections: Sequence[Connection], work: Sequence[Sequence[bytes]]) -> float:
    """Each connection does its own list of commands, one after the other, all connections at once; the seconds."""
    waiting = {conn.sock: (conn, iter(lines)) for conn, lines in zip(connections, work, strict=True)}
    expected: dict[socket.socket, tuple[bytes, bytearray]] = {}
    started = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for sock in waiting:
            selector.register(sock, selectors.EVENT_READ)
            _send_next(waiting, expected, sock)
        while expected:
            for key, _ in selector.select(_TIMEOUT):
                assert isinstance(key.fileobj, socket.socket)
                _take(waiting, expected, key.fileobj)
    return time.perf_counter() - started


def _take(
    waiting: dict[socket.socket, tuple[Connection, Iterator[bytes]]],
    expected: dict[socket.socket, tuple[bytes, bytearray]],
    sock: socket.socket,
) -> None:
    tag, answer = expected[sock]
    got = sock.recv(65536)
    answer += got
    if not got:
        raise WrongAnswer("the server closed the connection")
    if not answer.endswith(b"\r\n"):
        return
    last = _last_line(answer)
    if last.startswith(tag):
        if not last.startswith(tag + b" OK"):
            raise WrongAnswer(f"answered {last[:200]!r}")
        _send_next(waiting, expected, sock)


def _send_next(
    waiting: dict[socket.socket, tuple[Connection, Iterator[bytes]]],
    expected: dict[socket.socket, tuple[bytes, bytearray]],
    sock: socket.socket,
) -> None:
    conn, lines = waiting[sock]
    line = next(lines, None)
    if line is None:
        del expected[sock]
        return
    tag = conn.next_tag()
    expected[sock] = (tag, bytearray())
    sock.sendall(b"%s %s\r\n" % (tag, line))
