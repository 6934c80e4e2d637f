"""``imapkit rm``: messages away."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import words
from ..location import Access
from ..on_server import Json, Uids, on_server
from ..selecting import present


@on_server
def run(
    access: Access,
    uids: Uids,
    trash: Annotated[bool, typer.Option("--trash", help="Move them to the trash mailbox instead.")] = False,
    as_json: Json = False,
) -> None:
    """Delete messages for good: these, and no others that were marked as deleted."""
    with access.session() as client:
        mailbox = access.select(client, read_only=False)
        query = present(mailbox, uids)
        count = query.count()
        if trash:
            query.move(client.folder(role="trash").name)
        else:
            query.delete()
    if as_json:
        words.print_json({"mailbox": mailbox.name, "messages": count, "trash": trash})
    else:
        print(f"{words.count(count, 'message')} {'moved to the trash' if trash else 'deleted'}")
