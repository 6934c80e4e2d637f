"""The server is killed in the middle of commands from several clients, again and again, and what it answered OK is there."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.imapkit_server import imapkit_server

from .wire_load import MAILBOXES, Link, Load, Place, State

ROUNDS = 7
CLIENTS = 4
ROW = re.compile(
    rb"\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\) MODSEQ \((\d+)\) BODY\[HEADER.FIELDS \(SUBJECT\)\] \{"
)


class Ledger:
    """What was ever seen: a UID names one message for ever, and a MODSEQ one change."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, int], str] = {}
        self.next_uid = dict.fromkeys(MAILBOXES, 1)
        self.modseq = 0

    def look(self, link: Link) -> State:
        """All messages of the server, checked against all that was seen before."""
        found: State = {}
        for mailbox in MAILBOXES:
            opened = b"".join(link.command(f"EXAMINE {mailbox}".encode()))
            self._opened(mailbox, opened)
            if b"* 0 EXISTS" in opened:
                continue
            lines = link.command(b"UID FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            for head, subject in zip(lines, lines[1:], strict=False):
                match = ROW.match(head)
                if match is None:
                    continue
                name = subject.decode().partition(": ")[2].strip()
                uid, modseq = int(match[1]), int(match[3])
                assert name not in found, f"{name} is there twice"
                assert self.names.setdefault((mailbox, uid), name) == name, f"UID {uid} was used twice"
                assert uid < self.next_uid[mailbox] and modseq <= self.modseq
                found[name] = Place(mailbox, uid, frozenset(match[2].decode().split()) - {"\\Recent"})
        return found

    def _opened(self, mailbox: str, text: bytes) -> None:
        next_uid = re.search(rb"\[UIDNEXT (\d+)\]", text)
        highest = re.search(rb"\[HIGHESTMODSEQ (\d+)\]", text)
        assert next_uid and highest, text
        assert int(next_uid[1]) >= self.next_uid[mailbox], "UIDNEXT went back"
        self.next_uid[mailbox] = int(next_uid[1])
        self.modseq = max(self.modseq, int(highest[1]))

    def acknowledged(self, state: State) -> None:
        """What clients were told before the server died."""
        for name, place in state.items():
            if place.uid is not None:
                assert self.names.setdefault((place.mailbox, place.uid), name) == name, "a UID was used twice"


def check(ledger: Ledger, loads: Iterable[Load], port: int) -> None:
    link = Link(port, "ann")
    try:
        found = ledger.look(link)
    finally:
        link.close()
    for load in loads:
        load.check({name: place for name, place in found.items() if name.startswith(f"{load.name}-")})


def hammer(loads: list[Load], port: int, seconds: float) -> list[threading.Thread]:
    threads = [threading.Thread(target=load.run, args=(port,)) for load in loads]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    return threads


@pytest.mark.crash
def test_killed_under_load(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    ledger = Ledger()
    loads = [Load(f"c{number}", random.Random(number)) for number in range(CLIENTS)]
    stored: set[int] = set()
    for number in range(ROUNDS):
        with imapkit_server(tmp_path / "data", {"ann": "secret"} if not number else {}) as server:
            check(ledger, loads, server.port)
            before = ledger.modseq
            threads = hammer(loads, server.port, 0.3 + chance.random() * 0.4)
            server.process.kill()
            server.process.wait(10)
            for thread in threads:
                thread.join(20)
                assert not thread.is_alive()
        fresh = [modseq for load in loads for modseq in load.stored_at]
        assert all(modseq > before for modseq in fresh), "a MODSEQ from before the crash was given again"
        assert len(fresh) == len(set(fresh)) and not stored & set(fresh), "one MODSEQ for two changes"
        stored |= set(fresh)
        for load in loads:
            ledger.acknowledged(load.sure)
            load.stored_at.clear()
    with imapkit_server(tmp_path / "data", {}) as server:
        check(ledger, loads, server.port)
    assert all(load.done > ROUNDS for load in loads), "there was load on every connection"
    assert sum(load.done for load in loads) > ROUNDS * CLIENTS * 5
