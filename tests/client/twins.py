"""Both clients through the same tests, and a server that follows a script.

The tests are written for the synchronous client. For the asynchronous one a thin wrapper runs every coroutine to its end on a
loop of its own, and turns asynchronous iterators into plain ones: names, arguments and results are the same, which is the point.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import imapkit


class Wrapped:
    """An object of the asynchronous client, used like its twin."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return wrap(getattr(self._inner, name), self._loop)

    def __repr__(self) -> str:
        return repr(self._inner).replace("Async", "")

    def __enter__(self) -> Wrapped:
        wrap(self._inner.__aenter__(), self._loop)
        return self

    def __exit__(self, *exc: Any) -> None:
        wrap(self._inner.__aexit__(*exc), self._loop)

    def __iter__(self) -> Iterator[Any]:
        return iterate(self._inner.__aiter__(), self._loop)


def iterate(inner: Any, loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    try:
        while True:
            try:
                yield wrap(loop.run_until_complete(inner.__anext__()), loop)
            except StopAsyncIteration:
                return
    finally:
        if hasattr(inner, "aclose"):
            loop.run_until_complete(inner.aclose())


def wrap(found: Any, loop: asyncio.AbstractEventLoop) -> Any:
    if inspect.iscoroutine(found):
        return wrap(loop.run_until_complete(found), loop)
    if inspect.isasyncgen(found):
        return iterate(found, loop)
    if inspect.ismethod(found) or inspect.isfunction(found):
        return lambda *args, **kwargs: wrap(found(*map(bare, args), **kwargs), loop)
    if isinstance(found, list):
        return [wrap(one, loop) for one in found]
    return Wrapped(found, loop) if type(found).__name__.startswith("Async") else found


def bare(value: Any) -> Any:
    return value._inner if isinstance(value, Wrapped) else value


class Twin:
    """One of the two clients: ``connect`` as the library has it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.loop = asyncio.new_event_loop() if name == "async" else None

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        if self.loop is None:
            return imapkit.connect(*args, **kwargs)
        return wrap(imapkit.connect_async(*args, **kwargs), self.loop)

    def close(self) -> None:
        if self.loop is not None:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()


class Script:
    """The server's end of a connection, for the script that plays the server."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.rest = b""

    def send(self, *lines: str | bytes) -> None:
        self.sock.sendall(
            b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
        )

    def raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def line(self) -> bytes:
        while b"\r\n" not in self.rest:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the client closed the connection")
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def take(self, count: int) -> bytes:
        while len(self.rest) < count:
            data = self.sock.recv(1 << 20)
            if not data:
                raise EOFError("the client closed the connection")
            self.rest += data
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def command(self, expected: str) -> str:
        """The next command must begin so; its tag."""
        tag, _, rest = self.line().partition(b" ")
        assert rest.startswith(expected.encode()), (expected, rest)
        return tag.decode()

    def answer(self, expected: str, *lines: str | bytes, status: str = "OK done") -> None:
        """Take a command and answer it."""
        tag = self.command(expected)
        self.send(*lines, f"{tag} {status}")

    def select(self, exists: int = 3) -> None:
        self.answer(
            "SELECT INBOX", f"* {exists} EXISTS", "* FLAGS (\\Seen \\Deleted)",
            "* OK [UIDVALIDITY 7] ok", f"* OK [UIDNEXT {exists + 1}] ok", status="OK [READ-WRITE] opened",
        )  # fmt: skip

    def goodbye(self) -> None:
        self.answer("LOGOUT", "* BYE bye")

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)


Play = Callable[[Script], None]


@contextmanager
def server(play: Play, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that plays the script for one client. What goes wrong in the script fails the test."""
    failures: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def run() -> None:
            try:
                sock, _ = listener.accept()
                sock.settimeout(20)
                script = Script(sock)
                try:
                    if tls is not None:
                        script.start_tls(tls)
                    play(script)
                finally:
                    script.sock.close()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(20)
            assert not thread.is_alive(), "the script did not end"
    if failures:
        raise failures[0]


GREETING = "* OK [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS IDLE SASL-IR MOVE AUTH=PLAIN UNSELECT ESEARCH] ready"


def logged_in(
    play: Play, greeting: str = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS IDLE UNSELECT] hi"
) -> Play:
    """A script that begins with a session that is logged in."""

    def whole(script: Script) -> None:
        script.send(greeting)
        play(script)

    return whole


def url(port: int) -> str:
    return f"imap://127.0.0.1:{port}"
