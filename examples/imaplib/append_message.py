"""Write a message into a mailbox, as a mail program does with drafts."""

from __future__ import annotations

import argparse
import email.policy
import imaplib
import re
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from connection import ok, parser, run

from wire import mailbox


def compose(args: argparse.Namespace) -> EmailMessage:
    message = EmailMessage(policy=email.policy.SMTP)  # SMTP: lines end in CRLF, as IMAP wants them
    message["From"] = args.sender
    message["To"] = args.to
    message["Subject"] = args.subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="example.org")
    message.set_content(args.text)
    return message


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    data = ok(
        client.append(
            mailbox(args.mailbox),
            r"(\Draft \Seen)",
            imaplib.Time2Internaldate(time.time()),
            compose(args).as_bytes(),
        )
    )
    # A server with UIDPLUS tells where the message went: [APPENDUID validity uid]
    uid = re.search(rb"\[APPENDUID \d+ (\d+)\]", data[0])
    print(f"appended to {args.mailbox}" + (f" as UID {int(uid[1])}" if uid else ""))


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="Drafts")
    options.add_argument("--sender", default="ann@example.org")
    options.add_argument("--to", default="ben@example.org")
    options.add_argument("--subject", default="A note")
    options.add_argument("--text", default="Remember the owl.")
    run(lesson, options)
