"""Print sender, subject and date of the newest messages without marking them read (BODY.PEEK)."""

from __future__ import annotations

import argparse

from connection import parser, run
from imapclient import IMAPClient
from mime import header, parse, sender

FIELDS = "HEADER.FIELDS (FROM SUBJECT DATE)"


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    # Opened for writing on purpose: BODY[...] without PEEK would set \Seen here.
    client.select_folder(args.mailbox)
    unread = len(client.search("UNSEEN"))
    newest = sorted(client.search("ALL"))[-args.count :]
    for uid, data in sorted(client.fetch(newest, f"BODY.PEEK[{FIELDS}]").items()):
        message = parse(data[f"BODY[{FIELDS}]".encode()])
        print(f"{uid}  {header(message, 'Date')}  {sender(message)}: {header(message, 'Subject')}")
    print(f"unread before {unread}, after {len(client.search('UNSEEN'))}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--count", type=int, default=10)
    run(lesson, options)
