"""One process that serves: the store, the users and the listeners, until a signal ends it (DESIGN section 3).

The rule this file must not break: everything here begins after the fork, so that no worker shares a store, a thread or an event loop.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from ..errors import ImapError
from ..record import record
from ..server import log, tls
from ..server.app import App
from ..server.config import Config
from .data import Data, open_data
from .first_check import first_check

_SPARE_FILES = 1000


@dataclass
class Job:
    """What to serve. ``config`` is the one in force; ``reread`` gives it anew, for SIGHUP."""

    config: Config
    data: Path
    reread: Callable[[], Config]
    context: ssl.SSLContext
    worker: int | None = None

    def reload(self) -> Config:
        """Read configuration and certificate anew. Raises ImapError, OSError, and then all stays as it was."""
        config = self.reread()
        config.options()
        tls.load(self.context, certificate(config, self.data))
        self.config = config
        log.configure(config.log.level, config.log.style, worker=self.worker)
        return config


@record
class Life:
    """What ties a worker to its supervisor."""

    line: int
    """Readable once the supervisor is gone."""
    beat: Callable[[], None]
    """Gives a sign of life."""
    every: float
    """Seconds between two of them."""


async def serve(
    job: Job,
    listen: Callable[[App], Awaitable[None]],
    ready: Callable[[App], None],
    *,
    hash_threads: int | None = None,
    life: Life | None = None,
) -> None:
    """Until SIGTERM or SIGINT, or until the supervisor is gone. ``ready`` is called once it accepts."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if life is not None:
        loop.add_reader(life.line, _orphaned, loop, life.line, stop)
        _beat(loop, life)
    options = job.config.options()
    _raise_file_limit(options.limits.sessions)
    async with open_data(job.data, make=True, durable_flags=job.config.durable_flags) as opened:
        app = App(opened.store, opened.directory, options, tls=job.context, hash_threads=hash_threads)
        loop.add_signal_handler(signal.SIGHUP, _reload, app, job)
        await listen(app)
        ready(app)
        checking = asyncio.ensure_future(_first_check(job.data, opened))
        await stop.wait()
        checking.cancel()
        log.get("server").info("stopping", sessions=app.sessions)
        await app.stop()


async def _first_check(data: Path, opened: Data) -> None:
    """What goes wrong with it is logged: the server goes on."""
    try:
        await first_check(data, opened)
    except Exception as error:
        log.get("server").error("the accounts could not be checked", reason=str(error))


def run(main: Coroutine[object, object, None]) -> None:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(main)
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def certificate(config: Config, data: Path) -> tls.CertificateFiles:
    """The configured one, or one made here."""
    if config.tls.certificate is not None and config.tls.key is not None:
        return tls.CertificateFiles(config.tls.certificate, config.tls.key)
    files, made = tls.self_signed(data / "tls", config.tls.names)
    log.get("server").warning(
        "no TLS certificate is configured: a self-signed one is used",
        certificate=str(files.certificate),
        made_now=made,
    )
    return files


def _beat(loop: asyncio.AbstractEventLoop, life: Life) -> None:
    life.beat()
    loop.call_later(life.every, _beat, loop, life)


def _orphaned(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    loop.remove_reader(lifeline)
    log.get("server").error("the supervisor is gone")
    stop.set()


def _reload(app: App, job: Job) -> None:
    """SIGHUP: what cannot be used is logged, and the server goes on as it was."""
    try:
        config = job.reload()
    except (ImapError, OSError) as error:
        log.get("server").error("not reloaded", error=str(error))
        return
    app.reload(config.options())
    log.get("server").info("reloaded")


def _raise_file_limit(sessions: int) -> None:
    """Each session is an open file, and so are some per account."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = sessions + _SPARE_FILES
    if soft < need and soft != resource.RLIM_INFINITY:
        best = need if hard == resource.RLIM_INFINITY else min(need, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (best, hard))
        if best < need:
            log.get("server").warning(
                "the limit on open files is low: raise it (ulimit -n) or lower limits.sessions",
                limit=best,
                needed=need,
            )
