"""Connect, log in and list the mailboxes of the account."""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import Client


def lesson(client: Client, args: argparse.Namespace) -> None:
    for name in sorted(folder.name for folder in client.folders()):
        print(name)


if __name__ == "__main__":
    run(lesson, parser(__doc__))
