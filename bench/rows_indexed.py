"""APPEND until the server has nothing left to do: imapkit's search index has caught up then, and its CPU is counted."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.bed import Bed, Row, check
from bench.corpus import extra_mail
from bench.load import append_line

_OCTETS = 5_000
_TIMES = 5
"""More messages than the other rows append: fewer than a thousand are read by a search rather than indexed."""
_SEED = 90_000_000


@dataclass(frozen=True, slots=True)
class Indexed:
    """From the first octet sent, and from the last OK, until the server was last at work."""

    rate: float
    behind: float


def _measured(bed: Bed, round_: int) -> Indexed:
    found = bed.measured.get(("indexed", round_))
    if found is None:
        found = bed.measured["indexed", round_] = _append(bed, round_)
    assert isinstance(found, Indexed)
    return found


def _append(bed: Bed, round_: int) -> Indexed:
    box, count = f"Indexed{round_}", bed.sizes.appends * _TIMES
    messages = [extra_mail(_SEED + round_ * count + number, _OCTETS) for number in range(count)]
    side = bed.side()
    side.ok(f"CREATE {box}".encode())
    lines = [append_line(box, message) for message in messages]
    before = bed.server.settled_cpu(bed.server.quiet)
    conn = bed.conn("INBOX")
    started = time.perf_counter()
    conn.pipeline(lines)
    answered = time.perf_counter()
    used, last = bed.server.settled(bed.server.quiet)
    bed.cpu_used += used - before
    last = max(last, answered)
    check("appended", bed.messages(box), count)
    side.ok(f"SELECT {box}".encode())
    word = messages[-1].split()[-1]
    found = side.ok(b'SEARCH BODY "%s"' % word).data.partition(b"\r\n")[0].split()
    check("the last is found", b"%d" % count in found, True)
    side.ok(b"UNSELECT")
    return Indexed(count / (last - started), last - answered)


def rate(bed: Bed, round_: int) -> float:
    """Messages a second."""
    return _measured(bed, round_).rate


def behind(bed: Bed, round_: int) -> float:
    """Seconds after the last OK."""
    return _measured(bed, round_).behind


ROWS = [
    Row("APPEND 5 KB, pipelined, until all is indexed", "msgs/s", rate, patience=20.0, quick=False),
    Row(
        "the same: indexed so long after the last OK",
        "s",
        behind,
        more_is_better=False,
        alone=True,
        quick=False,
    ),
]
