"""A server inside another program, with and without an event loop of its own."""

from __future__ import annotations

import imaplib
import threading
import time

import pytest

from imapkit.errors import UserExists
from imapkit.server.options import Options, SessionLimits
from imapkit.tools.embed import Server, serve_in_thread

from .wire import connect, options


def test_in_a_thread() -> None:
    with serve_in_thread({"ann": "secret", "bob": "other"}) as server:
        with imaplib.IMAP4(server.host, server.port, timeout=10) as ann:
            ann.login("ann", "secret")
            assert ann.append("INBOX", "", "", b"Subject: x\r\n\r\nx\r\n")[0] == "OK"
            assert ann.select("INBOX") == ("OK", [b"1"])
        with imaplib.IMAP4(server.host, server.port, timeout=10) as bob:
            with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
                bob.login("bob", "secret")
            bob.login("bob", "other")
            assert bob.select("INBOX") == ("OK", [b"0"])
        assert server.url == f"imap://127.0.0.1:{server.port}"
    assert not [thread for thread in threading.enumerate() if thread.name == "imapkit-server"]
    with pytest.raises(OSError):
        imaplib.IMAP4(server.host, server.port, timeout=1)


def test_the_block_may_fail_and_the_server_still_ends() -> None:
    with pytest.raises(ZeroDivisionError), serve_in_thread({}) as server:
        assert server.port
        raise ZeroDivisionError
    assert not [thread for thread in threading.enumerate() if thread.name == "imapkit-server"]


def test_a_server_that_cannot_start_says_so() -> None:
    with (
        serve_in_thread({}) as server,
        pytest.raises(OSError, match="in use"),
        serve_in_thread({}, port=server.port),
    ):
        raise AssertionError("the port was taken")


def test_it_starts_in_a_moment() -> None:
    """Measured by its best of three: a busy machine is not a slow server. It takes about 5 ms."""
    took: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        with serve_in_thread({"ann": "secret"}):
            took.append(time.perf_counter() - start)
    assert min(took) < 0.5


async def test_in_an_event_loop() -> None:
    async with Server.memory({"ann": "secret"}) as server:
        await server.add_user("bob", "secret")
        with pytest.raises(UserExists):
            await server.add_user("BOB", "secret")
        async with connect(server.host, server.port) as wire:
            await wire.login("bob")
            listed = await wire.command(b'a1 LIST (SPECIAL-USE) "" *')
            assert len(listed) == 6
    with pytest.raises(RuntimeError, match="async with"):
        Server.memory({}).port  # noqa: B018  # the property raises


async def test_with_options_of_ones_own() -> None:
    given: Options = options(limits=SessionLimits(message_octets=100))
    async with (
        Server.memory({"ann": "secret"}, options=given) as server,
        connect(server.host, server.port) as wire,
    ):
        await wire.login()
        assert b"NO [TOOBIG]" in (await wire.command(b"a1 APPEND INBOX {101}"))[-1]
