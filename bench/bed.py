"""A server filled with the corpus, and the state it must be in: what every measurement starts from and checks against."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bench import corpus
from bench.corpus import Mail
from bench.load import Answer, Connection, NotOffered, WrongAnswer, append_line
from bench.servers import Server

BIG, REAL, HUGE = "Big", "Real", "Huge"
_BATCH, _TOGETHER = 400, 50


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a run does."""

    small: int
    real: int
    copies: int
    appends: int
    logins: int
    idlers: int
    rounds: int
    huge: int
    client: int
    boxes: int = 2_000
    mixed: float = 5.0
    """Seconds."""
    accounts: int = 2_000
    held: int = 10_000
    """Idle connections that imapkit holds at once."""
    heard: int = 5
    """Messages of which an idle session hears, one after another."""


FULL = Sizes(100_000, 3_000, 10_000, 300, 400, 2_000, 3, 25_000_000, 20_000)
QUICK = Sizes(10_000, 500, 2_000, 100, 100, 100, 2, 10_000_000, 5_000, 400, 1.0, 100, 1_000, 2)


@dataclass
class Mailboxes:
    """The corpus, made once for all servers."""

    small: Sequence[Mail]
    real: Sequence[Mail]
    huge: bytes

    @classmethod
    def of(cls, sizes: Sizes) -> Mailboxes:
        """The mail for a run of these sizes."""
        return cls(
            corpus.small_box(sizes.small), corpus.realistic_box(sizes.real), corpus.huge_mail(sizes.huge)
        )


@dataclass
class Bed:
    """One server under test, filled. ``seen`` and ``mails`` follow every change that was made to the big mailbox."""

    server: Server
    mail: Mailboxes
    sizes: Sizes
    seen: list[bool] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    cpu_used: float = 0.0
    fill_rate: float = 0.0
    boxes: int = 0
    """Mailboxes of the rows about many of them."""
    mixed: list[list[Mail]] = field(default_factory=list)
    """What each mailbox of the mixed work holds."""
    measured: dict[tuple[str, int], object] = field(default_factory=dict)
    """One measurement that gives several rows, by its name and round."""
    held: dict[Path, BinaryIO] = field(default_factory=dict)
    """Files that are locked until the run is over."""
    still: bool = False
    """``mutate`` changes nothing now: a first time would not be one after it."""
    note: str = ""
    """What a row found out beside its figure; shown below the table."""
    _selected: str = ""
    _conn: Connection | None = None
    _side: Connection | None = None
    _changes: int = 0
    _capabilities: frozenset[bytes] = frozenset()

    def fill(self) -> None:
        """Put the corpus in, by APPEND where nothing is faster; then let the server be durable."""
        started = time.perf_counter()
        with self.server.connect() as conn:
            for name in (BIG, REAL, HUGE):
                conn.ok(f"CREATE {name}".encode())
            put = self.server.put or partial(self._append_all, conn)
            put(BIG, self.mail.small)
            if put is not self.server.put:
                self.fill_rate = len(self.mail.small) / (time.perf_counter() - started)
            put(REAL, self.mail.real)
            conn.ok(f"SELECT {BIG}".encode())
            conn.ok(f"SELECT {REAL}".encode())
            conn.ok(append_line(HUGE, self.mail.huge))
        self.mails = list(self.mail.small)
        self.seen = [mail.seen for mail in self.mails]
        self.server.settle()

    @staticmethod
    def _append_all(conn: Connection, mailbox: str, mails: Sequence[Mail]) -> None:
        """Pipelined, many messages a command where the server can (MULTIAPPEND)."""
        together = _TOGETHER if b"MULTIAPPEND" in conn.ok(b"CAPABILITY").data.upper() else 1
        for start in range(0, len(mails), _BATCH):
            batch = mails[start : start + _BATCH]
            conn.pipeline(
                [_append(mailbox, batch[at : at + together]) for at in range(0, len(batch), together)]
            )

    @property
    def total(self) -> int:
        """Messages in the big mailbox now."""
        return len(self.mails)

    def conn(self, mailbox: str) -> Connection:
        """The measuring connection, with ``mailbox`` selected and up to date."""
        if self._conn is None:
            self._conn = self.server.connect()
            self._selected = ""
        if self._selected != mailbox:
            self._conn.ok(f"SELECT {mailbox}".encode())
            self._selected = mailbox
        else:
            self._conn.ok(b"NOOP")
        return self._conn

    def side(self) -> Connection:
        """A second connection, nothing selected: for changes and for checks."""
        if self._side is None:
            self._side = self.server.connect()
        return self._side

    def has(self, capability: str) -> bool:
        """True when the server announces it to who is logged in."""
        if not self._capabilities:
            self._capabilities = frozenset(self.side().ok(b"CAPABILITY").data.upper().split())
        return capability.encode() in self._capabilities

    def needs(self, capability: str) -> None:
        """Leave the cell empty unless the server has it."""
        if not self.has(capability):
            raise NotOffered(capability)

    def drop_connections(self) -> None:
        """Begin anew after a failure, or at the end."""
        for conn in (self._conn, self._side):
            if conn is not None:
                conn.sock.close()
        self._conn = self._side = None
        self._selected = ""

    def mutate(self) -> None:
        """Change the big mailbox a little from another session, so that no cached answer can win: the same for every server."""
        if self.still:
            return
        self._changes += 1
        rng = random.Random(f"change {self._changes}")
        mail = corpus.small_mail(self.sizes.small + self._changes, self.sizes.small)  # the next, dates ascend
        side = self.side()
        side.ok(append_line(BIG, mail.data, b"\\Seen" if mail.seen else b"", mail.internal_date))
        self.mails.append(mail)
        self.seen.append(mail.seen)
        side.ok(f"SELECT {BIG}".encode())
        for seq in {rng.randint(1, self.total) for _ in range(10)}:
            to_seen = not self.seen[seq - 1]
            side.ok(b"STORE %d %sFLAGS.SILENT (\\Seen)" % (seq, b"+" if to_seen else b"-"))
            self.seen[seq - 1] = to_seen
        side.ok(b"CLOSE")

    @contextmanager
    def cpu(self, *, indexed: bool = False) -> Iterator[None]:
        """Count what the server's processes use inside the block and right after it; ``indexed``: until nothing is left to do."""
        before = self.server.cpu()
        yield
        used = self.server.settled_cpu(self.server.quiet) if indexed else self.server.settled_cpu()
        self.cpu_used += used - before

    def timed(self, mailbox: str, line: bytes) -> Answer:
        """One command on the measuring connection, CPU counted; the answer must be OK."""
        conn = self.conn(mailbox)
        with self.cpu():
            return conn.ok(line)

    def messages(self, mailbox: str) -> int:
        """What STATUS says (a check)."""
        answer = self.side().ok(f"STATUS {mailbox} (MESSAGES)".encode())
        found = re.search(rb"MESSAGES (\d+)", answer.data)
        if found is None:
            raise WrongAnswer(f"no MESSAGES in {answer.data[:200]!r}")
        return int(found[1])


def _append(mailbox: str, mails: Sequence[Mail]) -> bytes:
    lines = [
        append_line(mailbox, mail.data, b"\\Seen" if mail.seen else b"", mail.internal_date) for mail in mails
    ]
    command = f"APPEND {mailbox}".encode()
    return command + b"".join(line.removeprefix(command) for line in lines)


def check(what: str, found: object, expected: object) -> None:
    """Raise WrongAnswer unless the two are equal."""
    if found != expected:
        raise WrongAnswer(f"{what}: {str(found)[:150]}, expected {str(expected)[:150]}")


Run = Callable[[Bed, int], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``run`` gives the figure for a bed and a round; ``target`` is the ratio to the best peer aimed at."""

    name: str
    unit: str
    run: Run
    target: float | None = None
    more_is_better: bool = True
    once: bool = False
    """Measured one time: it cannot be repeated (a first time) or takes long."""
    limit: float | None = None
    """The figure itself that is aimed at, where it is not a ratio."""
    alone: bool = False
    """Measured on the first server only."""
    quick: bool = True
    """Part of a quick run, too."""
    patience: float = 6.0
    """A figure that took so many seconds is not measured again: the run must end."""
