"""``imapkit rename``: another name for a mailbox."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import words
from ..location import Access
from ..on_server import Json, on_server
from ..subscriptions import follow


@on_server
def run(
    access: Access,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name, whole: Archive/2026.")],
    as_json: Json = False,
) -> None:
    """Rename the mailbox that the URL names, with the mailboxes below it. Subscriptions follow the names."""
    old = access.named()
    with access.session() as client:
        subscribed = [data.name for data in client.lsub()]
        delimiter = client.folder(old).delimiter
        client.rename(old, name)
        follow(client, subscribed, old, name, delimiter)
    if as_json:
        words.print_json({"from": old, "to": name})
    else:
        print(f"{words.one_line(old)} is {words.one_line(name)} now")
