"""COMPRESS=DEFLATE: the command, and both ends with a plain zlib stream and with each other, in the clear and under TLS."""

from __future__ import annotations

import asyncio
import random
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

import imapkit
from imapkit.errors import CommandNo, LimitExceeded, ProtocolError
from imapkit.features.base import Noop
from imapkit.features.compress import COMPRESSIONACTIVE, Compress, compress
from imapkit.features.fetch_data import BodySection
from imapkit.features.fetch_items import SectionItem
from imapkit.features.fetch_section import Section
from imapkit.ports.client import Completed, Op, StartDeflate
from imapkit.protocol.numset import NumSet
from imapkit.protocol.status import Kind, Status
from imapkit.server import tls
from imapkit.server.tls import CertificateFiles, make_context
from imapkit.tools.embed import Server, serve_in_thread
from tests.support.vectors import Row, check_bad, check_command, check_response

from .ops import Peer, run

USER, PASSWORD = "ann", "secret"


COMMANDS = [
    Row(b"COMPRESS DEFLATE", Compress()),
    Row(b"compress deflate", Compress(), written=b"COMPRESS DEFLATE"),
]
RESPONSES = [
    Row(
        b"NO [COMPRESSIONACTIVE] DEFLATE active via TLS",
        Status(Kind.NO, "DEFLATE active via TLS", COMPRESSIONACTIVE),
    ),
]


def test_vectors() -> None:
    for row in COMMANDS:
        check_command(row)
    for row in RESPONSES:
        check_response(row)
    check_bad(b"COMPRESS", "a space")


# The server, by a zlib stream


class Wire:
    """A raw client that can begin to compress."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._out: zlib._Compress | None = None
        self._in: zlib._Decompress | None = None
        self._held = b""

    def deflate(self) -> None:
        self._out = zlib.compressobj(6, zlib.DEFLATED, -15)
        self._in = zlib.decompressobj(-15)

    async def send(self, data: bytes) -> None:
        if self._out is not None:
            data = self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, tag: bytes) -> bytes:
        """All up to a tagged line."""
        while b"\r\n" + tag + b" " not in b"\r\n" + self._held or not self._held.endswith(b"\r\n"):
            data = await self.reader.read(65536)
            if not data:
                raise EOFError(self._held)
            self._held += data if self._in is None else self._in.decompress(data)
        found, self._held = self._held, b""
        return found

    async def command(self, line: bytes) -> bytes:
        await self.send(line + b"\r\n")
        return await self.answer(line.split(b" ")[0])

    async def begin(self) -> None:
        """Log in and begin to compress."""
        assert b"in OK" in await self.command(b"in LOGIN ann secret")
        assert b"c OK " in await self.command(b"c COMPRESS DEFLATE")
        self.deflate()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return tls.self_signed(tmp_path_factory.mktemp("tls"))[0]


@asynccontextmanager
async def served(files: CertificateFiles | None = None) -> AsyncIterator[tuple[Server, Wire]]:
    async with asyncio.timeout(60), Server.memory({USER: PASSWORD}) as server:
        if files is not None:
            server.app.use_tls(make_context(files))
        wire = Wire(*await asyncio.open_connection(server.host, server.port))
        await wire.reader.readline()
        try:
            yield server, wire
        finally:
            wire.writer.close()
            try:
                await wire.writer.wait_closed()
            except OSError:
                pass  # a server that hung up on us, as some tests want it to


def go(test: Callable[[Server, Wire], Awaitable[None]], files: CertificateFiles | None = None) -> None:
    async def main() -> None:
        async with served(files) as (server, wire):
            await test(server, wire)

    asyncio.run(main())


def test_all_behind_the_ok_is_compressed() -> None:
    async def test(server: Server, wire: Wire) -> None:
        await wire.command(b"in LOGIN ann secret")
        assert b" COMPRESS=DEFLATE" in await wire.command(b"a CAPABILITY")
        answer = await wire.command(b"c COMPRESS DEFLATE")
        assert answer == b"c OK DEFLATE active\r\n"
        wire.deflate()
        assert b"COMPRESS=" not in await wire.command(b"a CAPABILITY")
        assert (await wire.command(b"d COMPRESS DEFLATE")).startswith(b"d NO [COMPRESSIONACTIVE] ")
        await wire.send(b"a1 SELECT INBOX\r\na2 NOOP\r\na3 IDLE\r\n")
        assert b"* 0 EXISTS" in await wire.answer(b"a2")
        await wire.send(b"DONE\r\n")
        assert b"a3 OK" in await wire.answer(b"a3")

    go(test)


def test_what_the_command_refuses() -> None:
    async def test(server: Server, wire: Wire) -> None:
        assert b"a BAD" in await wire.command(b"a COMPRESS DEFLATE")
        await wire.command(b"in LOGIN ann secret")
        assert b"b BAD" in await wire.command(b"b COMPRESS LZ4")
        assert b"c OK" in await wire.command(b"c NOOP")

    go(test)


def test_a_client_that_does_not_wait_for_the_ok() -> None:
    async def test(server: Server, wire: Wire) -> None:
        await wire.command(b"in LOGIN ann secret")
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        await wire.send(
            b"c COMPRESS DEFLATE\r\n" + packer.compress(b"d NOOP\r\n") + packer.flush(zlib.Z_SYNC_FLUSH)
        )
        raw = b""
        plain = b"c OK DEFLATE active\r\n"
        while len(raw) <= len(plain) + 4:
            raw += await wire.reader.read(65536)
        assert raw.startswith(plain)
        assert zlib.decompressobj(-15).decompress(raw[len(plain) :]).startswith(b"d OK NOOP")

    go(test)


def test_under_starttls(certificate: CertificateFiles) -> None:
    async def test(server: Server, wire: Wire) -> None:
        assert b"a OK" in await wire.command(b"a STARTTLS")
        context = ssl.create_default_context(cafile=str(certificate.certificate))
        await wire.writer.start_tls(context, server_hostname="localhost")
        await wire.begin()
        assert b"b OK" in await wire.command(b"b NOOP")

    go(test, certificate)


def test_octets_that_are_not_deflate_end_the_session() -> None:
    async def test(server: Server, wire: Wire) -> None:
        await wire.command(b"in LOGIN ann secret")
        await wire.command(b"c COMPRESS DEFLATE")
        await wire.send(b"\xff\xff not deflate\r\n")
        assert b"OK" not in await wire.reader.read()

    go(test)


def test_a_bomb_is_one_long_line_and_nothing_more() -> None:
    async def test(server: Server, wire: Wire) -> None:
        await wire.begin()
        answer = await wire.command(b"x " + b"A" * 50_000_000)
        assert answer.startswith(b"x BAD") and len(answer) < 500
        assert b"y OK" in await wire.command(b"y NOOP")

    go(test)


def test_a_large_message_comes_and_goes() -> None:
    async def test(server: Server, wire: Wire) -> None:
        await wire.begin()
        rng = random.Random(1)
        message = b"Subject: large\r\n\r\n" + rng.randbytes(300_000).hex().encode() + bytes(b"x" * 3_000_000)
        answer = await wire.command(b"a APPEND INBOX {%d+}\r\n%b" % (len(message), message))
        assert b"a OK" in answer
        await wire.command(b"b SELECT INBOX")
        await wire.send(b"c FETCH 1 BODY.PEEK[]\r\n")
        assert message in await wire.answer(b"c")

    go(test)


# The client


def test_the_verb() -> None:
    peer = Peer("COMPRESS=DEFLATE")
    assert run(compress(peer), [[], []])[1] == [Compress(), StartDeflate()]
    refusal = CommandNo("by TLS", "COMPRESSIONACTIVE", "COMPRESS")
    assert run(compress(peer), [refusal])[1] == [Compress()]
    with pytest.raises(CommandNo):
        run(compress(peer), [CommandNo("no", None, "COMPRESS")])
    peer.compressed = True
    assert run(compress(peer), [])[1] == []
    with pytest.raises(imapkit.NotSupported):
        run(compress(Peer()), [])


MESSAGE = b"Subject: x\r\n\r\n" + b"All work and no play makes Jack a dull boy.\r\n" * 60_000


def use(mail: imapkit.Client) -> None:
    mail.compress()
    assert mail.connection.compressed
    mail.compress()
    with mail.select("INBOX") as inbox:
        before = mail.connection.pump.received
        assert inbox.append(MESSAGE) == 1
        found = mail.fetch(NumSet.of(1), [SectionItem(Section(), peek=True)])
        assert [
            item.data.read() for item in found[0].items if isinstance(item, BodySection) and item.data
        ] == [MESSAGE]
        assert mail.connection.pump.received - before < len(MESSAGE) / 5


def test_the_synchronous_client() -> None:
    with (
        serve_in_thread({USER: PASSWORD}) as server,
        imapkit.connect(
            f"imap://{USER}@{server.host}:{server.port}", password=PASSWORD, allow_plaintext=True
        ) as mail,
    ):
        use(mail)


def test_the_asynchronous_client_under_starttls(certificate: CertificateFiles) -> None:
    async def test(server: Server, wire: Wire) -> None:
        url = f"imap://{USER}@localhost:{server.port}"
        context = ssl.create_default_context(cafile=str(certificate.certificate))
        async with await imapkit.connect_async(url, password=PASSWORD, ssl_context=context) as mail:
            assert mail.connection.tls
            await mail.compress()
            async with await mail.select("INBOX") as inbox:
                assert await inbox.append(MESSAGE) == 1
                assert [event async for event in inbox.idle(0.2)]
                assert (await mail.fetch(NumSet.of(1), [SectionItem(Section(), peek=True)]))[0].seq == 1

    go(test, certificate)


@asynccontextmanager
async def answering(*pieces: bytes) -> AsyncIterator[imapkit.AsyncClient]:
    """A client of a server that says one of these whenever it is told something."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hello\r\n")
        for piece in pieces:
            await reader.read(65536)
            writer.write(piece)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(20):
        mail = await imapkit.connect_async(f"imap://127.0.0.1:{port}", allow_plaintext=True, timeout=1)
        try:
            yield mail
        finally:
            await mail.close()


def packed(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


def test_what_comes_right_behind_the_ok_is_compressed() -> None:
    async def main() -> None:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        news = packer.compress(b"* BAD news\r\n") + packer.flush(zlib.Z_SYNC_FLUSH)
        done = packer.compress(b"A2 OK done\r\n") + packer.flush(zlib.Z_SYNC_FLUSH)
        async with answering(b"A1 OK now\r\n" + news, done) as mail:
            await mail.compress()
            completed: list[Completed] = []

            def ask() -> Op[None]:
                completed.append((yield Noop()))

            await mail.run(ask())
            assert [one.text for one in completed[0].of(Status)] == ["news"]

    asyncio.run(main())


def test_damage_ends_the_connection() -> None:
    async def main() -> None:
        async with answering(b"A1 OK now\r\n\xff\xff\xff * plain\r\n") as mail:
            await mail.compress()
            with pytest.raises(ProtocolError):
                await mail.noop()
            assert mail.connection.closed

    asyncio.run(main())


def test_a_bomb_stops_at_the_limit_of_a_line() -> None:
    async def main() -> None:
        async with answering(b"A1 OK now\r\n" + packed(b"* " + bytes(100_000_000))) as mail:
            await mail.compress()
            with pytest.raises(LimitExceeded):
                await mail.noop()

    asyncio.run(main())


def test_giving_up_in_between_closes_the_connection() -> None:
    """Nobody can tell any more whether what comes is compressed."""

    async def main() -> None:
        async with answering(b"") as mail:
            task = asyncio.create_task(mail.compress())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert mail.connection.closed

    asyncio.run(main())
