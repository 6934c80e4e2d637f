"""Connect, log in and list the mailboxes of the account."""

from __future__ import annotations

import argparse
import imaplib

from connection import parser, run
from parse_list import list_folders


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    for folder in list_folders(client):
        print(folder.name)


if __name__ == "__main__":
    run(lesson, parser(__doc__))
