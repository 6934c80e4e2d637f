"""``imapkit serve`` with several workers: their sockets, what is loaded before the fork, and what each of them runs (DESIGN section 3).

The rules this file must not break: a port has one socket for each worker, open from the start to the end, so that the kernel shares
connections out evenly and none is lost when a worker is replaced; and the TLS context is made once, before the fork, and only ever
changed in place, so that all workers resume each other's TLS sessions.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from ..errors import ImapError
from ..server import log
from ..server.address import Address
from ..server.app import App
from ..server.cores import cores
from ..server.listener import Bound, bind, remove
from ..server.workers import Patience, Supervisor, Worker
from .worker import Job, Life, run, serve

_BEFORE_FORK: Final = (
    "argon2",
    "imapkit.features.catalogue",
    "imapkit.stores.directory.sqlite",
    "imapkit.stores.sqlite",
)


class Sockets:
    """One address: a socket for each worker, or one for all."""

    def __init__(self, address: Address, bound: Sequence[Bound]) -> None:
        self.address = address
        self.bound = bound
        self._removed = False

    def of(self, worker: int) -> Bound:
        return self.bound[(worker - 1) % len(self.bound)]

    def keep(self, worker: int) -> None:
        """In a worker: close those of others, lest a socket outlives the server."""
        mine = self.of(worker)
        for each in self.bound:
            if each is not mine:
                each.socket.close()

    def remove(self) -> None:
        """At the end, in the supervisor. Once: a unix socket of that name may soon be another server's."""
        if not self._removed:
            self._removed = True
            for each in self.bound:
                each.socket.close()
            remove(self.address)


def open_sockets(address: Address, count: int) -> Sockets:
    """Raises OSError that names the address."""
    if address.kind == "unix":
        one = bind(address)
        return Sockets(one.address, [one])
    if address.port != 0:
        # Sockets that share a port would also share it with another server of the same user, unasked.
        bind(address).socket.close()
    bound: list[Bound] = []
    try:
        for _ in range(count):
            bound.append(bind(address, shared=True))
            address = replace(address, port=bound[0].address.port)
    except BaseException:
        for each in bound:
            each.socket.close()
        raise
    return Sockets(address, bound)


class Crew:
    """Implements ``server.workers.Work``."""

    def __init__(self, job: Job, count: int, sockets: Sequence[Sockets]) -> None:
        self._job = job
        self._count = count
        self._sockets = sockets

    def run(self, worker: Worker) -> None:
        job = self._job
        job.worker = worker.number
        log.configure(job.config.log.level, job.config.log.style, worker=worker.number)
        for sockets in self._sockets:
            sockets.keep(worker.number)
        mine = [sockets.of(worker.number) for sockets in self._sockets]

        async def listen(app: App) -> None:
            await app.start_on(mine)

        def ready(app: App) -> None:
            worker.ready()

        threads = max(1, cores() // self._count)
        life = Life(worker.lifeline, worker.beat, self.patience.every)
        run(serve(job, listen, ready, hash_threads=threads, life=life))

    @property
    def patience(self) -> Patience:
        timeouts = self._job.config.timeouts
        return Patience(timeouts.worker_late_seconds, timeouts.worker_hangs_seconds)

    def reload(self) -> bool:
        # Tried here first: what is wrong is told once, and a worker that starts later has it too.
        try:
            self._job.reload()
        except (ImapError, OSError) as error:
            log.get("supervisor").error("not reloaded", error=str(error))
            return False
        return True

    def ready(self) -> None:
        for sockets in self._sockets:
            print(f"listening {sockets.address}", flush=True)

    def stop(self) -> float:
        for sockets in self._sockets:
            sockets.remove()
        return self._job.config.timeouts.drain_seconds


def run_crew(job: Job, count: int, addresses: Sequence[Address]) -> None:
    """Serve until SIGTERM or SIGINT. Raises ImapError, OSError."""
    with ExitStack() as opened:
        sockets: list[Sockets] = []
        for address in addresses:
            sockets.append(open_sockets(address, count))
            opened.callback(sockets[-1].remove)
        _load()
        Supervisor(count, Crew(job, count, sockets)).run()


def _load() -> None:
    """What every worker needs, once in memory for all. None of it starts a thread, as long as numpy is told."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in _BEFORE_FORK:
        importlib.import_module(name)
    try:
        importlib.import_module("uvloop")
    except ModuleNotFoundError:
        log.get("supervisor").debug("there is no uvloop: asyncio's own event loop is used")
