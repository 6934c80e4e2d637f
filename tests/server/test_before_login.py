"""Connections that do not log in: each counts from its first octet on, and none stays longer than the time for the login."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from imapkit.server import tls
from imapkit.server.address import Address
from imapkit.server.options import SessionLimits, Timeouts

from .wire import connect, options, serving


@pytest.mark.parametrize(
    "line",
    [
        b"a1 NOOP",
        b"a1 CAPABILITY",
        b'a1 ID ("name" "x")',
        b"a1 BAD COMMAND",
        b"a1 AUTHENTICATE PLAIN\r\n*",
        b"a1 LOGIN ann wrong x",
    ],
)
async def test_nothing_that_is_sent_holds_a_session_beyond_the_time_for_the_login(line: bytes) -> None:
    given = options(
        timeouts=Timeouts(login_seconds=0.5), limits=SessionLimits(bad_commands_before_login=10_000)
    )
    async with serving(given) as server, connect(server.host, server.port) as wire:
        ended = time.monotonic() + 20
        while time.monotonic() < ended:
            try:
                await wire.send(line + b"\r\n")
                answer = await wire.line()
            except (OSError, EOFError, asyncio.IncompleteReadError):
                break
            if not answer or answer.startswith(b"* BYE"):
                break
            await asyncio.sleep(0.02)
        else:
            raise AssertionError("the session went on and on")


@pytest.mark.parametrize("limits", [SessionLimits(sessions=3), SessionLimits(sessions_per_address=3)])
async def test_handshakes_that_never_end_count(tmp_path: Path, limits: SessionLimits) -> None:
    files, _ = tls.self_signed(tmp_path)
    async with serving(options(limits=limits), tls=files) as server:
        await server.app.start([Address("imaps", "127.0.0.1")])
        where = ("127.0.0.1", server.app.addresses[-1].port)
        held = [await asyncio.open_connection(*where) for _ in range(3)]
        await asyncio.sleep(0.2)
        reader, writer = await asyncio.open_connection(*where)
        assert await asyncio.wait_for(reader.read(), 10) == b"", "it is cut off at once"
        writer.close()
        for _, each in held:
            each.close()
        for _ in range(100):  # they are given back
            reader, writer = await asyncio.open_connection(*where)
            try:
                await asyncio.wait_for(reader.read(1), 0.05)
            except TimeoutError:
                writer.close()
                break
            writer.close()
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("what had gone still counted")


async def test_a_handshake_that_never_ends_is_ended(tmp_path: Path) -> None:
    files, _ = tls.self_signed(tmp_path)
    given = options(timeouts=Timeouts(tls_handshake_seconds=0.3))
    async with serving(given, tls=files) as server:
        await server.app.start([Address("imaps", "127.0.0.1")])
        reader, writer = await asyncio.open_connection("127.0.0.1", server.app.addresses[-1].port)
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
