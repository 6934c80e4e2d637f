"""``imapkit save``: messages, or what is attached to them, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...errors import UsageError
from .. import words
from ..location import Access
from ..on_server import AnySize, Json, Uids, on_server
from ..selecting import present


@on_server
def run(
    access: Access,
    uids: Uids,
    to: Annotated[Path, typer.Option(metavar="DIR", help="Where to; it is made if missing.")] = Path(),
    attachments: Annotated[bool, typer.Option("--attachments", help="What is attached, decoded.")] = False,
    part: Annotated[str | None, typer.Option(metavar="NUMBER", help="This part, decoded.")] = None,
    any_size: AnySize = False,
    as_json: Json = False,
) -> None:
    """Save messages as UID.eml, or their attachments under their own names, made safe; no file is overwritten.

    Prints the name of each file. What does not come whole is an error, and leaves no file.
    """
    from ... import Structure

    if attachments and part is not None:
        raise UsageError("--attachments and --part exclude each other")
    to.mkdir(parents=True, exist_ok=True)
    with access.open() as mailbox:
        found = present(mailbox, uids)
        for uid in found.uids():
            message = mailbox.message(uid, Structure)
            if message is None:
                continue
            paths: list[tuple[str | None, Path]]
            if attachments:
                paths = [
                    (one.number, one.save(to, check_size=not any_size)) for one in message.find_attachments()
                ]
            elif part is not None:
                paths = [(part, message.part(part).save(to, check_size=not any_size))]
            else:
                paths = [(None, message.save(to, check_size=not any_size))]
            for number, path in paths:
                if as_json:
                    words.print_json(
                        {"uid": uid, "part": number, "path": str(path), "size": path.stat().st_size}
                    )
                else:
                    print(words.one_line(str(path)))
