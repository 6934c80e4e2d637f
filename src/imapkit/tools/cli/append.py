"""``imapkit append``: messages from files into a mailbox."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import ImapError, NoSuchMailbox, UsageError
from .. import words
from ..location import Access
from ..on_server import Json, on_server
from ..transfer import missing_target

if TYPE_CHECKING:
    from imapkit import Client


@on_server
def run(
    access: Access,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="One message each; - is standard input.")
    ],
    flag: Annotated[
        list[str] | None, typer.Option(metavar="FLAG", help="Like seen or Work; may be repeated.")
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
            help="Of arrival; now unless given.",
        ),
    ] = None,
    create: Annotated[bool, typer.Option("--create", help="Make the mailbox if it is missing.")] = False,
    as_json: Json = False,
) -> int:
    """Put messages into the mailbox of the URL. Line ends become CRLF. Prints the new UIDs where the server tells them.

    A file that cannot be put there is named, and the others go on; the exit code is then 1.
    """  # fmt: skip
    from ..flagging import flag_name

    flags = [flag_name(name) for name in flag or ()]
    moment = date.astimezone() if date is not None and date.tzinfo is None else date
    mailbox = access.mailbox or "INBOX"
    failed = 0
    with access.session() as client:
        if create:
            _ensure(client, mailbox)
        for path in files:
            source = sys.stdin.buffer.read() if str(path) == "-" else path
            try:
                uid = client.append(mailbox, source, flags=flags, date=moment)
            except NoSuchMailbox as error:
                raise missing_target(error, mailbox) from None
            except (UsageError, ImapError) as error:
                if client.connection.closed:
                    raise
                failed += 1
                words.complain(str(error) if str(path) in str(error) else f"{path}: {error}")
                continue
            if as_json:
                words.print_json({"file": str(path), "mailbox": mailbox, "uid": uid})
            elif uid is not None:
                print(uid)
    return 1 if failed else 0


def _ensure(client: Client, mailbox: str) -> None:
    if not client.folders(mailbox):
        client.create(mailbox)
