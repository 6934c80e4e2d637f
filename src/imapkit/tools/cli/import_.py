"""``imapkit import``: Maildirs, mbox files and .eml files into a user's mailboxes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from .. import words
from ..formats.base import Format
from ..importing import Imported


def run(
    path: Annotated[
        Path, typer.Argument(help="A Maildir, an mbox or .eml file, or a directory with any of them.")
    ],
    data: Annotated[Path, typer.Option("--data", envvar="IMAPKIT_DATA", help="The server's data directory.")],
    user: Annotated[str, typer.Option(metavar="NAME", help="Whose mail it becomes.")],
    mailbox: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where to; sub-folders go below it. INBOX unless given."),
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Found out by looking unless given.")
    ] = None,
) -> int:
    """Put mail from files into mailboxes, with its flags and dates; also beside a running server.

    Sub-folders become mailboxes. Line ends become CRLF. Dates are the files' own in a Maildir, those of the From lines in an
    mbox, and the arrival that the Received field tells in .eml files. Run it again after an interruption: what is in the
    mailbox already, with the same octets and date, is not added twice. A file that cannot be read is named, and the
    others go on; the exit code is then 1.
    """
    done = asyncio.run(_import(path, data, user, mailbox, form))
    already = f", {done.present} were there already" if done.present else ""
    bad = f", {done.bad} could not be read" if done.bad else ""
    print(f"{words.count(done.added, 'message')} imported{already}{bad}")
    return 1 if done.bad else 0


async def _import(path: Path, data: Path, user: str, mailbox: str | None, form: Format | None) -> Imported:
    from ..accounts import need_user
    from ..data import open_data
    from ..formats.choose import reader
    from ..importing import Import
    from ..progress import OctetBar

    source = reader(path, form)
    async with open_data(data) as opened:
        row = need_user(opened.directory, user)
        account = await opened.store.open_account(row.account)
        try:
            with OctetBar("importing", source.total()) as bar:
                return await Import(account, bar, mailbox).run(source)
        finally:
            await account.release()
