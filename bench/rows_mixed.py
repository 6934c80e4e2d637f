"""Mixed work: 50 clients on ten mailboxes do what mail programs do, all at once, for some seconds.

One measurement gives three figures: operations a second, CPU of the server an operation, the 99th percentile of their time.
The rules it must not break: every answer is OK; bodies and expunged messages are checked as they come by, the counts of all
mailboxes at the end.
"""

from __future__ import annotations

import re
import selectors
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

from bench.bed import BIG, Bed, Row, check
from bench.corpus import Mail, extra_mail
from bench.load import Connection, WrongAnswer, append_line

CLIENTS, BOXES = 50, 10
_BOX = 1_000
_KINDS = {
    "select": 8, "status": 5, "flags": 15, "headers": 15, "body": 25, "store": 10, "search": 5, "append": 6,
    "expunge": 3, "noop": 8,
}  # fmt: skip
_APPENDUID = re.compile(rb"OK \[APPENDUID \d+ (\d+)\]")
_LITERAL = re.compile(rb"\{(\d+)\}\r\n")


@dataclass
class Mixed:
    """What was found: in seconds, of the whole server."""

    operations: int
    seconds: float
    cpu: float
    times: list[float]


@dataclass
class Client:
    """One connection, what it waits for and what it may expunge: what it appended itself."""

    conn: Connection
    box: int
    mails: list[Mail]
    rng: Random
    texts: list[bytes]
    kind: str = ""
    tag: bytes = b""
    uid: int = 0
    sent: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    own: list[int] = field(default_factory=list)
    appended: int = 0
    expunged: int = 0

    def next_line(self) -> bytes:
        """A command, chosen by weight; an expunge takes the next two."""
        if self.kind == "delete":
            self.kind = "expunge"
            return b"UID EXPUNGE %d" % self.uid
        (self.kind,) = self.rng.choices(list(_KINDS), list(_KINDS.values()))
        if self.kind == "expunge" and not self.own:
            self.kind = "append"
        return self._line()

    def _line(self) -> bytes:
        count = len(self.mails)
        low = self.rng.randint(1, max(1, count - 50))
        self.uid = self.rng.randint(1, count)
        match self.kind:
            case "select":
                return b"SELECT Mix%d" % self.box
            case "status":
                return b"STATUS Mix%d (MESSAGES UNSEEN UIDNEXT)" % ((self.box + 1) % BOXES)
            case "flags":
                return b"UID FETCH %d:%d (FLAGS)" % (low, low + 50)
            case "headers":
                return b"UID FETCH %d:%d (FLAGS RFC822.SIZE INTERNALDATE ENVELOPE)" % (low, low + 20)
            case "body":
                return b"UID FETCH %d BODY.PEEK[]" % self.uid
            case "store":
                return b"UID STORE %d %sFLAGS (\\Flagged)" % (self.uid, self.rng.choice((b"+", b"-")))
            case "search":
                return b"SEARCH UNSEEN"
            case "append":
                return append_line(f"Mix{self.box}", self.rng.choice(self.texts))
            case "expunge":
                self.uid = self.own.pop()
                self.kind = "delete"
                return b"UID STORE %d +FLAGS.SILENT (\\Deleted)" % self.uid
        return b"NOOP"

    def done(self, last: bytes) -> None:
        """The answer is whole: check it, and remember what it did."""
        if not last.startswith(self.tag + b" OK"):
            raise WrongAnswer(f"{self.kind}: {last[:200]!r}")
        if self.kind == "append":
            found = _APPENDUID.search(last)
            if found is None:
                raise WrongAnswer(f"no APPENDUID in {last[:200]!r}")
            self.own.append(int(found[1]))
            self.appended += 1
        elif self.kind == "expunge":
            self.expunged += 1
        elif self.kind == "body":
            literal = _LITERAL.search(self.answer)
            check("octets of a body", literal and int(literal[1]), self.mails[self.uid - 1].size)


def _boxes(bed: Bed) -> list[list[Mail]]:
    """Make the mailboxes, by COPY, once a bed: the mail of each, whose UIDs are 1 and up."""
    each = min(_BOX, bed.total // BOXES)
    bed.conn(BIG)
    for box in range(BOXES if not bed.mixed else 0):
        bed.side().ok(b"CREATE Mix%d" % box)
        low = 1 + box * each
        bed.conn(BIG).ok(b"COPY %d:%d Mix%d" % (low, low + each - 1, box))
        bed.mixed.append(bed.mails[low - 1 : low - 1 + each])
        state = bed.side().ok(b"STATUS Mix%d (MESSAGES UIDNEXT)" % box).data
        check("UIDNEXT", b"UIDNEXT %d" % (each + 1) in state, True)
    return bed.mixed


def _clients(bed: Bed, round_: int, stack: ExitStack) -> Iterator[Client]:
    mails = _boxes(bed)
    texts = [extra_mail(number, 3_000) for number in range(20)]
    for number in range(CLIENTS):
        conn = stack.enter_context(bed.server.connect())
        conn.ok(b"SELECT Mix%d" % (number % BOXES))
        yield Client(conn, number % BOXES, mails[number % BOXES], Random(f"mixed {round_} {number}"), texts)


def _send(client: Client) -> None:
    line = client.next_line()
    client.tag = client.conn.next_tag()
    client.answer.clear()
    client.sent = time.perf_counter()
    client.conn.sock.sendall(b"%s %s\r\n" % (client.tag, line))


def _work(clients: list[Client], seconds: float) -> tuple[list[float], float]:
    """Until the time is over and everybody has been answered: (how long each operation took, how long it all took)."""
    times: list[float] = []
    busy = len(clients)
    started = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.conn.sock, selectors.EVENT_READ, client)
            _send(client)
        while busy:
            for key, _ in selector.select(60):
                client = key.data
                got = client.conn.sock.recv(1 << 18)
                if not got:
                    raise WrongAnswer(f"{client.kind}: the server closed the connection")
                answer = client.answer
                answer += got
                if not got.endswith(b"\n"):
                    continue
                last = bytes(answer[answer.rfind(b"\n", 0, len(answer) - 1) + 1 :])
                if not last.startswith(client.tag):
                    continue
                now = time.perf_counter()
                times.append(now - client.sent)
                client.done(last)
                if now - started < seconds or client.kind == "delete":
                    _send(client)
                else:
                    busy -= 1
    return times, time.perf_counter() - started


def _measure(bed: Bed, round_: int) -> Mixed:
    before = [bed.messages(f"Mix{box}") if bed.mixed else 0 for box in range(BOXES)]
    with ExitStack() as stack:
        clients = list(_clients(bed, round_, stack))
        before = before if any(before) else [len(mails) for mails in bed.mixed]
        used = bed.cpu_used
        with bed.cpu():
            times, seconds = _work(clients, bed.sizes.mixed)
    for box in range(BOXES):
        mine = [client for client in clients if client.box == box]
        change = sum(client.appended - client.expunged for client in mine)
        check(f"messages in Mix{box}", bed.messages(f"Mix{box}"), before[box] + change)
    return Mixed(len(times), seconds, bed.cpu_used - used, sorted(times))


def _of_round(bed: Bed, round_: int) -> Mixed:
    """Measured by the first of the three rows, kept for the others, with its CPU time."""
    found = bed.measured.get(("mixed", round_))
    if not isinstance(found, Mixed):
        found = bed.measured["mixed", round_] = _measure(bed, round_)
    bed.cpu_used = found.cpu
    return found


def percentile(times: list[float], part: float) -> float:
    """Of sorted times: what this part of them stays at or below."""
    return times[min(len(times) - 1, int(len(times) * part))]


def operations(bed: Bed, round_: int) -> float:
    """Operations a second, all clients together."""
    found = _of_round(bed, round_)
    return found.operations / found.seconds


def cpu(bed: Bed, round_: int) -> float:
    """Milliseconds of CPU time of the server, an operation."""
    found = _of_round(bed, round_)
    return found.cpu / found.operations * 1000


def slowest(bed: Bed, round_: int) -> float:
    """Milliseconds: 99 of 100 operations took no longer."""
    return percentile(_of_round(bed, round_).times, 0.99) * 1000


ROWS = [
    Row("mixed work, 50 clients", "operations/s", operations, 1.3, patience=20.0),
    Row("mixed work, CPU an operation", "ms", cpu, 1.0, more_is_better=False, patience=20.0),
    Row("mixed work, 99th percentile", "ms", slowest, 1.0, more_is_better=False, patience=20.0),
]
