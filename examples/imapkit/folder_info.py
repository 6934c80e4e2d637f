"""Open a mailbox and print what the server tells about it."""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import Client


def lesson(client: Client, args: argparse.Namespace) -> None:
    box = client.select(args.mailbox, read_only=args.readonly)
    print(f"mailbox: {box.name}")
    print(f"messages: {box.exists}")
    print(f"access: {'read-only' if box.read_only else 'read-write'}")
    print(f"flags: {' '.join(sorted(box.flags))}")
    print(f"permanent flags: {' '.join(sorted(box.permanent_flags))}")
    print(f"UID validity: {box.uidvalidity}")
    print(f"next UID: {box.uidnext}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--readonly", action="store_true", help="EXAMINE instead of SELECT")
    run(lesson, options)
