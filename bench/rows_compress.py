"""COMPRESS=DEFLATE (RFC 4978): how fast, and how much less goes over the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from bench.bed import BIG, Bed, Row, check
from bench.deflate import Deflated
from bench.server import PASSWORD, USER


@dataclass(frozen=True, slots=True)
class Compressed:
    """One answer."""

    rate: float
    wire: float
    plain: float


def _fetch(bed: Bed, round_: int) -> Compressed:
    found = bed.measured.get(("compress", round_))
    if found is None:
        bed.needs("COMPRESS=DEFLATE")
        bed.mutate()
        found = bed.measured["compress", round_] = _measure(bed, round_)
    assert isinstance(found, Compressed)
    return found


def _measure(bed: Bed, round_: int) -> Compressed:
    with Deflated(bed.server.address).login(USER, PASSWORD) as conn:
        conn.compress()
        conn.ok(f"SELECT {BIG}".encode())
        before = conn.wire
        with bed.cpu():
            answer = conn.ok(b"FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)")
        wire = conn.wire - before
    check("FETCH lines", answer.data.count(b" FETCH ("), bed.total)
    sizes = re.findall(rb"RFC822\.SIZE (\d+)", answer.data)
    check("sum of sizes", sum(map(int, sizes)), sum(mail.size for mail in bed.mails))
    for seq in Random(f"compressed {round_}").sample(range(bed.total), 20):
        check(f"Message-ID of {seq + 1}", bed.mails[seq].message_id in answer.data, True)
    check("less on the wire", wire < len(answer.data), True)
    bed.note = f"{len(answer.data) / bed.total:.0f} octets a message before compression"
    return Compressed(bed.total / answer.seconds, wire / bed.total, len(answer.data) / bed.total)


def rate(bed: Bed, round_: int) -> float:
    """Messages a second."""
    return _fetch(bed, round_).rate


def wire(bed: Bed, round_: int) -> float:
    """Octets a message on the wire."""
    return _fetch(bed, round_).wire


ROWS = [
    Row("FETCH ENVELOPE and columns, COMPRESS=DEFLATE", "msgs/s", rate),
    Row("the same: on the wire, a message", "octets", wire, more_is_better=False),
]
