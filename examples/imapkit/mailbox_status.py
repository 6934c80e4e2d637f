"""Print how many messages each mailbox holds and how many are unread, without opening any (STATUS)."""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import Client


def lesson(client: Client, args: argparse.Namespace) -> None:
    for folder in sorted(client.folders(status=True), key=lambda folder: folder.name):
        if folder.status is not None:
            count = folder.status
            print(
                f"{folder.name}: {count.messages} messages, {count.unseen} unread, next UID {count.uidnext}"
            )


if __name__ == "__main__":
    run(lesson, parser(__doc__))
