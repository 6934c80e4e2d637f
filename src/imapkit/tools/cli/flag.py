"""``imapkit flag``: flags and keywords of messages."""

from __future__ import annotations

from typing import Annotated

import typer

from ...errors import UsageError
from .. import words
from ..flagging import flag_name
from ..location import Access
from ..on_server import Json, Uids, on_server
from ..selecting import present

Flags = Annotated[
    list[str] | None, typer.Option(metavar="FLAG", help="Like seen, flagged or Work; may be repeated.")
]


@on_server
def run(access: Access, uids: Uids, add: Flags = None, remove: Flags = None, as_json: Json = False) -> None:
    """Set flags with --add, take them away with --remove; without either, print those that the messages have."""
    from ... import Flags as FlagsItem

    on, off = ([flag_name(name) for name in names or ()] for names in (add, remove))
    if set(on) & set(off):
        raise UsageError(f"both --add and --remove {min(set(on) & set(off))}")
    with access.open(read_only=not (on or off)) as mailbox:
        query = present(mailbox, uids)
        if on or off:
            query.flag(on, off)
        elif not as_json:
            for message in query.fetch(FlagsItem):
                print(
                    f"{message.data.uid}: {words.one_line(' '.join(sorted(message.data.flags or ())))}".rstrip()
                )
        if as_json:
            for message in query.fetch(FlagsItem):
                words.print_json({"uid": message.data.uid, "flags": sorted(message.data.flags or ())})
        elif on or off:
            print(f"{words.count(query.count(), 'message')} changed")
