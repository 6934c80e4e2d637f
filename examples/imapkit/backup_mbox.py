"""Save the whole account into a directory, one mbox file for each mailbox."""

from __future__ import annotations

import argparse
import contextlib
import mailbox as mailboxes
import re
from pathlib import Path

from connection import parser, run

from imapkit import Body, Client, Flags, InternalDate, Message

# The letters of mbox for the flags of IMAP, in the headers Status and X-Status.
STATUS = {"\\Seen": "R"}
X_STATUS = {"\\Answered": "A", "\\Flagged": "F", "\\Draft": "T", "\\Deleted": "D"}


def mbox_entry(message: Message) -> bytes:
    """The message as mbox keeps it: a From line with the date of arrival, flags as headers, then the bytes."""
    status = "".join(letter for flag, letter in STATUS.items() if flag in message.flags) + "O"
    x_status = "".join(letter for flag, letter in X_STATUS.items() if flag in message.flags)
    arrived = message.internaldate.ctime() if message.internaldate else "Thu Jan  1 00:00:00 1970"
    head = f"From MAILER-DAEMON {arrived}\nStatus: {status}\n"
    if x_status:
        head += f"X-Status: {x_status}\n"
    return head.encode("ascii") + message.raw


def file_name(name: str) -> str:
    """A mailbox name as a file name: no slash, nothing that a file system takes amiss."""
    return re.sub(r"[^\w. -]", "_", name.replace("/", ".")) + ".mbox"


def backup(client: Client, name: str, path: Path) -> int:
    """Write one mailbox to a new mbox file; the number of its messages."""
    path.unlink(missing_ok=True)
    with contextlib.closing(mailboxes.mbox(path)) as box:
        for message in client.examine(name).all().fetch(Flags, InternalDate, Body):
            # add() converts the line ends and escapes lines that begin with "From "
            box.add(mbox_entry(message))
        return len(box)


def lesson(client: Client, args: argparse.Namespace) -> None:
    args.directory.mkdir(parents=True, exist_ok=True)
    for folder in sorted(client.folders(), key=lambda folder: folder.name):
        if folder.selectable:
            path = args.directory / file_name(folder.name)
            print(f"{folder.name}: {backup(client, folder.name, path)} messages in {path.name}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("directory", type=Path)
    run(lesson, options)
