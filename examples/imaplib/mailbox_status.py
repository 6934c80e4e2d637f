"""Print how many messages each mailbox holds and how many are unread, without opening any (STATUS)."""

from __future__ import annotations

import argparse
import imaplib
import re
from typing import Any

from connection import ok, parser, run
from parse_list import list_folders

from wire import mailbox


def parse_status(data: list[Any]) -> dict[str, int]:
    """The numbers of a reply such as `"INBOX" (MESSAGES 3 UNSEEN 1)`; the name may be a literal of its own."""
    line = data[-1] if isinstance(data[-1], bytes) else data[-1][0]
    numbers = line[line.rindex(b"(") :]
    return {key.decode().upper(): int(value) for key, value in re.findall(rb"(\w+) (\d+)", numbers)}


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    for folder in list_folders(client):
        if folder.selectable:
            data = ok(client.status(mailbox(folder.name), "(MESSAGES UNSEEN UIDNEXT)"))
            status = parse_status(data)
            print(
                f"{folder.name}: {status['MESSAGES']} messages, {status['UNSEEN']} unread, "
                f"next UID {status['UIDNEXT']}"
            )


if __name__ == "__main__":
    run(lesson, parser(__doc__))
