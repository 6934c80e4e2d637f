"""Fetch the flags of all messages in one go, then the text of one message."""

from __future__ import annotations

import argparse
import imaplib
import re

from connection import ok, parser, run
from mime import parse, text_of

from wire import fetch_section, open_mailbox


def fetch_flags(client: imaplib.IMAP4) -> dict[int, list[str]]:
    """UID and sorted flags of every message; \\Recent is the session's own affair and left out."""
    flags: dict[int, list[str]] = {}
    for line in ok(client.uid("FETCH", "1:*", "(UID FLAGS)")):
        uid = re.search(rb"UID (\d+)", line or b"")
        if uid:
            names = {flag.decode() for flag in imaplib.ParseFlags(line)}
            flags[int(uid[1])] = sorted(names - {"\\Recent"})
    return flags


def print_text(client: imaplib.IMAP4, uid: int) -> None:
    """Print the text of one message, plain if there is a plain version."""
    message = parse(fetch_section(client, uid))
    body = message.get_body(("plain", "html"))
    print(f"--- {uid}")
    print(text_of(body).strip() if body is not None else "(no text)")


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    open_mailbox(client, args.mailbox)
    flags = fetch_flags(client)
    for uid, names in sorted(flags.items()):
        print(f"{uid}: {' '.join(names) or '(none)'}")
    if args.uid is not None:
        if args.uid not in flags:
            raise imaplib.IMAP4.error(f"no message with UID {args.uid} in {args.mailbox}")
        print_text(client, args.uid)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--uid", type=int, help="the message to print")
    run(lesson, options)
