"""A server of several workers, for tests: which process has which connection, and connections to different ones.

Who accepted a connection is read from /proc: the server itself tells nobody.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.imapkit_server import ImapkitServer, imapkit_server

from .test_serve_process import Talk


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(server: ImapkitServer) -> list[int]:
    """Their process ids."""
    return children(server.process.pid)


def _inode(ours: socket.socket) -> str:
    """Of the server's end of a connection over IPv4."""
    port, peer = ours.getsockname()[1], ours.getpeername()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote = (int(field.rpartition(":")[2], 16) for field in line.split()[1:3])
        if (local, remote) == (peer, port):
            return line.split()[9]
    raise AssertionError("the server has no such connection")


def owner(server: ImapkitServer, ours: socket.socket) -> int:
    """The worker that serves a connection."""
    wanted = f"socket:[{_inode(ours)}]"
    for pid in workers(server):
        folder = Path(f"/proc/{pid}/fd")
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(folder / name) == wanted:
                    return pid
    raise AssertionError("no worker has this connection")


@contextlib.contextmanager
def crew(data: Path, *arguments: str, count: int = 2, **environment: str) -> Iterator[ImapkitServer]:
    """A server of ``count`` workers with the user ann."""
    given = ("--listen", "imap://127.0.0.1:0", "--insecure-plaintext", "--workers", str(count), *arguments)
    users = {} if data.exists() else {"ann": "secret"}
    with imapkit_server(data, users, arguments=given, environment=environment) as server:
        yield server


@contextlib.contextmanager
def session(server: ImapkitServer, *, at: int | None = None, apart_from: int | None = None) -> Iterator[Talk]:
    """Logged in, at the worker with this process id, or at any other than that."""
    for _ in range(200):
        talking = Talk(socket.create_connection((server.host, server.port), timeout=15))
        try:
            assert talking.line().startswith(b"* OK ")
            found = owner(server, talking.socket)
            if (at is None or found == at) and found != apart_from:
                assert b"OK" in talking.command(b"in LOGIN ann secret")[-1]
                yield talking
                return
        finally:
            talking.close()
    raise AssertionError("200 connections went to the same worker")


def eventually(done: Callable[[], bool], what: str, *, seconds: float = 15.0) -> None:
    """Wait until ``done()``."""
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up, what
        time.sleep(0.01)


def append(talking: Talk, tag: str, text: str, mailbox: str = "INBOX") -> bytes:
    """The completion of an APPEND."""
    body = f"Subject: {text}\r\n\r\nhello\r\n".encode()
    line = f"{tag} APPEND {mailbox} {{{len(body)}+}}\r\n".encode()
    return talking.command(line + body)[-1]
