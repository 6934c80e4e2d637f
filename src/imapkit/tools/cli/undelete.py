"""``imapkit undelete``: expunged messages come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .. import words
from ..table import print_table

if TYPE_CHECKING:
    from ..undeleting import Lost


def run(
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose mail.")],
    data: Annotated[Path, typer.Option("--data", envvar="IMAPKIT_DATA", help="The server's data directory.")],
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]…", help="Which messages, as --list numbers them.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--list", help="List what can be brought back, and do nothing.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    mailbox: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what was expunged from this mailbox.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where to; unless given, where each message was.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --list: one JSON object a line.")] = False,
) -> int:
    """Bring expunged messages back, with their flags and dates, until `imapkit vacuum` has removed them.

    Also beside a running server, which tells its sessions. A mailbox that was deleted is made again.
    """
    wanted = ids or []
    if show == (bool(wanted) or everything) or (wanted and everything):
        raise UsageError("give --list, or ids of messages, or --all")
    asyncio.run(_undelete(data, user, wanted, show, mailbox, to, as_json))
    return 0


async def _undelete(
    data: Path,
    user: str,
    wanted: Sequence[int],
    show: bool,
    mailbox: str | None,
    to: str | None,
    as_json: bool,
) -> None:
    from .. import undeleting
    from ..upkeep import account_of

    async with account_of(data, user) as account:
        found = undeleting.lost(account, mailbox)
        if show:
            _print(found, as_json)
            return
        chosen = undeleting.choose(found, wanted) if wanted else found
        for name, count in (await undeleting.bring_back(account, chosen, to)).items():
            print(f"{words.count(count, 'message')} brought back into {words.shown(name)}")
        if not chosen:
            print("nothing to bring back")


def _print(found: Sequence[Lost], as_json: bool) -> None:
    if not as_json:
        header = ("id", "mailbox", "expunged", "size", "from", "subject")
        print_table(header, map(_row, found), numbers=frozenset({0, 3}))
        return
    for item in found:
        trashed = item.trashed
        words.print_json(
            {
                "id": trashed.trash_id,
                "mailbox": trashed.mailbox,
                "uid": trashed.uid,
                "size": trashed.size,
                "flags": sorted(trashed.flags),
                "internaldate": trashed.internaldate.isoformat(),
                "expunged": trashed.expunged.isoformat(),
                "from": item.sender,
                "subject": item.subject,
            }
        )


def _row(item: Lost) -> tuple[str, ...]:
    trashed = item.trashed
    when = trashed.expunged.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return (
        str(trashed.trash_id), trashed.mailbox, when, words.octets(trashed.size), item.sender, item.subject,
    )  # fmt: skip
