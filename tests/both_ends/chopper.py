"""A relay between a client and a server that cuts both directions into random small pieces, sent apart."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIZES = (1, 1, 2, 3, 5, 8, 13, 100, 1000, 20_000)


class _Chopper:
    def __init__(self, port: int, seed: int) -> None:
        self._port = port
        self._chance = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, ready: asyncio.Future[int], finish: asyncio.Event) -> None:
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        ready.set_result(server.sockets[0].getsockname()[1])
        async with server:
            await finish.wait()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_in, far_out = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await asyncio.gather(self._copy(near_in, far_out), self._copy(far_in, near_out))
        except (OSError, asyncio.CancelledError):
            pass  # either side went: the relay goes too
        finally:
            for writer in (near_out, far_out):
                writer.close()
            self._tasks.discard(task)

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            at = 0
            while at < len(data):
                size = self._chance.choice(SIZES)
                target.write(data[at : at + size])
                await target.drain()
                # Others run in between, so that each piece is a segment of its own.
                await asyncio.sleep(0)
                at += size
        target.write_eof()


@contextmanager
def chopped(port: int, seed: int) -> Iterator[int]:
    """Relay to *port* on loopback; gives the port to connect to."""
    loop = asyncio.new_event_loop()
    finish = asyncio.Event()
    ready: asyncio.Future[int] = loop.create_future()
    known = threading.Event()
    ready.add_done_callback(lambda _: known.set())

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(_Chopper(port, seed).serve(ready, finish))

    thread = threading.Thread(target=work, name="chopper", daemon=True)
    thread.start()
    assert known.wait(10)
    try:
        yield ready.result()
    finally:
        loop.call_soon_threadsafe(finish.set)
        thread.join(10)
