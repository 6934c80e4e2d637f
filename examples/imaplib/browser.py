"""Browse folders, messages and parts. Commands, one a line:

list        the folders, numbered
open N      open folder N and list its first messages
next        the next messages
show N      sender, subject, date and parts of message N
part N.M    the text of part M of message N, such as `part 3.1` or `part 3.2.1`
quit        leave
"""

from __future__ import annotations

import argparse
import cmd
import imaplib

from connection import parser, run
from mime import header, parse, parts, printable, sender, text_of
from parse_list import list_folders

from wire import fetch_section, open_mailbox, search

PAGE = 10


class Browser(cmd.Cmd):
    """The conversation: which folders and messages there are, and how far they were shown."""

    prompt = "> "
    use_rawinput = False

    def __init__(self, client: imaplib.IMAP4) -> None:
        super().__init__()
        self.client = client
        self.folders = [folder.name for folder in list_folders(client) if folder.selectable]
        self.uids: list[int] = []
        self.shown = 0

    def do_list(self, argument: str) -> None:
        """list: the folders, numbered"""
        for number, name in enumerate(self.folders, 1):
            print(f"{number}  {name}")

    def do_open(self, argument: str) -> None:
        """open N: open folder N and list its first messages"""
        name = self.folders[index(argument, len(self.folders))]
        open_mailbox(self.client, name)
        self.uids = search(self.client, "ALL")
        self.shown = 0
        print(f"{name}: {len(self.uids)} messages")
        self.do_next("")

    def do_next(self, argument: str) -> None:
        """next: the next messages"""
        page = self.uids[self.shown : self.shown + PAGE]
        if not page:
            print("no more messages")
        for uid in page:
            self.shown += 1
            message = parse(fetch_section(self.client, uid, "HEADER.FIELDS (FROM SUBJECT)"))
            print(f"{self.shown}  {sender(message)}: {header(message, 'Subject')}")

    def do_show(self, argument: str) -> None:
        """show N: sender, subject, date and parts of message N"""
        uid = self.uids[index(argument, len(self.uids))]
        message = parse(fetch_section(self.client, uid))
        for name in ("From", "To", "Subject", "Date"):
            print(f"{name}: {header(message, name)}")
        for section, part in parts(message):
            print(f"{section}  {part.get_content_type()}  {printable(part.get_filename(''))}".rstrip())

    def do_part(self, argument: str) -> None:
        """part N.M: the text of part M of message N, such as 3.1 or 3.2.1"""
        number, _, section = argument.partition(".")
        uid = self.uids[index(number, len(self.uids))]
        part = dict(parts(parse(fetch_section(self.client, uid)))).get(section)
        if part is None:
            raise ValueError(f"message {number} has no part {section or '(which one?)'}")
        print(
            text_of(part).strip() if part.get_content_maintype() == "text" else f"({part.get_content_type()})"
        )

    def do_quit(self, argument: str) -> bool:
        """quit: leave"""
        return True

    do_EOF = do_quit

    def emptyline(self) -> bool:
        return False  # and not the last command once more

    def onecmd(self, line: str) -> bool:
        try:
            return bool(super().onecmd(line))
        except ValueError as error:  # a number that is none, or out of range
            print(error)
            return False


def index(number: str, count: int) -> int:
    """The place in a list of *count* items that the user means by a number counted from 1."""
    if not number.isdecimal() or not 1 <= int(number) <= count:
        raise ValueError(f"there is no {number or 'such item'} here")
    return int(number) - 1


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    Browser(client).cmdloop()


if __name__ == "__main__":
    run(lesson, parser(__doc__))
