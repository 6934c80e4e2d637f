"""``imapkit serve``: a configuration to a running server (DESIGN section 3): one process, several, or one session on stdio."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from ..errors import UsageError
from ..server import log, tls
from ..server.address import parse_address
from ..server.app import App
from ..server.config import Config
from ..server.cores import cores
from ..server.stdio import StdioBridge
from . import worker
from .accounts import need_user
from .crew import run_crew
from .data import make_directory, open_data


def run(config: Config, reread: Callable[[], Config], stdio_user: str | None) -> None:
    """Serve until SIGTERM or SIGINT. ``reread`` gives the configuration anew, for SIGHUP. Raises ImapError, OSError."""
    if config.data is None:
        raise UsageError("where is the mail? give --data DIR")
    addresses = [parse_address(text) for text in config.listen]
    if stdio_user is None and not addresses:
        raise UsageError("nothing to listen on: give --listen imap://127.0.0.1:1143, or --stdio with --user")
    log.configure(config.log.level, config.log.style)
    if stdio_user is not None:
        worker.run(_serve_stdio(config, config.data, stdio_user))
        return
    config.options()  # what is wrong there is told before anything is made
    make_directory(config.data)
    context = tls.make_context(worker.certificate(config, config.data))
    job = worker.Job(config, config.data, reread, context)
    count = config.workers or cores()
    if count > 1:
        run_crew(job, count, addresses)
        return

    async def listen(app: App) -> None:
        await app.start(addresses)

    worker.run(worker.serve(job, listen, _announce))


def _announce(app: App) -> None:
    for address in app.addresses:
        print(f"listening {address}", flush=True)


async def _serve_stdio(config: Config, data: Path, name: str) -> None:
    """One session, already logged in: whoever may start this program may read the mail."""
    async with open_data(data, durable_flags=config.durable_flags) as opened:
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
