"""LITERAL- (RFC 7888 section 5): above 4096 octets a literal has to wait for leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .wire import Wire, connect, options, serving


async def _append(wire: Wire, tag: bytes, size: int, *, waits: bool) -> bytes:
    """APPEND with a message of ``size`` octets; gives the completion."""
    await wire.send(tag + b" APPEND INBOX {%d%s}\r\n" % (size, b"" if waits else b"+"))
    if waits:
        assert (await wire.line()).startswith(b"+ ")
    await wire.send(b"x" * size + b"\r\n")
    return (await wire.until(tag + b" "))[-1]


@pytest.mark.parametrize(
    ("size", "waits", "answer"),
    [(4096, False, b"a1 OK "), (4097, True, b"a1 OK "), (4097, False, b"a1 BAD [TOOBIG] ")],
)
async def test_what_did_not_wait_is_swallowed(size: int, waits: bool, answer: bytes) -> None:
    given = replace(options(), literal_minus=True)
    async with serving(given) as server, connect(server.host, server.port) as wire:
        assert b" LITERAL- " in (await wire.command(b"c CAPABILITY"))[0]
        await wire.login()
        assert (await _append(wire, b"a1", size, waits=waits)).startswith(answer)
        assert (await wire.command(b"a2 NOOP"))[-1].startswith(b"a2 OK ")


async def test_literal_plus_has_no_such_bound() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        await wire.login()
        assert (await _append(wire, b"a1", 100_000, waits=False)).startswith(b"a1 OK ")
