"""``imapkit export``: a user's mailboxes as Maildir, mbox or .eml files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from .. import words
from ..exporting import Exported
from ..formats.base import Format


def run(
    path: Annotated[Path, typer.Argument(help="Where to: a directory, or a file for one mailbox as mbox.")],
    data: Annotated[Path, typer.Option("--data", envvar="IMAPKIT_DATA", help="The server's data directory.")],
    user: Annotated[str, typer.Option(metavar="NAME", help="Whose mail.")],
    mailbox: Annotated[
        str | None, typer.Option(metavar="NAME", help="This one alone; all unless given.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How the files look.")] = Format.MAILDIR,
) -> int:
    """Write mailboxes as files that other programs read; also beside a running server.

    A Maildir has the folders as Maildir++ (.Lists.astronomy) and keeps flags, keywords and dates. mbox keeps them too, one
    file a mailbox, in the mboxrd form. .eml files keep every octet and the date, and have no place for flags. Maildir
    and .eml may be run again: what is there already is not written twice.
    """
    done = asyncio.run(_export(path, data, user, mailbox, form))
    already = f", {done.present} were there already" if done.present else ""
    boxes = words.count(done.mailboxes, "mailbox", "mailboxes")
    print(f"{words.count(done.written, 'message')} of {boxes} exported{already}")
    return 0


async def _export(path: Path, data: Path, user: str, mailbox: str | None, form: Format) -> Exported:
    from .. import exporting
    from ..accounts import need_user
    from ..data import open_data
    from ..formats.choose import is_shortened, writer
    from ..progress import OctetBar

    async with open_data(data) as opened:
        row = need_user(opened.directory, user)
        account = await opened.store.open_account(row.account)
        try:
            names = exporting.chosen(account, mailbox)
            only = names[0] if mailbox is not None else None
            for name in names:
                if name != only and is_shortened(form, name):
                    words.complain(
                        f"the name of {name} is too long for a file: it is exported under a shorter one"
                    )
            with OctetBar("exporting", exporting.total(account, names)) as bar:
                return await exporting.export(account, names, writer(path, form, only), bar.advance)
        finally:
            await account.release()
