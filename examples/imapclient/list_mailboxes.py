"""Connect, log in and list the mailboxes of the account."""

from __future__ import annotations

import argparse

from connection import parser, run
from imapclient import IMAPClient


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    for name in sorted(name for _flags, _delimiter, name in client.list_folders()):
        print(name)


if __name__ == "__main__":
    run(lesson, parser(__doc__))
