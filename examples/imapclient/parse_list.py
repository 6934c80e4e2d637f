"""Parse the LIST responses: print name, delimiter and flags of every mailbox."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from connection import parser, run
from imapclient import IMAPClient


@dataclass(frozen=True)
class Folder:
    """One mailbox as LIST tells it."""

    name: str
    delimiter: str
    flags: tuple[str, ...]

    @property
    def selectable(self) -> bool:
        return not {"\\noselect", "\\nonexistent"} & {flag.lower() for flag in self.flags}


def list_folders(client: IMAPClient, pattern: str = "*") -> list[Folder]:
    """All mailboxes that match, sorted by name. IMAPClient has parsed the responses; flags come as bytes."""
    folders = [
        Folder(str(name), (delimiter or b"").decode(), tuple(flag.decode() for flag in flags))
        for flags, delimiter, name in client.list_folders(pattern=pattern)
    ]
    return sorted(folders, key=lambda folder: folder.name)


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    for folder in list_folders(client):
        print(folder.name, folder.delimiter, " ".join(sorted(folder.flags)), sep="\t")


if __name__ == "__main__":
    run(lesson, parser(__doc__))
