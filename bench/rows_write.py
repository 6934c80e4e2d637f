"""Writes: flags, APPEND in its ways, COPY, MOVE and EXPUNGE. What an OK promised is checked on another connection."""

from __future__ import annotations

import re
import statistics
from contextlib import ExitStack
from functools import lru_cache
from random import Random

from bench.bed import BIG, Bed, Row, check
from bench.corpus import extra_mail, realistic_mail
from bench.load import Connection, NotOffered, append_line, rotate
from bench.servers import dovecot_server

_FLAGS = ("+FLAGS.SILENT (\\Answered)", "-FLAGS.SILENT (\\Answered)", "+FLAGS.SILENT (\\Flagged)")
_APPENDED = 5_000
_WRITERS = 16
_TOGETHER = 50


def store_all(bed: Bed, round_: int) -> float:
    """Messages a second: every message of the big mailbox changes."""
    bed.mutate()
    answer = bed.timed(BIG, f"STORE 1:* {_FLAGS[round_ % 3]}".encode())
    key = b"FLAGGED" if round_ % 3 == 2 else b"ANSWERED"
    found = bed.conn(BIG).ok(b"SEARCH " + key).data.partition(b"\r\n")[0].split()[2:]
    check("messages changed", len(found), 0 if round_ % 3 == 1 else bed.total)
    return bed.total / answer.seconds


def store_one(bed: Bed, round_: int) -> float:
    """Milliseconds, the median of single messages."""
    conn = bed.conn(BIG)
    seqs = Random(f"store {round_}").sample(range(1, bed.total + 1), 200)
    with bed.cpu():
        taken = [conn.ok(b"STORE %d +FLAGS (bench%d)" % (seq, round_)).seconds for seq in seqs]
    found = conn.ok(b"SEARCH KEYWORD bench%d" % round_).data.partition(b"\r\n")[0].split()[2:]
    check("messages changed", sorted(map(int, found)), sorted(seqs))
    return statistics.median(taken) * 1000


def _messages(round_: int, writer: int, count: int) -> list[bytes]:
    return [extra_mail(round_ * 1_000_000 + writer * 10_000 + number, _APPENDED) for number in range(count)]


def append_one(bed: Bed, round_: int) -> float:
    """Messages a second, one connection, each waits for its OK."""
    bed.side().ok(f"CREATE One{round_}".encode())
    messages = _messages(round_, 0, bed.sizes.appends)
    conn = bed.conn(BIG)
    with bed.cpu(indexed=True):
        taken = sum(conn.ok(append_line(f"One{round_}", message)).seconds for message in messages)
    check("appended", bed.messages(f"One{round_}"), len(messages))
    return len(messages) / taken


def append_pipelined(bed: Bed, round_: int) -> float:
    """Messages a second, one connection, nothing waits."""
    bed.side().ok(f"CREATE Pipe{round_}".encode())
    lines = [append_line(f"Pipe{round_}", message) for message in _messages(round_, 1, bed.sizes.appends)]
    conn = bed.conn(BIG)
    with bed.cpu(indexed=True):
        taken = conn.pipeline(lines)
    check("appended", bed.messages(f"Pipe{round_}"), len(lines))
    return len(lines) / taken


def _append_many(bed: Bed, round_: int, boxes: list[str]) -> float:
    for box in sorted(set(boxes)):
        bed.side().ok(f"CREATE {box}".encode())
    each = max(4, bed.sizes.appends // 8)
    with ExitStack() as stack:
        writers = [stack.enter_context(bed.server.connect()) for _ in boxes]
        work = [
            [append_line(box, message) for message in _messages(round_, number, each)]
            for number, box in enumerate(boxes)
        ]
        with bed.cpu(indexed=True):
            taken = rotate(writers, work)
    check("appended", sum(bed.messages(box) for box in sorted(set(boxes))), each * len(boxes))
    return each * len(boxes) / taken


def append_16(bed: Bed, round_: int) -> float:
    """Messages a second, 16 connections, each into a mailbox of its own."""
    return _append_many(bed, round_, [f"Many{round_}n{number}" for number in range(_WRITERS)])


def append_16_same(bed: Bed, round_: int) -> float:
    """Messages a second, 16 connections into one mailbox."""
    return _append_many(bed, round_, [f"Same{round_}"] * _WRITERS)


def _together(bed: Bed, conn: Connection, box: str, messages: list[bytes]) -> float:
    """Messages a second, 50 in each APPEND, one after the other."""
    command = f"APPEND {box}".encode()
    lines = []
    for start in range(0, len(messages), _TOGETHER):
        each = [append_line(box, message) for message in messages[start : start + _TOGETHER]]
        lines.append(command + b"".join(line.removeprefix(command) for line in each))
    with bed.cpu(indexed=True):
        taken = sum(conn.ok(line).seconds for line in lines)
    found = re.search(rb"MESSAGES (\d+)", conn.ok(f"STATUS {box} (MESSAGES)".encode()).data)
    check("appended", found and int(found[1]), len(messages))
    return len(messages) / taken


def append_together(bed: Bed, round_: int) -> float:
    """Messages a second, MULTIAPPEND."""
    bed.needs("MULTIAPPEND")
    bed.side().ok(f"CREATE Multi{round_}".encode())
    messages = _messages(round_, 40, bed.sizes.appends * 5)
    rate = _together(bed, bed.conn("INBOX"), f"Multi{round_}", messages)
    bed.measured["multiappend", round_] = rate
    return rate


def against_sdbox(bed: Bed, round_: int) -> float:
    """The same for the first server; in the place of Dovecot mdbox a Dovecot with sdbox, started for this."""
    if "mdbox" in bed.server.name:
        with dovecot_server("Dovecot sdbox", "sdbox", bed.server.setup, tuned=True) as server:
            server.settle()
            other = Bed(server, bed.mail, bed.sizes)
            with server.connect() as conn:
                conn.ok(b"CREATE Multi")
                rate = _together(other, conn, "Multi", _messages(round_, 40, bed.sizes.appends * 5))
        bed.cpu_used = other.cpu_used
        return rate
    kept = bed.measured.get(("multiappend", round_))
    if bed.server.name != "imapkit":
        raise NotOffered("sdbox")
    return kept if isinstance(kept, float) else append_together(bed, round_)


@lru_cache(maxsize=1)
def _realistic(round_: int, count: int) -> list[bytes]:
    """Mail that no server has seen: numbers above those of the corpus."""
    return [realistic_mail(100_000 * (round_ + 1) + number, 1_000_000).data for number in range(count)]


def append_realistic(bed: Bed, round_: int) -> float:
    """Megabytes a second, one connection, each waits for its OK."""
    bed.side().ok(f"CREATE Sizes{round_}".encode())
    messages = _realistic(round_, bed.sizes.appends)
    conn = bed.conn("INBOX")
    with bed.cpu(indexed=True):
        taken = sum(conn.ok(append_line(f"Sizes{round_}", message)).seconds for message in messages)
    check("appended", bed.messages(f"Sizes{round_}"), len(messages))
    return sum(map(len, messages)) / taken / 1e6


def copy(bed: Bed, round_: int) -> float:
    """Messages a second."""
    count = bed.sizes.copies
    bed.side().ok(f"CREATE Copy{round_}".encode())
    first = 1 + round_ * 10
    answer = bed.timed(BIG, f"COPY {first}:{first + count - 1} Copy{round_}".encode())
    check("copied", bed.messages(f"Copy{round_}"), count)
    return count / answer.seconds


def move(bed: Bed, round_: int) -> float:
    """Messages a second: what was copied, on to the next mailbox."""
    count = bed.sizes.copies
    bed.side().ok(f"CREATE Move{round_}".encode())
    answer = bed.timed(f"Copy{round_}", f"MOVE 1:* Move{round_}".encode())
    check("moved", (bed.messages(f"Copy{round_}"), bed.messages(f"Move{round_}")), (0, count))
    return count / answer.seconds


def expunge(bed: Bed, round_: int) -> float:
    """Messages a second: what was moved."""
    count = bed.sizes.copies
    conn = bed.conn(f"Move{round_}")
    conn.ok(b"STORE 1:* +FLAGS.SILENT (\\Deleted)")
    answer = bed.timed(f"Move{round_}", b"EXPUNGE")
    check("EXPUNGE lines", answer.data.count(b" EXPUNGE\r\n"), count)
    bed.conn(BIG)
    check("left", bed.messages(f"Move{round_}"), 0)
    return count / answer.seconds


ROWS = [
    Row("STORE 1:* FLAGS.SILENT", "msgs/s", store_all, 1.0),
    Row("STORE of one message, latency", "ms", store_one, 0.7, more_is_better=False),
    Row("APPEND 5 KB, one connection", "msgs/s", append_one, 1.5),
    Row("APPEND 5 KB, pipelined", "msgs/s", append_pipelined, 2.0),
    Row("APPEND 5 KB, 16 to 16 mailboxes", "msgs/s", append_16, 1.0),
    Row("APPEND 5 KB, 16 to one mailbox", "msgs/s", append_16_same, 2.0, quick=False),
    Row("MULTIAPPEND 5 KB, 50 a command", "msgs/s", append_together, 0.4, quick=False),
    Row("MULTIAPPEND, sdbox in place of mdbox", "msgs/s", against_sdbox, 3.0, once=True, quick=False),
    Row("APPEND of realistic sizes", "MB/s", append_realistic, 1.2),
    Row("COPY", "msgs/s", copy, 3.0),
    Row("MOVE", "msgs/s", move, 3.0),
    Row("EXPUNGE", "msgs/s", expunge, 3.0),
]
