"""Archive read mail: create the archive, copy what was read into it, delete the originals."""

from __future__ import annotations

import argparse

from connection import parser, run
from delete_messages import delete
from imapclient import IMAPClient


def ensure_mailbox(client: IMAPClient, name: str) -> None:
    """Create the mailbox unless it exists, and subscribe, so that mail programs show it."""
    if not client.folder_exists(name):
        client.create_folder(name)
        client.subscribe_folder(name)
        print(f"created {name}")


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    ensure_mailbox(client, args.archive)
    client.select_folder(args.mailbox)
    read = client.search(["SEEN", "UNDELETED", "UNFLAGGED"])
    if read:
        # COPY is all or nothing: only after its OK are the originals deleted.
        client.copy(read, args.archive)
        delete(client, read)
    print(f"archived {len(read)} from {args.mailbox} to {args.archive}, {len(client.search('ALL'))} left")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--archive", default="Archive/Read", help="where to put read mail")
    run(lesson, options)
