"""A client that changes mail over the wire, and knows at every moment what a server may hold after it was killed.

Each client has messages of its own, named in their subjects, in mailboxes it shares with others. One command is under way at a time: if
the server dies, that command happened whole or not at all, and everything before it happened.
"""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

MAILBOXES = ("INBOX", "Archive")
KEYWORDS = ("red", "green", "blue")

State = dict[str, "Place"]
"""Messages by name."""


@dataclass(frozen=True)
class Place:
    """Where a message is. ``uid`` None: not told (yet)."""

    mailbox: str
    uid: int | None
    flags: frozenset[str]

    def fits(self, found: Place) -> bool:
        return self.mailbox == found.mailbox and self.flags == found.flags and self.uid in (None, found.uid)


class Gone(Exception):
    """The server does not answer any more."""


class Link:
    """Commands over one socket."""

    def __init__(self, port: int, name: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")
        self.count = 0
        try:
            self._line()
            self.command(f"LOGIN {name} secret".encode())
            self.command(b"ENABLE CONDSTORE")
        except Gone:
            self.close()
            raise

    def command(self, text: bytes) -> list[bytes]:
        """All lines of the answer. Raises Gone, AssertionError when it is not OK."""
        self.count += 1
        tag = b"t%d " % self.count
        try:
            self.socket.sendall(tag + text + b"\r\n")
        except OSError as error:
            raise Gone from error
        lines = [self._line()]
        while not lines[-1].startswith(tag):
            lines.append(self._line())
        assert lines[-1].startswith(tag + b"OK"), lines
        return lines

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def _line(self) -> bytes:
        try:
            line = self.file.readline()
        except OSError as error:
            raise Gone from error
        if not line.endswith(b"\n"):
            raise Gone
        return line


class Load:
    """One client. ``sure`` holds what was answered OK; ``maybe`` what there is if the command under way happened too."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self.sure: State = {}
        self.maybe: State | None = None
        self.stored_at: list[int] = []
        """A MODSEQ of each STORE that changed something."""
        self.done = 0
        self._chance = chance
        self._made = 0
        self._selected = ""

    def run(self, port: int) -> None:
        """Change mail until the server is gone."""
        self._selected = ""
        try:
            link = Link(port, "ann")
        except (Gone, OSError):
            return
        try:
            while True:
                self._step(link)
                self.done += 1
        except Gone:
            return
        finally:
            link.close()

    def _step(self, link: Link) -> None:
        kind = self._chance.choices(("append", "store", "move", "expunge"), (5, 3, 2, 1))[0]
        mailbox = self._chance.choice(MAILBOXES)
        mine = [name for name, place in self.sure.items() if place.mailbox == mailbox and place.uid]
        if kind == "append" or not mine:
            self._append(link, mailbox)
            return
        chosen = self._chance.sample(mine, self._chance.randint(1, min(5, len(mine))))
        if self._selected != mailbox:
            link.command(f"SELECT {mailbox}".encode())
            self._selected = mailbox
        {"store": self._store, "move": self._move, "expunge": self._expunge}[kind](link, chosen)

    def _append(self, link: Link, mailbox: str) -> None:
        self._made += 1
        name = f"{self.name}-{self._made}"
        size = self._chance.choice((10, 2_000, 100_000))
        body = f"Subject: {name}\r\n\r\n".encode() + b"x" * size + b"\r\n"
        place = Place(mailbox, None, frozenset({"\\Seen"}))
        self.maybe = self.sure | {name: place}
        lines = link.command(b"APPEND %s (\\Seen) {%d+}\r\n%s" % (mailbox.encode(), len(body), body))
        found = re.search(rb"\[APPENDUID \d+ (\d+)\]", lines[-1])
        assert found, lines
        self._settle(self.sure | {name: Place(mailbox, int(found[1]), place.flags)})

    def _store(self, link: Link, chosen: list[str]) -> None:
        flags = frozenset(self._chance.sample(KEYWORDS, self._chance.randint(1, 2)))
        after = {name: self._with_flags(name, flags) for name in chosen}
        self.maybe = self.sure | after
        lines = link.command(b"UID STORE %s FLAGS (%s)" % (self._uids(chosen), " ".join(flags).encode()))
        if any(after[name] != self.sure[name] for name in chosen):
            mine = {str(place.uid).encode() for name, place in after.items() if place != self.sure[name]}
            told = [re.search(rb"UID (\d+).*MODSEQ \((\d+)\)", line) for line in lines]
            self.stored_at.append(max(int(match[2]) for match in told if match and match[1] in mine))
        self._settle(self.maybe)

    def _move(self, link: Link, chosen: list[str]) -> None:
        target = next(name for name in MAILBOXES if name != self._selected)
        after = {name: Place(target, None, self.sure[name].flags) for name in chosen}
        self.maybe = self.sure | after
        lines = link.command(b"UID MOVE %s %s" % (self._uids(chosen), target.encode()))
        found = next(filter(None, (re.search(rb"\[COPYUID \d+ (\S+) (\S+)\]", line) for line in lines)))
        new = dict(zip(numbers(found[1]), numbers(found[2]), strict=True))
        moved = {name: Place(target, new[self.sure[name].uid or 0], after[name].flags) for name in chosen}
        self._settle(self.sure | moved)

    def _expunge(self, link: Link, chosen: list[str]) -> None:
        deleted = frozenset({"\\Deleted"})
        self.maybe = self.sure | {name: self._with_flags(name, deleted) for name in chosen}
        link.command(b"UID STORE %s FLAGS.SILENT (\\Deleted)" % self._uids(chosen))
        self._settle(self.maybe)
        self.maybe = {name: place for name, place in self.sure.items() if name not in chosen}
        link.command(b"UID EXPUNGE %s" % self._uids(chosen))
        self._settle(self.maybe)

    def _with_flags(self, name: str, flags: frozenset[str]) -> Place:
        old = self.sure[name]
        return Place(old.mailbox, old.uid, flags)

    def _uids(self, chosen: Iterable[str]) -> bytes:
        return b",".join(sorted(b"%d" % (self.sure[name].uid or 0) for name in chosen))

    def _settle(self, state: State) -> None:
        self.sure, self.maybe = state, None

    def check(self, found: State) -> None:
        """``found``: this client's messages after the restart. They are taken over, uids that were not told too."""
        candidates = [self.sure] + ([self.maybe] if self.maybe is not None else [])
        assert any(fits(state, found) for state in candidates), (
            f"{self.name}: {difference(self.sure, found)}; with the command under way: "
            f"{difference(self.maybe or {}, found)}"
        )
        self._settle(found)


def fits(state: State, found: State) -> bool:
    return state.keys() == found.keys() and all(place.fits(found[name]) for name, place in state.items())


def difference(state: State, found: State) -> str:
    names = state.keys() | found.keys()
    wrong = [
        f"{name} expected {state.get(name)} found {found.get(name)}"
        for name in sorted(names)
        if name not in state or name not in found or not state[name].fits(found[name])
    ]
    return "; ".join(wrong[:5]) or "as expected"


def numbers(text: bytes) -> list[int]:
    found: list[int] = []
    for piece in text.split(b","):
        low, _, high = piece.partition(b":")
        found.extend(range(int(low), int(high or low) + 1))
    return found
