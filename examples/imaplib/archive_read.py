"""Archive read mail: create the archive, copy what was read into it, delete the originals."""

from __future__ import annotations

import argparse
import imaplib

from connection import ok, parser, run
from delete_messages import delete
from parse_list import list_folders

from wire import mailbox, open_mailbox, search, uid_set


def ensure_mailbox(client: imaplib.IMAP4, name: str) -> None:
    """Create the mailbox unless it exists, and subscribe, so that mail programs show it."""
    if name not in {folder.name for folder in list_folders(client)}:
        ok(client.create(mailbox(name)))
        ok(client.subscribe(mailbox(name)))
        print(f"created {name}")


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    ensure_mailbox(client, args.archive)
    open_mailbox(client, args.mailbox, readonly=False)
    read = search(client, "SEEN", "UNDELETED", "UNFLAGGED")
    if read:
        # COPY is all or nothing: only after its OK are the originals deleted.
        ok(client.uid("COPY", uid_set(read), mailbox(args.archive)))
        delete(client, read)
    print(f"archived {len(read)} from {args.mailbox} to {args.archive}, {len(search(client, 'ALL'))} left")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--archive", default="Archive/Read", help="where to put read mail")
    run(lesson, options)
