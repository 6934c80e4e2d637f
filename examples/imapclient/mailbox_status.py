"""Print how many messages each mailbox holds and how many are unread, without opening any (STATUS)."""

from __future__ import annotations

import argparse

from connection import parser, run
from imapclient import IMAPClient
from parse_list import list_folders


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    for folder in list_folders(client):
        if folder.selectable:
            status = client.folder_status(folder.name, ["MESSAGES", "UNSEEN", "UIDNEXT"])
            print(
                f"{folder.name}: {status[b'MESSAGES']} messages, {status[b'UNSEEN']} unread, "
                f"next UID {status[b'UIDNEXT']}"
            )


if __name__ == "__main__":
    run(lesson, parser(__doc__))
