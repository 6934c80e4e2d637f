"""Octets of files reach the peer in their place between others, whether the kernel passes them on or they are read."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
import ssl
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.errors import ConnectionLost, ConnectionTimeout
from imapkit.ports.blob import FilePart
from imapkit.protocol.server import ServerConnection
from imapkit.server import file_sender, tls
from imapkit.server.channel import Channel
from imapkit.server.options import Timeouts
from imapkit.server.stream import Stream
from imapkit.server.tls import make_context
from imapkit.wire.limits import Limits

from .wire import options

OUTPUT = 64 * 1024
SIZE = 3_000_000
OCTETS = random.Random(7).randbytes(SIZE)

Chunks = Sequence[bytes | FilePart]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("blobs") / "blob"
    path.write_bytes(OCTETS)
    return str(path)


def plainly(chunks: Chunks) -> bytes:
    """What the peer must get."""
    return b"".join(
        OCTETS[chunk.start : chunk.end] if isinstance(chunk, FilePart) else chunk for chunk in chunks
    )


def loops() -> list[Callable[[], asyncio.AbstractEventLoop]]:
    try:
        import uvloop
    except ImportError:
        return [asyncio.new_event_loop]
    return [asyncio.new_event_loop, uvloop.new_event_loop]


def run(test: Coroutine[None, None, None], loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(test)


@asynccontextmanager
async def connected(*, unix: bool = False, room: int = 0) -> AsyncIterator[tuple[Stream, socket.socket]]:
    """A server's stream and the peer's socket; ``room``: of the kernel's buffers, where they are to be small."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[Stream] = loop.create_future()

    def factory() -> Stream:
        return Stream(made.set_result, pending=4096, output=OUTPUT)

    with tempfile.TemporaryDirectory() as directory:
        if unix:
            server = await loop.create_unix_server(factory, f"{directory}/socket")
            peer = socket.socket(socket.AF_UNIX)
            address: object = f"{directory}/socket"
        else:
            server = await loop.create_server(factory, "127.0.0.1", 0)
            peer = socket.socket()
            address = server.sockets[0].getsockname()
        with closing(peer):
            if room:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            peer.setblocking(False)
            await loop.sock_connect(peer, address)
            stream = await made
            if room:
                accepted = stream.info("socket")
                assert hasattr(accepted, "setsockopt")
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
            try:
                yield stream, peer
            finally:
                stream.abort()
                server.close()
                await asyncio.sleep(0)


async def receive(peer: socket.socket, count: int, pause: float = 0.0) -> bytes:
    loop = asyncio.get_running_loop()
    data = bytearray()
    while len(data) < count:
        got = await loop.sock_recv(peer, 300_000)
        assert got, f"the server hung up after {len(data)} octets"
        data += got
        await asyncio.sleep(pause)
    return bytes(data)


def channel(stream: Stream, write_seconds: float = 20.0) -> Channel:
    grammar = options().registry.grammar
    return Channel(stream, ServerConnection(grammar, Limits()), Timeouts(write_seconds=write_seconds))


async def sent(chunks: Chunks, *, pause: float = 0.0, unix: bool = False, room: int = 0) -> bytes:
    """What the peer gets, with a tail that shows the end."""
    async with connected(unix=unix, room=room) as (stream, peer):
        out = channel(stream)
        out.send_bytes(*chunks, b"end\r\n")
        taking = asyncio.ensure_future(receive(peer, len(plainly(chunks)) + 5, pause))
        await out.flush()
        return await taking


def chunks_of(stored: str) -> st.SearchStrategy[list[bytes | FilePart]]:
    edge = st.integers(0, SIZE) | st.sampled_from([0, 1, SIZE - 1, SIZE, file_sender.PIECE, file_sender.TURN])
    ranges = st.tuples(edge, edge).map(sorted).filter(lambda pair: pair[0] < pair[1])
    return st.lists(
        st.binary(max_size=200)
        | st.just(b"x" * 100_000)
        | ranges.map(lambda pair: FilePart(stored, pair[0], pair[1])),
        max_size=6,
    )


@pytest.mark.parametrize("loop", loops())
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_peer_gets_all_octets_in_their_order(
    stored: str, loop: Callable[[], asyncio.AbstractEventLoop], data: st.DataObject
) -> None:
    chunks = data.draw(chunks_of(stored))
    unix, room = data.draw(st.booleans()), data.draw(st.sampled_from([0, 20_000]))

    async def test() -> None:
        assert await sent(chunks, unix=unix, room=room) == plainly(chunks) + b"end\r\n"

    run(test(), loop)


@pytest.mark.parametrize("loop", loops())
def test_the_kernel_passes_them_on_where_it_can(
    stored: str, loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where it cannot, for whatever reason, they are read."""
    passed = 0
    plain = os.sendfile

    def counted(out: int, file: int, offset: int, count: int) -> int:
        nonlocal passed
        done = plain(out, file, offset, count)
        passed += done
        return done

    def refused(out: int, file: int, offset: int, count: int) -> int:
        raise OSError(errno.EINVAL, "not between these two")

    chunks = [b"start ", FilePart(stored, 5, 2_000_000), b" and ", FilePart(stored, 0, 40_000)]

    async def test() -> None:
        assert await sent(chunks) == plainly(chunks) + b"end\r\n"

    monkeypatch.setattr(os, "sendfile", counted)
    run(test(), loop)
    assert passed > 100_000
    monkeypatch.setattr(os, "sendfile", refused)
    run(test(), loop)


@pytest.mark.parametrize("loop", loops())
def test_compressed_octets_are_never_passed_by(
    stored: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    chunks = [b"start ", FilePart(stored, 1, 900_000), b" end"]

    async def test() -> None:
        async with connected() as (stream, peer):
            out = channel(stream)
            await out.start_deflate()
            out.send_bytes(*chunks)
            flushing = asyncio.ensure_future(out.flush())
            unpacker, got = zlib.decompressobj(-15), b""
            while len(got) < len(plainly(chunks)):
                got += unpacker.decompress(await receive(peer, 1))
            await flushing
            assert got == plainly(chunks)

    run(test(), loop)


async def test_encrypted_octets_are_never_passed_by(stored: str, tmp_path: Path) -> None:
    files = tls.self_signed(tmp_path)[0]
    made: asyncio.Future[Stream] = asyncio.get_running_loop().create_future()
    server = await asyncio.get_running_loop().create_server(
        lambda: Stream(made.set_result, pending=4096, output=OUTPUT), "127.0.0.1", 0, ssl=make_context(files)
    )
    trusting = ssl.create_default_context(cafile=str(files.certificate))
    host, port = server.sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(host, port, ssl=trusting, server_hostname="localhost")
    chunks = [b"start ", FilePart(stored, 1, 900_000), b" end"]
    out = channel(await made)
    out.send_bytes(*chunks)
    flushing = asyncio.ensure_future(out.flush())
    assert await reader.readexactly(len(plainly(chunks))) == plainly(chunks)
    await flushing
    writer.close()
    await writer.wait_closed()
    server.close()


def descriptors() -> list[str]:
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return [os.readlink(link) for link in links if os.path.lexists(link)]


@pytest.mark.parametrize("loop", loops())
def test_a_reader_that_waits_costs_no_descriptor_and_no_memory(
    stored: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    chunks = [b"start ", FilePart(stored, 0, SIZE), b" end"]

    async def test() -> None:
        async with connected(room=20_000) as (stream, peer):
            out = channel(stream)
            out.send_bytes(*chunks)
            flushing = asyncio.ensure_future(out.flush())
            await asyncio.sleep(0.2)
            assert not flushing.done()
            assert stored not in descriptors()
            assert stream._queued() <= OUTPUT + file_sender.PIECE
            assert await receive(peer, len(plainly(chunks))) == plainly(chunks)
            await flushing

    run(test(), loop)


@pytest.mark.parametrize("loop", loops())
def test_a_reader_that_takes_nothing_is_cut_off(
    stored: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def test() -> None:
        async with connected(room=20_000) as (stream, _):
            out = channel(stream, write_seconds=0.2)
            out.send_bytes(FilePart(stored, 0, SIZE))
            with pytest.raises(ConnectionTimeout):
                await out.flush()

    run(test(), loop)


@pytest.mark.parametrize("loop", loops())
def test_a_reader_that_leaves_ends_it(stored: str, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def test() -> None:
        async with connected(room=20_000) as (stream, peer):
            out = channel(stream)
            out.send_bytes(*[FilePart(stored, 0, SIZE)] * 3)
            flushing = asyncio.ensure_future(out.flush())
            await receive(peer, 30_000)
            peer.close()
            with pytest.raises(ConnectionLost):
                await flushing
            with pytest.raises(ConnectionLost):
                await stream.write_part(FilePart(stored, 0, SIZE), 1.0)

    run(test(), loop)


@pytest.mark.parametrize("loop", loops())
@pytest.mark.parametrize("passing", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_a_literal_that_cannot_be_completed_ends_the_connection(
    tmp_path: Path,
    loop: Callable[[], asyncio.AbstractEventLoop],
    passing: bool,
    gone: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A completion in the middle of an announced literal would be taken for mail."""
    if not passing:
        monkeypatch.setattr("imapkit.server.stream.CAN_PASS", False)
    short = tmp_path / "short"
    if not gone:
        short.write_bytes(b"0123")

    async def test() -> None:
        async with connected() as (stream, _):
            out = channel(stream)
            out.send_bytes(b"{10}\r\n", FilePart(str(short), 0, 10), b"OK done")
            with pytest.raises(ConnectionLost):
                await out.flush()

    run(test(), loop)
