"""``imapkit deliver``: one message into a user's INBOX, for mail transfer agents and scripts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def run(
    user: Annotated[str, typer.Argument(metavar="USER")],
    data: Annotated[Path, typer.Option("--data", envvar="IMAPKIT_DATA", help="The server's data directory.")],
    mailbox: Annotated[str, typer.Option(help="Where to.")] = "INBOX",
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The server's settings: limits.message_octets counts here."),
    ] = None,
) -> int:
    """Put the message on standard input into a user's mailbox; it is on the disk when this ends with exit code 0.

    Line ends become CRLF, and nothing else is changed. Works beside a running server, which tells its sessions. A message that is larger
    than the server takes is refused, and not read to its end.
    """
    from ...server.config import load
    from ..delivery import deliver

    asyncio.run(deliver(data, user, mailbox, most=load(config, {}).limits.message_octets))
    return 0
