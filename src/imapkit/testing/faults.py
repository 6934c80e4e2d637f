"""A proxy with faults: it splits, delays and cuts what goes through, as networks do.

    with FaultProxy("127.0.0.1", port, Faults(split=1, cut_server=2000)) as proxy:
        imapkit.connect(f"imap://ann@{proxy.host}:{proxy.port}", …)

The rule this file must not break: without a cut, every octet arrives, in order; only its timing and grouping change.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong. The default is nothing."""

    split: int | None = None
    """The most octets that are passed on at once; pieces of random sizes up to it."""
    delay: float = 0.0
    """Seconds before each piece."""
    cut_client: int | None = None
    """Both sides are cut after so many octets from the client."""
    cut_server: int | None = None
    """Both sides are cut after so many octets from the server."""
    seed: int = 0


class FaultProxy:
    """Listens on loopback while its block runs. ``connections`` counts those that came, ``cuts`` those that were cut."""

    def __init__(self, host: str, port: int, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        """May be replaced: connections that come later have the new ones."""
        self.host = "127.0.0.1"
        self.port = 0
        self.connections = 0
        self.cuts = 0
        self._to = (host, port)
        self._loop = asyncio.new_event_loop()
        self._finish = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._work, name="fault-proxy", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._finish.set)
        self._thread.join()

    def _work(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._finish.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._start(self._connect(reader, writer, self.faults, self.connections))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: Faults, number: int
    ) -> None:
        dice = random.Random(faults.seed + number)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            writer.transport.abort()
            return
        both = (writer, far_writer)
        up = asyncio.ensure_future(self._pass_on(reader, far_writer, faults, faults.cut_client, dice))
        down = asyncio.ensure_future(self._pass_on(far_reader, writer, faults, faults.cut_server, dice))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            cut = any(task.done() and not task.cancelled() and task.result() for task in (up, down))
            if cut:
                self.cuts += 1
            else:
                await asyncio.wait((up, down))
        finally:
            for task in (up, down):
                task.cancel()
            for one in both:
                one.transport.abort()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        faults: Faults,
        left: int | None,
        dice: random.Random,
    ) -> bool:
        """One direction, until its end; True when it was cut."""
        try:
            while data := await reader.read(_CHUNK):
                for piece in _pieces(data, faults.split, dice):
                    if faults.delay:
                        await asyncio.sleep(faults.delay)
                    writer.write(piece if left is None else piece[:left])
                    await writer.drain()
                    if left is not None:
                        left -= len(piece)
                        if left <= 0:
                            return True
            writer.write_eof()
        except OSError:
            pass  # the other side is gone, which ends this one as well
        return False


def _pieces(data: bytes, split: int | None, dice: random.Random) -> list[bytes]:
    if split is None:
        return [data]
    found = []
    at = 0
    while at < len(data):
        size = dice.randint(1, split)
        found.append(data[at : at + size])
        at += size
    return found
