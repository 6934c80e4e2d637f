"""Print the sender and the first words, or the MIME parts, of every message of a mailbox."""

from __future__ import annotations

import argparse

from connection import parser, run
from mail import leaves, one_line, sender

from imapkit import Client, Envelope, Message, Structure


def first_words(message: Message, width: int = 50) -> str:
    """The beginning of a plain text message; of any other the types of its parts. Only that text is downloaded."""
    if message.parts[0].type == "text/plain":
        return one_line(message.parts[0].text())[:width].rstrip()
    return "[" + ", ".join(part.type for part in leaves(message)) + "]"


def lesson(client: Client, args: argparse.Namespace) -> None:
    for message in client.examine(args.mailbox).all().fetch(Envelope, Structure):
        print(f"{message.uid}  {sender(message)}: {first_words(message)}".rstrip())


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    run(lesson, options)
