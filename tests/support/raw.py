"""A connection for tests with very large commands and answers: what comes is counted and not kept."""

from __future__ import annotations

import socket
from typing import Final

_ROOM: Final = 1 << 20
_TAIL: Final = 4000


class RawClient:
    """Logged in as ``name``."""

    def __init__(self, host: str, port: int, name: str = "ann", password: str = "secret") -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._room = bytearray(_ROOM)
        self._count = 0
        self.received = 0
        """Octets of the last answer."""
        self._socket.recv(_TAIL)
        self.ok(f"LOGIN {name} {password}".encode())

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def do(self, line: bytes) -> bytes:
        """Do a command; gives the last line of the answer, without its tag and its end."""
        self._count += 1
        tag = b"zQ%06d " % self._count
        self.send(tag + line + b"\r\n")
        return self.completion(tag)

    def completion(self, tag: bytes) -> bytes:
        tail = b"\r\n"
        self.received = 0
        while True:
            count = self._socket.recv_into(self._room)
            assert count, f"the server hung up: {tail[-200:]!r}"
            self.received += count
            tail = (tail + self._room[max(0, count - _TAIL) : count])[-_TAIL:]
            begin = tail.rfind(b"\r\n" + tag)
            if begin >= 0 and tail.endswith(b"\r\n"):
                return tail[begin + 2 + len(tag) : -2]

    def ok(self, line: bytes) -> bytes:
        answer = self.do(line)
        assert answer.startswith(b"OK"), f"{line[:80]!r}: {answer!r}"
        return answer


def appended(*messages: bytes) -> bytes:
    """What follows the mailbox in APPEND."""
    return b"".join(b" {%d+}\r\n%s" % (len(data), data) for data in messages)
