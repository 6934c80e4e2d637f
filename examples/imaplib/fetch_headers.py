"""Print sender, subject and date of the newest messages without marking them read (BODY.PEEK)."""

from __future__ import annotations

import argparse
import imaplib

from connection import ok, parser, run
from mime import header, parse, sender

from wire import literals, open_mailbox, search, uid_set

FIELDS = "HEADER.FIELDS (FROM SUBJECT DATE)"


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    # Opened for writing on purpose: BODY[...] without PEEK would set \Seen here.
    open_mailbox(client, args.mailbox, readonly=False)
    unread = len(search(client, "UNSEEN"))
    newest = search(client, "ALL")[-args.count :]
    if newest:
        data = ok(client.uid("FETCH", uid_set(newest), f"(UID BODY.PEEK[{FIELDS}])"))
        for uid, raw in sorted(literals(data)):
            message = parse(raw)
            print(f"{uid}  {header(message, 'Date')}  {sender(message)}: {header(message, 'Subject')}")
    print(f"unread before {unread}, after {len(search(client, 'UNSEEN'))}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--count", type=int, default=10)
    run(lesson, options)
