"""``imapkit mv``: messages to another mailbox."""

from __future__ import annotations

from typing import Annotated

import typer

from ..location import Access
from ..on_server import Json, Uids, on_server
from ..transfer import transfer


@on_server
def run(
    access: Access,
    uids: Uids,
    target: Annotated[str, typer.Argument(metavar="MAILBOX", help="Where to, in the same account.")],
    create: Annotated[bool, typer.Option("--create", help="Make the mailbox if it is missing.")] = False,
    as_json: Json = False,
) -> None:
    """Move messages from the mailbox of the URL to another one. By MOVE where the server has it, else by the safest other way."""
    transfer(access, uids, target, move=True, create=create, as_json=as_json)
