"""Fetch the flags of all messages in one go, then the text of one message."""

from __future__ import annotations

import argparse

from connection import parser, run
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from mime import parse, text_of


def fetch_flags(client: IMAPClient) -> dict[int, list[str]]:
    """UID and sorted flags of every message; \\Recent is the session's own affair and left out."""
    data = client.fetch(client.search("ALL"), "FLAGS")
    return {
        uid: sorted({flag.decode() for flag in item[b"FLAGS"]} - {"\\Recent"}) for uid, item in data.items()
    }


def print_text(client: IMAPClient, uid: int) -> None:
    """Print the text of one message, plain if there is a plain version."""
    message = parse(client.fetch(uid, "BODY.PEEK[]")[uid][b"BODY[]"])
    body = message.get_body(("plain", "html"))
    print(f"--- {uid}")
    print(text_of(body).strip() if body is not None else "(no text)")


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    client.select_folder(args.mailbox, readonly=True)
    flags = fetch_flags(client)
    for uid, names in sorted(flags.items()):
        print(f"{uid}: {' '.join(names) or '(none)'}")
    if args.uid is not None:
        if args.uid not in flags:
            raise IMAPClientError(f"no message with UID {args.uid} in {args.mailbox}")
        print_text(client, args.uid)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--uid", type=int, help="the message to print")
    run(lesson, options)
