"""Search a mailbox by subject, by sender, or both."""

from __future__ import annotations

import argparse

from connection import parser, run
from mail import one_line, sender

from imapkit import ALL, FROM, SUBJECT, Client, Envelope


def lesson(client: Client, args: argparse.Namespace) -> None:
    wanted = ALL
    if args.subject:
        wanted = wanted & SUBJECT(args.subject)
    if args.sender:
        wanted = wanted & FROM(args.sender)
    found = 0
    for message in client.examine(args.mailbox).search(wanted).fetch(Envelope):
        print(f"{message.uid}  {sender(message)}: {one_line(message.subject)}")
        found += 1
    print(f"{found} found")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--subject", help="text in the subject")
    options.add_argument("--sender", help="text in the name or address of the sender")
    run(lesson, options)
