"""Archive read mail: create the archive, move what was read into it."""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import Client, MailboxExists


def ensure_mailbox(client: Client, name: str) -> None:
    """Create the mailbox unless it exists, and subscribe, so that mail programs show it."""
    try:
        client.create(name)
    except MailboxExists:
        return
    client.subscribe(name)
    print(f"created {name}")


def lesson(client: Client, args: argparse.Namespace) -> None:
    ensure_mailbox(client, args.archive)
    box = client.select(args.mailbox)
    read = box.search(seen=True, deleted=False, flagged=False).uids()
    # By MOVE; where the server has none, by a copy that must succeed before these messages, and no others, are removed.
    box.uids(read).move(args.archive)
    print(f"archived {len(read)} from {args.mailbox} to {args.archive}, {box.all().count()} left")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--archive", default="Archive/Read", help="where to put read mail")
    run(lesson, options)
