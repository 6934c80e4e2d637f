"""Search a mailbox by subject, by sender, or both."""

from __future__ import annotations

import argparse

from connection import parser, run
from imapclient import IMAPClient
from mime import header, parse, sender

FIELDS = "HEADER.FIELDS (FROM SUBJECT)"


def criteria(args: argparse.Namespace) -> list[str]:
    """The search keys; all have to match. IMAPClient quotes the texts."""
    keys = ["ALL"]
    if args.subject:
        keys += ["SUBJECT", args.subject]
    if args.sender:
        keys += ["FROM", args.sender]
    return keys


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    client.select_folder(args.mailbox, readonly=True)
    found = client.search(criteria(args), charset="UTF-8")
    for uid, data in sorted(client.fetch(found, f"BODY.PEEK[{FIELDS}]").items()):
        message = parse(data[f"BODY[{FIELDS}]".encode()])
        print(f"{uid}  {sender(message)}: {header(message, 'Subject')}")
    print(f"{len(found)} found")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--subject", help="text in the subject")
    options.add_argument("--sender", help="text in the name or address of the sender")
    run(lesson, options)
