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

from connection import parser, run
from mail import leaves, one_line, sender

from imapkit import Client, Envelope, HeaderFields, Message, Structure

PAGE = 10


class Browser(cmd.Cmd):
    """The conversation: which folders and messages there are, and how far they were shown."""

    prompt = "> "
    use_rawinput = False

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.folders = sorted(folder.name for folder in client.folders() if folder.selectable)
        self.uids: list[int] = []
        self.shown = 0

    def message(self, number: str) -> Message:
        """The message the user means, with its header and its structure; nothing else is downloaded."""
        box = self.client.selected
        uid = self.uids[index(number, len(self.uids))]
        found = box.message(uid, HeaderFields("From", "To", "Subject", "Date"), Structure) if box else None
        if found is None:
            raise ValueError(f"message {number} is gone")
        return found

    def do_list(self, argument: str) -> None:
        """list: the folders, numbered"""
        for number, name in enumerate(self.folders, 1):
            print(f"{number}  {name}")

    def do_open(self, argument: str) -> None:
        """open N: open folder N and list its first messages"""
        box = self.client.examine(self.folders[index(argument, len(self.folders))])
        self.uids = box.all().uids()
        self.shown = 0
        print(f"{box.name}: {len(self.uids)} messages")
        self.do_next("")

    def do_next(self, argument: str) -> None:
        """next: the next messages"""
        page = self.uids[self.shown : self.shown + PAGE]
        if not page or self.client.selected is None:
            print("no more messages")
            return
        for message in self.client.selected.fetch(page, Envelope):
            self.shown += 1
            print(f"{self.shown}  {sender(message)}: {one_line(message.subject)}")

    def do_show(self, argument: str) -> None:
        """show N: sender, subject, date and parts of message N"""
        message = self.message(argument)
        for name in ("From", "To", "Subject", "Date"):
            print(f"{name}: {one_line(message.header(name))}")
        for part in leaves(message):
            print(f"{part.number}  {part.type}  {one_line(part.filename)}".rstrip())

    def do_part(self, argument: str) -> None:
        """part N.M: the text of part M of message N, such as 3.1 or 3.2.1"""
        number, _, section = argument.partition(".")
        part = {part.number: part for part in leaves(self.message(number))}.get(section)
        if part is None:
            raise ValueError(f"message {number} has no part {section or '(which one?)'}")
        print(part.text().strip() if part.type.startswith("text/") else f"({part.type})")

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


def lesson(client: Client, args: argparse.Namespace) -> None:
    Browser(client).cmdloop()


if __name__ == "__main__":
    run(lesson, parser(__doc__))
