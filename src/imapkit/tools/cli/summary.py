"""``imapkit summary``: a mailbox at a glance."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import lines, words
from ..location import Access
from ..on_server import Json, on_server
from ..table import Table


@on_server
def run(
    access: Access,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="The newest N alone.")] = None,
    parts: Annotated[
        bool, typer.Option("--parts", help="The MIME parts in place of the first words.")
    ] = False,
    as_json: Json = False,
) -> None:
    """One line for each message: UID, flags (N new, F flagged, A answered, D deleted), date, sender, subject, first words.

    Nothing is marked as read.
    """
    last = "parts" if parts else "text"
    table = Table((*lines.HEAD, last), numbers=frozenset({0}))
    with access.open() as mailbox:
        for batch in lines.batches(lines.newest(mailbox.all().uidset(), limit)):
            found = list(lines.messages(mailbox, batch, structure=True))
            told = {} if parts else lines.first_words(mailbox, found)
            more = [lines.part_list(one) if parts else told.get(one.data.uid or 0, "") for one in found]
            if as_json:
                for message, text in zip(found, more, strict=True):
                    words.print_json({**lines.fields(message), last: text})
            else:
                table.add((*lines.row(message), text) for message, text in zip(found, more, strict=True))
