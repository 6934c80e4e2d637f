"""Delete messages for good: mark them with \\Deleted, then expunge."""

from __future__ import annotations

import argparse

from connection import parser, run
from imapclient import IMAPClient


def delete(client: IMAPClient, uids: list[int]) -> None:
    """Remove exactly these messages from the open mailbox."""
    client.delete_messages(uids, silent=True)
    if client.has_capability("UIDPLUS"):
        client.uid_expunge(uids)
    else:
        client.expunge()  # takes along whatever else was marked before


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    client.select_folder(args.mailbox)
    existing = set(client.search("ALL"))
    wanted = [uid for uid in args.uids if uid in existing]
    if wanted:
        delete(client, wanted)
    print(f"deleted {len(wanted)}, {len(client.search('ALL'))} left in {args.mailbox}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox")
    options.add_argument("uids", type=int, nargs="+", metavar="UID")
    run(lesson, options)
