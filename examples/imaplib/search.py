"""Search a mailbox by subject, by sender, or both."""

from __future__ import annotations

import argparse
import imaplib

from connection import ok, parser, run
from mime import header, parse, sender

from wire import fetch_section, numbers, open_mailbox, quote, search


def search_text(client: imaplib.IMAP4, key: str, text: str) -> set[int]:
    """The UIDs of messages whose field *key* contains *text*.

    Text beyond ASCII has to travel as a literal. imaplib sends one per command, as the last argument.
    """
    if text.isascii():
        return set(search(client, key, quote(text)))
    client.literal = text.encode()  # type: ignore[assignment]
    return set(numbers(ok(client.uid("SEARCH", "CHARSET", "UTF-8", key))))


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    open_mailbox(client, args.mailbox)
    found = set(search(client, "ALL"))
    if args.subject:
        found &= search_text(client, "SUBJECT", args.subject)
    if args.sender:
        found &= search_text(client, "FROM", args.sender)
    for uid in sorted(found):
        message = parse(fetch_section(client, uid, "HEADER.FIELDS (FROM SUBJECT)"))
        print(f"{uid}  {sender(message)}: {header(message, 'Subject')}")
    print(f"{len(found)} found")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--subject", help="text in the subject")
    options.add_argument("--sender", help="text in the name or address of the sender")
    run(lesson, options)
