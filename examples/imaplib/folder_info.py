"""Open a mailbox and print what the server tells about it."""

from __future__ import annotations

import argparse
import imaplib

from connection import parser, run

from wire import open_mailbox


def untagged(client: imaplib.IMAP4, name: str) -> str:
    """The last untagged response or response code of that name since SELECT, as text."""
    _, data = client.response(name)
    return data[-1].decode() if data and data[-1] is not None else ""


def flag_list(text: str) -> str:
    """The flags between the parentheses, sorted: servers give them in any order."""
    return " ".join(sorted(text.strip("()").split()))


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    messages = open_mailbox(client, args.mailbox, readonly=args.readonly)
    print(f"mailbox: {args.mailbox}")
    print(f"messages: {messages}")
    print(f"access: {'read-only' if client.is_readonly else 'read-write'}")
    print(f"flags: {flag_list(untagged(client, 'FLAGS'))}")
    print(f"permanent flags: {flag_list(untagged(client, 'PERMANENTFLAGS'))}")
    print(f"UID validity: {untagged(client, 'UIDVALIDITY')}")
    print(f"next UID: {untagged(client, 'UIDNEXT')}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--readonly", action="store_true", help="EXAMINE instead of SELECT")
    run(lesson, options)
