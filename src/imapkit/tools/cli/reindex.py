"""``imapkit reindex``: search indexes and packed sort keys made anew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from .. import words


def run(
    data: Annotated[Path, typer.Option("--data", envvar="IMAPKIT_DATA", help="The server's data directory.")],
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="This one's; all unless given.")
    ] = None,
) -> int:
    """Delete search indexes and packed sort keys and make them anew, also beside a running server, which reads the texts meanwhile.

    Never needed for right answers: they only make SEARCH, SORT and THREAD fast, and a damaged index is made anew by itself.
    """
    asyncio.run(_reindex(data, user))
    return 0


async def _reindex(data: Path, user: str | None) -> None:
    from ...stores.sqlite import rebuild_packs
    from ..upkeep import each_account

    async for owned in each_account(data, user):
        await rebuild_packs(owned.account)
        count = await owned.account.index.rebuild()
        print(f"{words.shown(owned.user)}: {words.count(count, 'message')} indexed")
