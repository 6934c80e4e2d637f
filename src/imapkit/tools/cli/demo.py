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
        bool,
        typer.Option(
            "--keep", help="Go on serving until Ctrl-C, on ports 1143 and 1993 where free: a playground."
        ),
    ] = False,
    tls_name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A host name in the server's certificate; may be repeated."),
    ] = None,
) -> None:
    """Start a server with a sample account, tour it with the client, and say how to connect to it and what to type.

    Everything lies in a temporary directory and is gone at the end.
    """
    asyncio.run(_demo(keep, tls_name or []))


async def _demo(keep: bool, tls_names: list[str]) -> None:
    from ..demo_server import demo_server
    from ..stage import Stage
    from ..tour import tour

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    stage = Stage()
    async with demo_server(known_ports=keep, tls_names=tls_names) as server:
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
        _first_lines(server, stage)
        stage.say("", "Serving until Ctrl-C.")
    else:
        stage.say("", "That was it: the server has stopped, and its mail is gone.")


def _first_lines(server: Running, stage: Stage) -> None:
    from ..demo_server import HOST, PASSWORD, USER

    stage.say(
        "",
        "or by hand (docs/learn/mistakes.md shows what goes wrong, and why):",
        f"openssl s_client -quiet -crlf -connect {HOST}:{server.imaps} -CAfile {server.certificate}",
        f"telnet {HOST} {server.imap}",
        "and type, line by line:",
        f"a1 LOGIN {USER} {PASSWORD}",
        "a2 SELECT INBOX",
        "a3 FETCH 1 (FLAGS ENVELOPE)",
        "a4 LOGOUT",
    )
