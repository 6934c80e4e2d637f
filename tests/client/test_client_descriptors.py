"""Waiting: on descriptors of any number, and while another thread closes the connection."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import imapkit
from imapkit import Client

from .twins import Play, Script, Twin, logged_in, server, url


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """All descriptors below 1,100 are taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1300:
        pytest.skip("this machine allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1300), hard))
    with ExitStack() as stack:
        while (number := os.open(os.devnull, os.O_RDONLY)) < 1100:
            stack.callback(os.close, number)
        stack.callback(os.close, number)
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
def test_descriptors_above_1023(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("IDLE")
        s.send("+")
        time.sleep(0.05)
        s.send("* 4 EXISTS")
        assert s.line() == b"DONE"
        s.send(f"{tag} OK")
        tag = s.command("APPEND INBOX {")
        s.take(1_000_002)
        s.send(f"{tag} OK")
        s.goodbye()

    with server(logged_in(play)) as port, twin.connect(url(port), allow_plaintext=True, timeout=5.0) as mail:
        assert mail.connection._stream._sock.fileno() > 1023 if twin.name == "sync" else True
        box = mail.select()
        with box.idle(timeout=5) as events:
            assert next(iter(events)).exists == 4
        mail.append("INBOX", b"x" * 1_000_000)


def _idle(mail: Client) -> object:
    return list(mail.select().idle())


def _wait(mail: Client) -> object:
    return mail.noop()


def _stream(mail: Client) -> object:
    return list(mail.select().uids(1).fetch(imapkit.Body))


WAITERS: dict[str, tuple[Callable[[Client], object], str]] = {
    "idle": (_idle, "IDLE"),
    "command": (_wait, "NOOP"),
    "fetch": (_stream, "UID FETCH"),
}


def silent(command: str, waiting: threading.Event, tls: Any = None) -> Play:
    def play(s: Script) -> None:
        if command != "NOOP":
            s.select()
        s.command(command)
        if command == "IDLE":
            s.send("+")
            time.sleep(0.05)
        waiting.set()
        while s.sock.recv(100):
            pass

    return logged_in(play)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("what", WAITERS)
def test_closed_by_another_thread(what: str, secure: bool, certificate: Any) -> None:
    """Whoever waits learns at once, by the library's own error; the next one too."""
    use, command = WAITERS[what]
    waiting = threading.Event()
    found: list[BaseException] = []
    play = silent(command, waiting)
    with server(play, tls=certificate[1] if secure else None) as port:
        where = f"imaps://127.0.0.1:{port}" if secure else url(port)
        mail = imapkit.connect(
            where, allow_plaintext=True, timeout=60, cafile=certificate[0] if secure else None
        )

        def wait(use: Callable[[Client], object]) -> None:
            try:
                use(mail)
            except BaseException as error:
                found.append(error)

        threads = [threading.Thread(target=wait, args=(one,)) for one in (use, _wait)]
        threads[0].start()
        assert waiting.wait(10)
        threads[1].start()
        time.sleep(0.05)
        mail.close()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive(), "it waits for its timeout"
    assert [type(error) for error in found] == [imapkit.ConnectionLost] * 2
    assert all("closed" in str(error) for error in found)
    assert mail.connection._stream._sock.fileno() == -1, "the descriptor was given back"
