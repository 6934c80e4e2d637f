"""Save the whole account into a directory, one mbox file for each mailbox."""

from __future__ import annotations

import argparse
import contextlib
import mailbox as mailboxes
import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from connection import parser, run
from imapclient import IMAPClient
from parse_list import list_folders

# The letters of mbox for the flags of IMAP, in the headers Status and X-Status.
STATUS = {b"\\Seen": "R"}
X_STATUS = {b"\\Answered": "A", b"\\Flagged": "F", b"\\Draft": "T", b"\\Deleted": "D"}


def mbox_entry(raw: bytes, flags: Collection[bytes], arrived: datetime) -> bytes:
    """The message as mbox keeps it: a From line with the date of arrival, flags as headers, then the bytes."""
    status = "".join(letter for flag, letter in STATUS.items() if flag in flags) + "O"
    x_status = "".join(letter for flag, letter in X_STATUS.items() if flag in flags)
    head = f"From MAILER-DAEMON {arrived.ctime()}\nStatus: {status}\n"
    if x_status:
        head += f"X-Status: {x_status}\n"
    return head.encode("ascii") + raw


def file_name(name: str) -> str:
    """A mailbox name as a file name: no slash, nothing that a file system takes amiss."""
    return re.sub(r"[^\w. -]", "_", name.replace("/", ".")) + ".mbox"


def backup(client: IMAPClient, name: str, path: Path) -> int:
    """Write one mailbox to a new mbox file; the number of its messages."""
    client.select_folder(name, readonly=True)
    path.unlink(missing_ok=True)
    with contextlib.closing(mailboxes.mbox(path)) as box:
        for uid in client.search("ALL"):
            # One at a time; empty when the message has been expunged meanwhile.
            for item in client.fetch(uid, ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"]).values():
                # add() converts the line ends and escapes lines that begin with "From "
                box.add(mbox_entry(item[b"BODY[]"], item[b"FLAGS"], item[b"INTERNALDATE"]))
        return len(box)


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    args.directory.mkdir(parents=True, exist_ok=True)
    for folder in list_folders(client):
        if folder.selectable:
            path = args.directory / file_name(folder.name)
            print(f"{folder.name}: {backup(client, folder.name, path)} messages in {path.name}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("directory", type=Path)
    run(lesson, options)
