"""``imapkit ls``: the mailboxes of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import NoSuchMailbox
from .. import words
from ..location import Access
from ..on_server import Json, on_server
from ..table import print_table

if TYPE_CHECKING:
    from imapkit import Client, Folder


@on_server
def run(
    access: Access,
    pattern: Annotated[
        str | None, typer.Argument(metavar="PATTERN", help="`*` is anything, `%` anything on one level.")
    ] = None,
    long: Annotated[bool, typer.Option("--long", "-l", help="Counts and sizes too.")] = False,
    as_json: Json = False,
) -> None:
    """List mailboxes: all, those below the mailbox of the URL, or those that match a pattern."""
    with access.session() as client:
        if pattern is None and access.mailbox is not None:
            folders = _below(client, access.mailbox, status=long or as_json)
        else:
            folders = client.folders(pattern or "*", status=long or as_json)
    if as_json:
        for folder in folders:
            words.print_json(_fields(folder))
    elif long:
        print_table(
            ("mailbox", "messages", "unseen", "size", "for"), map(_row, folders), numbers=frozenset({1, 2, 3})
        )
    else:
        for folder in folders:
            print(words.one_line(folder.name))


def _below(client: Client, name: str, *, status: bool) -> list[Folder]:
    """The mailbox itself and those below it; not those whose names only begin alike. Raises NoSuchMailbox."""
    there = client.folder("INBOX").delimiter
    found = client.folders(name, status=status)
    if there is not None:
        found += client.folders(f"{name}{there}*", status=status)
    if not found:
        raise NoSuchMailbox(f"there is no mailbox {name}")
    return found


def _row(folder: Folder) -> tuple[str, ...]:
    status = folder.status
    if status is None:
        why = folder.status_error or ("" if folder.selectable else "no mailbox")
        return folder.name, "", "", "", folder.role or (f"({why})" if why else "")
    counts = ("" if number is None else str(number) for number in (status.messages, status.unseen))
    size = "" if status.size is None else words.octets(status.size)
    return folder.name, *counts, size, folder.role or ""


def _fields(folder: Folder) -> dict[str, object]:
    found: dict[str, object] = {
        "name": folder.name,
        "delimiter": folder.delimiter,
        "attributes": folder.attributes,
        "role": folder.role,
        "selectable": folder.selectable,
    }
    if folder.status_error is not None:
        found["status_error"] = folder.status_error
    status = folder.status
    if status is not None:
        names = (
            "messages",
            "unseen",
            "recent",
            "deleted",
            "size",
            "uidnext",
            "uidvalidity",
            "highest_modseq",
        )
        found.update({name: value for name in names if (value := getattr(status, name)) is not None})
    return found
