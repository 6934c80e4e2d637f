"""Write a message into a mailbox, as a mail program does with drafts."""

from __future__ import annotations

import argparse
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from connection import parser, run

from imapkit import Client


def compose(args: argparse.Namespace) -> EmailMessage:
    message = EmailMessage()
    message["From"] = args.sender
    message["To"] = args.to
    message["Subject"] = args.subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="example.org")
    message.set_content(args.text)
    return message


def lesson(client: Client, args: argparse.Namespace) -> None:
    uid = client.append(args.mailbox, compose(args), flags=["\\Draft", "\\Seen"])
    print(f"appended to {args.mailbox}" + (f" as UID {uid}" if uid is not None else ""))


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="Drafts")
    options.add_argument("--sender", default="ann@example.org")
    options.add_argument("--to", default="ben@example.org")
    options.add_argument("--subject", default="A note")
    options.add_argument("--text", default="Remember the owl.")
    run(lesson, options)
