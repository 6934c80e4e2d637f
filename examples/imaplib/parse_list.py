"""Parse the LIST responses: print name, delimiter and flags of every mailbox."""

from __future__ import annotations

import argparse
import imaplib
import re
from dataclasses import dataclass
from typing import Any

from connection import ok, parser, run

from wire import decode_mailbox, mailbox

# (\HasNoChildren \Sent) "/" "Sent"
LIST_RESPONSE = re.compile(r'\((?P<flags>[^)]*)\) (?:"(?P<delimiter>\\?.)"|NIL) (?P<name>.*)', re.DOTALL)


@dataclass(frozen=True)
class Folder:
    """One mailbox as LIST tells it."""

    name: str
    delimiter: str
    flags: tuple[str, ...]

    @property
    def selectable(self) -> bool:
        return not {"\\noselect", "\\nonexistent"} & {flag.lower() for flag in self.flags}


def parse_list_response(item: bytes | tuple[bytes, bytes]) -> Folder:
    """One response. A name with odd characters may come as a literal, which imaplib gives as a pair."""
    literal = item[1].decode() if isinstance(item, tuple) else None
    line = (item[0] if isinstance(item, tuple) else item).decode()
    match = LIST_RESPONSE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a LIST response: {line!r}")
    name = literal if literal is not None else match["name"]
    if literal is None and name.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    delimiter = (match["delimiter"] or "")[-1:]
    return Folder(decode_mailbox(name), delimiter, tuple(match["flags"].split()))


def list_folders(client: imaplib.IMAP4, pattern: str = "*") -> list[Folder]:
    """All mailboxes that match, sorted by name."""
    data: list[Any] = ok(client.list('""', mailbox(pattern)))
    # None stands for "no mailbox", and b"" for the empty rest of the line behind a literal.
    return sorted((parse_list_response(item) for item in data if item), key=lambda folder: folder.name)


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    for folder in list_folders(client):
        print(folder.name, folder.delimiter, " ".join(sorted(folder.flags)), sep="\t")


if __name__ == "__main__":
    run(lesson, parser(__doc__))
