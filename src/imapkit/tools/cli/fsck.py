"""``imapkit fsck``: are the accounts whole? And with ``--repair``: make them so."""

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
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Bring back what can be brought back. Ends the sessions of an account that is damaged.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON object a line, for each account; with --repair for each mailbox."
        ),
    ] = False,
) -> int:
    """Check counts, logs, snapshots, contents and files against each other; exit code 1 when something is wrong.

    Changes nothing without --repair, and works beside a running server.
    """
    from ..repairing import repair_all

    return 1 if asyncio.run((repair_all if repair else _check)(data, user, as_json)) else 0


async def _check(data: Path, user: str | None, as_json: bool) -> bool:
    """True when something is wrong."""
    from ...errors import StoreError
    from ...stores.sqlite import fsck
    from ..upkeep import each_account

    wrong: list[str] = []

    def tell(name: str, faults: list[str]) -> None:
        wrong.extend(faults)
        if as_json:
            words.print_json({"user": name, "faults": faults})
            return
        for fault in faults or ["all is well"]:
            print(f"{words.shown(name)}: {words.one_line(fault)}")

    async for owned in each_account(data, user, lambda name, error: tell(name, [str(error)])):
        try:
            faults = await fsck(owned.account)
        except StoreError as error:
            faults = [str(error)]
        tell(owned.user, faults)
    return bool(wrong)
