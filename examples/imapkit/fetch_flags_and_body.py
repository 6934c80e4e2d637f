"""Fetch the flags of all messages in one go, then the text of one message."""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import Client, Flags, Mailbox, Structure, UsageError


def print_text(box: Mailbox, uid: int) -> None:
    """Print the text of one message, plain if there is a plain version."""
    message = box.message(uid, Structure)
    if message is None:
        raise UsageError(f"no message with UID {uid} in {box.name}")
    texts = {part.type: part for part in reversed(message.parts) if part.disposition != "attachment"}
    text = texts.get("text/plain") or texts.get("text/html")
    print(f"--- {uid}")
    print(text.text().strip() if text else "(no text)")


def lesson(client: Client, args: argparse.Namespace) -> None:
    box = client.examine(args.mailbox)
    for message in box.all().fetch(Flags):
        flags = sorted(message.flags - {"\\Recent"})  # the session's own affair
        print(f"{message.uid}: {' '.join(flags) or '(none)'}")
    if args.uid is not None:
        print_text(box, args.uid)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--uid", type=int, help="the message to print")
    run(lesson, options)
