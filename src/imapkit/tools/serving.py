"""``imapkit serve``: a configuration to a running server, until a signal ends it (DESIGN section 3)."""

from __future__ import annotations

import asyncio
import resource
import signal
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path

from ..errors import ImapError, UsageError
from ..server import log, tls
from ..server.address import Address, parse_address
from ..server.app import App
from ..server.config import Config
from ..server.stdio import StdioBridge
from .accounts import need_user
from .data import open_data

_SPARE_FILES = 1000


def run(config: Config, reread: Callable[[], Config], stdio_user: str | None) -> None:
    """Serve until SIGTERM or SIGINT. ``reread`` gives the configuration anew, for SIGHUP. Raises ImapError, OSError."""
    if config.data is None:
        raise UsageError("where is the mail? give --data DIR")
    if config.workers > 1:
        raise UsageError("one worker is what this version runs: leave out --workers, or set it to 1")
    addresses = [parse_address(text) for text in config.listen]
    if stdio_user is None and not addresses:
        raise UsageError("nothing to listen on: give --listen imap://127.0.0.1:1143, or --stdio with --user")
    log.configure(config.log.level, config.log.style)
    if stdio_user is not None:
        _run(_serve_stdio(config, config.data, stdio_user))
    else:
        _run(_serve(config, config.data, addresses, reread))


def _run(main: Coroutine[object, object, None]) -> None:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(main)
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _serve(config: Config, data: Path, addresses: list[Address], reread: Callable[[], Config]) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    options = config.options()
    _raise_file_limit(options.limits.sessions)
    async with open_data(data, make=True) as opened:
        context = _context(config, data)
        app = App(opened.store, opened.directory, options, tls=context)
        loop.add_signal_handler(signal.SIGHUP, _reload, app, context, data, reread)
        await app.start(addresses)
        for address in app.addresses:
            print(f"listening {address}", flush=True)
        await stop.wait()
        log.get("server").info("stopping", sessions=app.sessions)
        await app.stop()


async def _serve_stdio(config: Config, data: Path, name: str) -> None:
    """One session, already logged in: whoever may start this program may read the mail."""
    async with open_data(data) as opened:
        user = need_user(opened.directory, name)
        bridge = StdioBridge()
        app = App(opened.store, opened.directory, config.options())
        loop = asyncio.get_running_loop()
        session = asyncio.ensure_future(app.serve_socket(bridge.inner, user))
        loop.add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(app.stop()))
        try:
            await session
            await loop.run_in_executor(None, bridge.finish)
        finally:
            await app.stop()


def _context(config: Config, data: Path) -> ssl.SSLContext:
    return tls.make_context(_certificate(config, data))


def _certificate(config: Config, data: Path) -> tls.CertificateFiles:
    if config.tls.certificate is not None and config.tls.key is not None:
        return tls.CertificateFiles(config.tls.certificate, config.tls.key)
    files, made = tls.self_signed(data / "tls")
    log.get("server").warning(
        "no TLS certificate is configured: a self-signed one is used",
        certificate=str(files.certificate),
        made_now=made,
    )
    return files


def _reload(app: App, context: ssl.SSLContext, data: Path, reread: Callable[[], Config]) -> None:
    """SIGHUP: what cannot be used is logged, and the server goes on as it was."""
    try:
        config = reread()
        options = config.options()
        tls.load(context, _certificate(config, data))
    except (ImapError, OSError) as error:
        log.get("server").error("not reloaded", error=str(error))
        return
    app.reload(options)
    log.configure(config.log.level, config.log.style)
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
