"""A raw client for the server's tests: lines out, whole answers in, over any asyncio stream; and a server to talk to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from imapkit.features.catalogue import registry
from imapkit.protocol.registry import Feature
from imapkit.server.options import Options, SessionLimits, Timeouts
from imapkit.server.tls import CertificateFiles, make_context
from imapkit.tools.embed import Server

PASSWORD = "secret"


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def line(self) -> bytes:
        """The next line, with its end; empty at the end of the connection."""
        async with asyncio.timeout(10):
            return await self.reader.readline()

    async def until(self, start: bytes) -> list[bytes]:
        """Lines up to the first that begins with ``start``."""
        lines: list[bytes] = []
        while not lines or not lines[-1].startswith(start):
            line = await self.line()
            assert line, f"the server hung up; waited for {start!r}, got {lines!r}"
            lines.append(line)
        return lines

    async def command(self, line: bytes) -> list[bytes]:
        """Send a command, and give all lines up to its completion."""
        await self.send(line + b"\r\n")
        return await self.until(line.split(b" ")[0] + b" ")

    async def login(self, name: str = "ann") -> None:
        assert (await self.command(f"in LOGIN {name} {PASSWORD}".encode()))[-1].startswith(b"in OK")

    async def rest(self) -> bytes:
        """All up to the end of the connection."""
        async with asyncio.timeout(10):
            return await self.reader.read()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass  # the server was faster, and rude: that is what some tests ask of it


@asynccontextmanager
async def connect(
    host: str, port: int, *, greet: bool = True, context: ssl.SSLContext | None = None
) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(
        host, port, ssl=context, server_hostname="localhost" if context else None
    )
    wire = Wire(reader, writer)
    try:
        if greet:
            assert (await wire.line()).startswith(b"* OK [CAPABILITY ")
        yield wire
    finally:
        await wire.close()


def options(
    *,
    timeouts: Timeouts | None = None,
    limits: SessionLimits | None = None,
    extra: tuple[Feature, ...] = (),
    insecure: bool = True,
) -> Options:
    made = Options(registry=registry(extra=extra), insecure_plaintext=insecure)
    return replace(made, timeouts=timeouts or made.timeouts, limits=limits or made.limits)


@asynccontextmanager
async def serving(
    given: Options | None = None, *, tls: CertificateFiles | None = None
) -> AsyncIterator[Server]:
    """A server in memory with the user ann, and with TLS if a certificate is given."""
    async with Server.memory({"ann": PASSWORD}, options=given or options()) as server:
        if tls is not None:
            server.app.use_tls(make_context(tls))
        yield server
