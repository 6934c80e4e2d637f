"""Delete messages for good: mark them with \\Deleted, then expunge."""

from __future__ import annotations

import argparse
import imaplib

from connection import ok, parser, run

from wire import has_capability, open_mailbox, search, uid_set


def delete(client: imaplib.IMAP4, uids: list[int]) -> None:
    """Remove exactly these messages from the open mailbox."""
    ok(client.uid("STORE", uid_set(uids), "+FLAGS.SILENT", r"(\Deleted)"))
    if has_capability(client, "UIDPLUS"):
        ok(client.uid("EXPUNGE", uid_set(uids)))
    else:
        ok(client.expunge())  # takes along whatever else was marked before


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    open_mailbox(client, args.mailbox, readonly=False)
    existing = set(search(client, "ALL"))
    wanted = [uid for uid in args.uids if uid in existing]
    if wanted:
        delete(client, wanted)
    print(f"deleted {len(wanted)}, {len(search(client, 'ALL'))} left in {args.mailbox}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox")
    options.add_argument("uids", type=int, nargs="+", metavar="UID")
    run(lesson, options)
