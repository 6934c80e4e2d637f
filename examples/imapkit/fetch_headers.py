"""Print sender, subject and date of the newest messages; nothing that is fetched marks a message read."""

from __future__ import annotations

import argparse

from connection import parser, run
from mail import one_line, sender

from imapkit import Client, Envelope, HeaderFields


def lesson(client: Client, args: argparse.Namespace) -> None:
    box = client.select(args.mailbox)
    unread = box.search(seen=False)
    before = unread.count()
    newest = box.all().uids()[-args.count :]
    for message in box.fetch(newest, Envelope, HeaderFields("Date")):
        date = one_line(message.header("Date"))
        print(f"{message.uid}  {date}  {sender(message)}: {one_line(message.subject)}")
    print(f"unread before {before}, after {unread.count()}")  # the query searches anew each time


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--count", type=int, default=10)
    run(lesson, options)
