"""``imapkit rmdir``: a mailbox away."""

from __future__ import annotations

from typing import Annotated

import typer

from ...errors import ImapError
from .. import words
from ..location import Access
from ..on_server import Json, on_server


class HoldsMail(ImapError):
    """A mailbox that was to be removed has messages in it."""


@on_server
def run(
    access: Access,
    force: Annotated[bool, typer.Option("--force", help="Delete the messages in it, too.")] = False,
    as_json: Json = False,
) -> None:
    """Delete the mailbox that the URL names, and its subscription. One that holds messages stays, unless --force is given."""
    name = access.named()
    with access.session() as client:
        messages = client.status(name, "MESSAGES").messages or 0
        if messages and not force:
            them = "it" if messages == 1 else "them"
            raise HoldsMail(
                f"{name} holds {words.count(messages, 'message')}: move {them}, or give --force to delete {them} too"
            )
        client.delete(name)
        client.unsubscribe(name)
    if as_json:
        words.print_json({"mailbox": name, "deleted": True, "messages": messages})
    else:
        held = f" with {words.count(messages, 'message')}" if messages else ""
        print(f"{words.one_line(name)} deleted{held}")
