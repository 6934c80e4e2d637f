"""``imapkit summary``: a mailbox at a glance."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import lines, words
from ..location import Access
from ..on_server import Json, on_server
from ..table import print_table


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
    rows: list[tuple[str, ...]] = []
    with access.open() as mailbox:
        for batch in lines.batches(lines.newest(mailbox.all().uidset(), limit)):
            found = list(lines.messages(mailbox, batch, structure=True))
            told = {} if parts else lines.first_words(mailbox, found)
            for message in found:
                more = lines.part_list(message) if parts else told.get(message.data.uid or 0, "")
                if as_json:
                    words.print_json({**lines.fields(message), last: more})
                else:
                    rows.append((*lines.row(message), more))
    if not as_json:
        print_table((*lines.HEAD, last), rows, numbers=frozenset({0}))
