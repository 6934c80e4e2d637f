"""Print the sender and the first words, or the MIME parts, of every message of a mailbox."""

from __future__ import annotations

import argparse
import imaplib
from email.message import EmailMessage

from connection import parser, run
from mime import parse, parts, sender, text_of

from wire import fetch_section, open_mailbox, search


def first_words(message: EmailMessage, width: int = 50) -> str:
    """The beginning of a plain text message; of any other the types of its parts."""
    if message.get_content_type() == "text/plain":
        return " ".join(text_of(message).split())[:width].rstrip()
    return "[" + ", ".join(part.get_content_type() for _, part in parts(message)) + "]"


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    open_mailbox(client, args.mailbox)
    for uid in search(client, "ALL"):
        message = parse(fetch_section(client, uid))  # one at a time: a mailbox may be larger than the memory
        print(f"{uid}  {sender(message)}: {first_words(message)}".rstrip())


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    run(lesson, options)
