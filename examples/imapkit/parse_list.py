"""The LIST responses need no parsing: print name, delimiter and flags of every mailbox."""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import Client


def lesson(client: Client, args: argparse.Namespace) -> None:
    for folder in sorted(client.folders(), key=lambda folder: folder.name):
        print(folder.name, folder.delimiter, " ".join(sorted(folder.attributes)), sep="\t")


if __name__ == "__main__":
    run(lesson, parser(__doc__))
