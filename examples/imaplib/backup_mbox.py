"""Save the whole account into a directory, one mbox file for each mailbox."""

from __future__ import annotations

import argparse
import contextlib
import imaplib
import mailbox as mailboxes
import re
import time
from pathlib import Path
from typing import Any

from connection import ok, parser, run
from parse_list import list_folders

from wire import literals, open_mailbox, search

# The letters of mbox for the flags of IMAP, in the headers Status and X-Status.
STATUS = {"\\Seen": "R"}
X_STATUS = {"\\Answered": "A", "\\Flagged": "F", "\\Draft": "T", "\\Deleted": "D"}


def mbox_entry(raw: bytes, flags: set[str], arrived: time.struct_time) -> bytes:
    """The message as mbox keeps it: a From line with the date of arrival, flags as headers, then the bytes."""
    status = "".join(letter for flag, letter in STATUS.items() if flag in flags) + "O"
    x_status = "".join(letter for flag, letter in X_STATUS.items() if flag in flags)
    head = f"From MAILER-DAEMON {time.asctime(arrived)}\nStatus: {status}\n"
    if x_status:
        head += f"X-Status: {x_status}\n"
    return head.encode("ascii") + raw


def entries(client: imaplib.IMAP4, uid: int) -> list[bytes]:
    """The mbox entry of one message: none when it has been expunged meanwhile."""
    data: list[Any] = ok(client.uid("FETCH", str(uid), "(UID FLAGS INTERNALDATE BODY.PEEK[])"))
    around = b" ".join(item[0] if isinstance(item, tuple) else item or b"" for item in data)
    flags = {flag.decode() for flag in imaplib.ParseFlags(around)}
    arrived = imaplib.Internaldate2tuple(around) or time.localtime()
    return [mbox_entry(raw, flags, arrived) for _, raw in literals(data)]


def file_name(name: str) -> str:
    """A mailbox name as a file name: no slash, nothing that a file system takes amiss."""
    return re.sub(r"[^\w. -]", "_", name.replace("/", ".")) + ".mbox"


def backup(client: imaplib.IMAP4, name: str, path: Path) -> int:
    """Write one mailbox to a new mbox file; the number of its messages."""
    open_mailbox(client, name)
    path.unlink(missing_ok=True)
    with contextlib.closing(mailboxes.mbox(path)) as box:
        for uid in search(client, "ALL"):
            for entry in entries(client, uid):
                box.add(entry)  # converts the line ends and escapes lines that begin with "From "
        return len(box)


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    args.directory.mkdir(parents=True, exist_ok=True)
    for folder in list_folders(client):
        if folder.selectable:
            path = args.directory / file_name(folder.name)
            print(f"{folder.name}: {backup(client, folder.name, path)} messages in {path.name}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("directory", type=Path)
    run(lesson, options)
