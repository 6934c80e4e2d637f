"""No command keeps the other sessions of its worker waiting for long: the longest turn of the event loop under load.

What is measured is the CPU time of single callbacks, so a busy machine changes nothing. While one session does big work, another says
NOOP all the time, and is answered.
"""

from __future__ import annotations

import gc
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from imapkit.stores.directory.memory import MemoryDirectory
from imapkit.stores.sqlite import SqliteStore
from imapkit.tools.embed import Server, in_thread, quick_hasher

from ..support.loop_blocks import LoopBlocks, loop_blocks

DISTINCT = 2_000
COPIES = 9
MESSAGES = DISTINCT * (COPIES + 1)
BOUND = 0.1
"""Seconds of CPU time. A turn should take some 10 ms; a slow machine may need several times as much."""
BOUND_OF_ONE_TEXT = 0.5
"""The text of one message of 25 MB is folded and searched in one go."""
WORDS = "mail folder meeting budget report garden window letter answer question river mountain".split()  # noqa: SIM905


class Client:
    """A connection that reads answers whole, and looks at their last line only."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=50)
        self._file: BinaryIO = self._socket.makefile("rb")
        self._count = 0
        self._file.readline()
        self.ok(b"LOGIN ann secret")

    def ok(self, line: bytes, *more: bytes) -> int:
        """Do a command; gives the octets of the answer."""
        self._count += 1
        tag = b"zQ%06d" % self._count
        self._socket.sendall(b"".join((tag, b" ", line, *more, b"\r\n")))
        octets = 0
        for answer in self._file:
            octets += len(answer)
            if answer.startswith(tag):
                assert answer.startswith(tag + b" OK"), answer
                return octets
        raise AssertionError(f"the server hung up in {line[:60]!r}")

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def mail(number: int, chance: random.Random, size: int = 1200) -> bytes:
    """One of a thread of about eight."""
    words = " ".join(chance.choices(WORDS, k=size // 7))
    answers = number - number % 8
    references = f"References: <{answers}@x.example>\r\n" if number != answers else ""
    return (
        f"From: {chance.choice(WORDS)} <a{number % 97}@x.example>\r\nTo: bob@y.example\r\nSubject: {words[:30]}\r\n"
        f"Date: Fri, {number % 28 + 1} Nov 2025 10:{number % 60:02}:00 +0000\r\nMessage-ID: <{number}@x.example>\r\n"
        f"{references}Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    ).encode()


def appended(messages: list[bytes]) -> bytes:
    """What follows the mailbox in MULTIAPPEND."""
    return b"".join(b" {%d+}\r\n%s" % (len(data), data) for data in messages)


@dataclass
class Bed:
    """A server with a large mailbox, a session that works, and one that says NOOP from a thread of its own."""

    client: Client
    other: Client
    blocks: LoopBlocks
    noops: int = 0
    stopping: bool = False

    def say_noop(self) -> None:
        while not self.stopping:
            self.other.ok(b"NOOP")
            self.noops += 1

    def fill(self) -> None:
        chance = random.Random(5)
        self.client.ok(b"CREATE Big")
        for start in range(0, DISTINCT, 100):
            batch = [mail(number, chance) for number in range(start, start + 100)]
            self.client.ok(b"APPEND Big", appended(batch))
        self.client.ok(b"SELECT Big")
        for _ in range(COPIES):
            self.client.ok(b"COPY 1:%d Big" % DISTINCT)
        self.client.ok(b"CREATE Other")


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    data: Path = tmp_path_factory.mktemp("blocks")
    server = Server(SqliteStore(data), MemoryDirectory(), users={"ann": "secret"}, hasher=quick_hasher())
    with loop_blocks() as blocks, in_thread(server):
        made = Bed(Client(server), Client(server), blocks)
        made.fill()
        gc.collect()
        gc.freeze()  # as the supervisor does: the heap of the tests before this one is not the server's
        made.other.ok(b"SELECT Big")
        thread = threading.Thread(target=made.say_noop)
        thread.start()
        try:
            yield made
        finally:
            gc.unfreeze()
            made.stopping = True
            thread.join()
            made.client.close()
            made.other.close()


JOBS: dict[str, list[bytes]] = {
    "select": [b"SELECT INBOX", b"SELECT Big"],
    "fetch flags": [b"FETCH 1:* (UID FLAGS)"],
    "fetch envelopes": [b"FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"],
    "fetch structures": [b"FETCH 1:* BODYSTRUCTURE"],
    "fetch header fields": [b"FETCH 1:* BODY.PEEK[HEADER.FIELDS (FROM TO CC SUBJECT DATE MESSAGE-ID)]"],
    "fetch bodies": [b"FETCH 1:* BODY.PEEK[]"],
    "fetch texts of parts": [b"FETCH 1:* BODY.PEEK[1]"],
    "search flags": [b"SEARCH UNSEEN", b"SEARCH NOT 1:10000", b"SEARCH SINCE 1-Jan-2020"],
    "search headers": [b"SEARCH FROM garden", b"SEARCH SUBJECT report"],
    "search bodies without the index": [b"SEARCH BODY mountain", b'SEARCH BODY "mountain riv"', b"SEARCH TEXT xq"],
    "sort": [b"SORT (SUBJECT) UTF-8 ALL", b"SORT (REVERSE DATE) UTF-8 ALL", b"SORT (FROM) UTF-8 ALL"],
    "thread": [b"THREAD REFERENCES UTF-8 ALL", b"THREAD ORDEREDSUBJECT UTF-8 ALL"],
    "store": [b"STORE 1:* +FLAGS.SILENT (\\Flagged)", b"STORE 1:* -FLAGS (\\Flagged)"],
    "store of every second": [b"STORE " + b",".join(b"%d" % n for n in range(1, 8000, 2)) + b" +FLAGS (\\Seen)"],
    "copy": [b"COPY 1:* Other"],
    "move and expunge": [b"COPY 1:* Other", b"SELECT Other", b"MOVE 1:5000 INBOX", b"STORE 1:* +FLAGS.SILENT (\\Deleted)", b"EXPUNGE"],
    "status": [b"STATUS Big (MESSAGES UNSEEN SIZE DELETED)", b'LIST "" * RETURN (STATUS (MESSAGES UNSEEN))'],
}  # fmt: skip


@pytest.mark.parametrize("job", JOBS)
def test_no_turn_of_the_loop_is_long(bed: Bed, job: str) -> None:
    bed.client.ok(b"SELECT Big")
    said = bed.noops
    bed.blocks.start()
    for command in JOBS[job]:
        bed.client.ok(command)
    _check(bed, job, said)


def test_a_large_message_arrives_without_a_long_turn(bed: Bed) -> None:
    line = b"".join(
        b"%07d the quick brown fox jumps over the lazy dog, again and again\r\n" % n for n in range(64)
    )
    data = mail(1, random.Random(1)) + line * (25_000_000 // len(line))
    said = bed.noops
    bed.blocks.start()
    bed.client.ok(b"APPEND Other", appended([data]))
    _check(bed, "APPEND of 25 MB", said)
    said = bed.noops
    bed.client.ok(b"SELECT Other")
    bed.blocks.start()
    bed.client.ok(b"FETCH * BODY.PEEK[]")
    _check(bed, "FETCH of 25 MB", said)
    said = bed.noops
    bed.blocks.start()
    bed.client.ok(b"SEARCH * BODY again")
    _check(bed, "SEARCH in 25 MB", said, BOUND_OF_ONE_TEXT)


def test_many_messages_arrive_without_a_long_turn(bed: Bed) -> None:
    chance = random.Random(9)
    batch = [mail(DISTINCT + number, chance) for number in range(250)]
    said = bed.noops
    bed.blocks.start()
    for _ in range(3):
        bed.client.ok(b"APPEND Other", appended(batch))
    _check(bed, "MULTIAPPEND of 250", said)


def _check(bed: Bed, job: str, said: int, bound: float = BOUND) -> None:
    blocks = bed.blocks
    print(f"{job}: longest turn {blocks.longest * 1000:.1f} ms of {blocks.turns}; {bed.noops - said} NOOPs")
    while bed.noops == said:
        time.sleep(0.001)  # the other session goes on, or the test ends by its timeout
    assert blocks.longest < bound, f"{job}: {blocks.longest * 1000:.0f} ms in one turn: {blocks.what}"
