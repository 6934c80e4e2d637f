"""``imapkit demo``: a server with a sample account, and a tour of it by the client."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..demo_server import Running
    from ..stage import Stage


def run(
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on serving until Ctrl-C, for a mail program.")
    ] = False,
) -> None:
    """Start a server on free ports with a sample account, tour it with the client, and say how to connect to it.

    Everything lies in a temporary directory and is gone at the end.
    """
    asyncio.run(_demo(keep))


async def _demo(keep: bool) -> None:
    from ..demo_server import demo_server
    from ..stage import Stage
    from ..tour import tour

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    stage = Stage()
    async with demo_server() as server:
        touring = asyncio.ensure_future(asyncio.to_thread(tour, server, stage))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((touring, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            touring.add_done_callback(lambda done: done.cancelled() or done.exception())  # cut off: no news
            return
        await touring
        _how_to_connect(server, stage, keep)
        if keep:
            await stopping
        stopping.cancel()


def _how_to_connect(server: Running, stage: Stage, keep: bool) -> None:
    from ..demo_server import HOST, PASSWORD, USER

    stage.step(
        "Connect with a mail program"
        if keep
        else "Connect with a mail program: imapkit demo --keep goes on serving"
    )
    stage.say(
        f"server    {HOST}",
        f"port      {server.imap} without encryption, {server.imaps} with TLS (self-signed)",
        f"user      {USER}",
        f"password  {PASSWORD}",
        "",
        "or with the commands, and with curl:",
        f"IMAP_PASSWORD={PASSWORD} imapkit summary {server.url}",
        f"curl -u {USER}:{PASSWORD} 'imap://{HOST}:{server.imap}/INBOX;UID=1'",
    )
    if keep:
        stage.say("", "Serving until Ctrl-C.")
    else:
        stage.say("", "That was it: the server has stopped, and its mail is gone.")
