"""Coming back after ten changes: SELECT with QRESYNC and FETCH CHANGEDSINCE (RFC 7162). What vanished and what changed is
compared exactly, in UIDs and flags."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from random import Random

from bench.bed import BIG, Bed, Row, check
from bench.load import Connection, WrongAnswer

_FLAGS, _EXPUNGES, _TURNS = 5, 5, 5


def _code(data: bytes, name: bytes) -> int:
    found = re.search(rb"\b" + name + rb"[ (]+(\d+)", data)
    if found is None:
        raise WrongAnswer(f"no {name!r} in {data[:300]!r}")
    return int(found[1])


def _uids(conn: Connection, seqs: Sequence[int]) -> dict[int, int]:
    """The UID of each sequence number."""
    answer = conn.ok(b"FETCH %s (UID)" % ",".join(map(str, seqs)).encode())
    return {int(seq): int(uid) for seq, uid in re.findall(rb"\* (\d+) FETCH \(UID (\d+)\)", answer.data)}


def numbers_of(text: bytes) -> list[int]:
    """A UID set, written out in order."""
    found: list[int] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        low, high = sorted((int(first), int(last or first)))
        found += range(low, high + 1)
    return sorted(found)


def _change_flags(bed: Bed, seqs: Sequence[int]) -> dict[int, bool]:
    """Turn \\Seen over in each; from UID to what it is then. The side connection has the big mailbox selected."""
    uids = _uids(bed.side(), seqs)
    for seq in seqs:
        bed.seen[seq - 1] = not bed.seen[seq - 1]
        bed.side().ok(b"STORE %d %sFLAGS.SILENT (\\Seen)" % (seq, b"+" if bed.seen[seq - 1] else b"-"))
    return {uids[seq]: bed.seen[seq - 1] for seq in seqs}


def _expunge(bed: Bed, seqs: Sequence[int]) -> list[int]:
    """The UIDs that went."""
    uids = _uids(bed.side(), seqs)
    bed.side().ok(b"STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(map(str, seqs)).encode())
    bed.side().ok(b"EXPUNGE")
    for seq in sorted(seqs, reverse=True):
        del bed.mails[seq - 1], bed.seen[seq - 1]
    return sorted(uids.values())


def _changed(data: bytes) -> dict[int, bool]:
    """From UID to \\Seen, of all FETCH lines."""
    lines = [line for line in data.split(b"\r\n") if b" FETCH (" in line]
    return {_code(line, b"UID"): b"\\Seen" in line for line in lines}


def qresync(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: flags of five messages changed and five are gone since a client was here."""
    bed.needs("QRESYNC")
    bed.conn("INBOX")
    taken = []
    for turn in range(_TURNS):
        side = bed.side()
        before = side.ok(f"SELECT {BIG} (CONDSTORE)".encode()).data
        rng = Random(f"sync {round_} {turn}")
        changed = _change_flags(bed, rng.sample(range(1, bed.total + 1), _FLAGS))
        gone = _expunge(bed, rng.sample(range(1, bed.total + 1), _EXPUNGES))
        side.ok(b"CLOSE")
        changed = {uid: seen for uid, seen in changed.items() if uid not in gone}
        since = (_code(before, b"UIDVALIDITY"), _code(before, b"HIGHESTMODSEQ"))
        with bed.server.connect() as conn:
            conn.ok(b"ENABLE QRESYNC")
            with bed.cpu():
                answer = conn.ok(f"SELECT {BIG} (QRESYNC (%d %d))".encode() % since)
        taken.append(answer.seconds)
        check("EXISTS", b"* %d EXISTS" % bed.total in answer.data, True)
        vanished = re.findall(rb"\* VANISHED \(EARLIER\) ([\d:,]+)\r\n", answer.data)
        check("vanished", sorted(uid for text in vanished for uid in numbers_of(text)), gone)
        check("changed", _changed(answer.data), changed)
    return statistics.median(taken) * 1000


def changed_since(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: ten messages changed."""
    bed.needs("CONDSTORE")
    taken = []
    for turn in range(_TURNS):
        side = bed.side()
        before = _code(side.ok(f"SELECT {BIG} (CONDSTORE)".encode()).data, b"HIGHESTMODSEQ")
        rng = Random(f"since {round_} {turn}")
        changed = _change_flags(bed, rng.sample(range(1, bed.total + 1), _FLAGS + _EXPUNGES))
        side.ok(b"CLOSE")
        answer = bed.timed(BIG, b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % before)
        taken.append(answer.seconds)
        check("changed", _changed(answer.data), changed)
    return statistics.median(taken) * 1000


ROWS = [
    Row("SELECT with QRESYNC, ten changes", "ms", qresync, 1.0, more_is_better=False),
    Row("FETCH CHANGEDSINCE, ten changes", "ms", changed_since, 1.0, more_is_better=False),
]
