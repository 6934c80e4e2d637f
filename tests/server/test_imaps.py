"""imaps: what comes through the one buffer that all TLS connections of a server read into stays each connection's own."""

from __future__ import annotations

import asyncio
import random
import ssl
from pathlib import Path

from imapkit.server.address import Address
from imapkit.server.tls import self_signed

from .wire import Wire, connect, serving

SIZE = 700_000


def mail(number: int) -> bytes:
    chance = random.Random(number)
    lines = (b"%d %x\r\n" % (number, chance.getrandbits(280)) for _ in range(SIZE // 75))
    return b"Subject: %d\r\n\r\n" % number + b"".join(lines)


async def put_and_get(wire: Wire, number: int) -> None:
    data = mail(number)
    await wire.login()
    await wire.command(b"c CREATE box%d" % number)
    await wire.send(b"a APPEND box%d {%d+}\r\n%s\r\n" % (number, len(data), data))
    assert (await wire.until(b"a "))[-1].startswith(b"a OK")
    await wire.command(b"s SELECT box%d" % number)
    assert b"".join(await wire.command(b"f FETCH 1 BODY.PEEK[]")).count(data) == 1


async def test_large_literals_on_several_connections_at_once(tmp_path: Path) -> None:
    files, _ = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(files.certificate)
    async with serving(tls=files) as server:
        await server.app.start([Address("imaps", "127.0.0.1", 0)])
        port = server.app.addresses[-1].port

        async def one(number: int) -> None:
            async with connect("127.0.0.1", port, context=context) as wire:
                await put_and_get(wire, number)

        await asyncio.gather(*(one(number) for number in range(4)))
