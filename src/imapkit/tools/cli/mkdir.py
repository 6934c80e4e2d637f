"""``imapkit mkdir``: a new mailbox."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import words
from ..location import Access
from ..on_server import Json, on_server


@on_server
def run(
    access: Access,
    subscribe: Annotated[
        bool, typer.Option("--subscribe/--no-subscribe", help="Mail programs show what is subscribed.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Make the mailbox that the URL names, and subscribe to it. Missing levels above it are made by the server."""
    name = access.named()
    with access.session() as client:
        client.create(name)
        if subscribe:
            client.subscribe(name)
    if as_json:
        words.print_json({"mailbox": name, "made": True, "subscribed": subscribe})
    else:
        print(f"{words.one_line(name)} made{' and subscribed' if subscribe else ''}")
