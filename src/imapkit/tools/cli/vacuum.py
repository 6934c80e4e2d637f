"""``imapkit vacuum``: expunged messages go for good once they are old enough."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from .. import words


def run(
    data: Annotated[Path, typer.Option("--data", envvar="IMAPKIT_DATA", help="The server's data directory.")],
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="This one's; all unless given.")
    ] = None,
    days: Annotated[float, typer.Option(min=0, help="Expunged longer ago than this.")] = 30,
) -> int:
    """Remove expunged messages that are old, and files that no message names any more; also beside a running server.

    Until then `imapkit undelete` brings them back. The space inside an account's file is used again by new mail.
    """
    asyncio.run(_vacuum(data, user, time.time() - days * 86_400))
    return 0


async def _vacuum(data: Path, user: str | None, before: float) -> None:
    from ...stores.sqlite import vacuum
    from ..upkeep import each_account

    async for owned in each_account(data, user):
        done = await vacuum(owned.account, before)
        files = f", {words.count(done.files, 'file')} of {words.octets(done.octets)}" if done.files else ""
        print(f"{words.shown(owned.user)}: {words.count(done.messages, 'expunged message')} removed{files}")
