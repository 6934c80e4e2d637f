"""FETCH: columns, ready-made structures, header fields and bodies. Answers are counted whole and compared by sample."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from random import Random

from bench.bed import BIG, HUGE, REAL, Bed, Row, check
from bench.corpus import Mail
from bench.load import Answer, WrongAnswer

_LITERAL = re.compile(rb"\{(\d+)\}\r\n")
_BOUNDARY = re.compile(rb'boundary="([^"]+)"')
_FIELDS = (
    b"FROM TO CC SUBJECT DATE MESSAGE-ID",
    b"SUBJECT FROM DATE MESSAGE-ID TO CC",
    b"DATE FROM TO CC SUBJECT MESSAGE-ID",
)


def _lines(answer: Answer, expected: int) -> None:
    check("FETCH lines", answer.data.count(b" FETCH ("), expected)


def _line_of(answer: Answer, seq: int) -> bytes:
    start = answer.data.find(b"* %d FETCH (" % seq)
    end = answer.data.find(b"\r\n* %d FETCH (" % (seq + 1), start)
    if start < 0:
        raise WrongAnswer(f"no FETCH line for message {seq}")
    return answer.data[start:end] if end > 0 else answer.data[start:]


def _sample(bed: Bed, round_: int, mails: Sequence[Mail], count: int = 5) -> list[tuple[int, Mail]]:
    seqs = Random(f"sample {round_}").sample(range(1, len(mails) + 1), count)
    return [(seq, mails[seq - 1]) for seq in seqs]


def uid_flags(bed: Bed, round_: int) -> float:
    """Messages a second."""
    bed.mutate()
    answer = bed.timed(BIG, b"FETCH 1:* (UID FLAGS)")
    _lines(answer, bed.total)
    for seq, _ in _sample(bed, round_, bed.mails):
        check(f"\\Seen of {seq}", b"\\Seen" in _line_of(answer, seq), bed.seen[seq - 1])
    return bed.total / answer.seconds


def envelope(bed: Bed, round_: int) -> float:
    """Messages a second."""
    bed.mutate()
    answer = bed.timed(BIG, b"FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)")
    _lines(answer, bed.total)
    sizes = re.findall(rb"RFC822\.SIZE (\d+)", answer.data)
    check("sum of sizes", sum(map(int, sizes)), sum(mail.size for mail in bed.mails))
    for seq, mail in _sample(bed, round_, bed.mails):
        line = _line_of(answer, seq)
        check(
            f"ENVELOPE of {seq}",
            mail.message_id in line and b'"%s"' % mail.sender.split("@")[0].encode() in line,
            True,
        )
    return bed.total / answer.seconds


def bodystructure(bed: Bed, round_: int) -> float:
    """Messages a second."""
    bed.mutate()
    answer = bed.timed(BIG, b"FETCH 1:* BODYSTRUCTURE")
    _lines(answer, bed.total)
    for seq, mail in _sample(bed, round_, bed.mails):
        line = _line_of(answer, seq).upper()
        body = mail.data.partition(b"\r\n\r\n")[2]
        if mail.kind == "plain":
            check(f"BODYSTRUCTURE of {seq}", b'"7BIT" %d %d' % (len(body), body.count(b"\n")) in line, True)
        else:
            check(f"BODYSTRUCTURE of {seq}", b'"TEXT" "HTML"' in line and b'"ALTERNATIVE"' in line, True)
    return bed.total / answer.seconds


def header_fields(bed: Bed, round_: int) -> float:
    """Messages a second; the order of the fields asked for differs between rounds."""
    bed.mutate()
    answer = bed.timed(BIG, b"FETCH 1:* (BODY.PEEK[HEADER.FIELDS (%s)])" % _FIELDS[round_ % 3])
    _lines(answer, bed.total)
    for seq, mail in _sample(bed, round_, bed.mails):
        line = _line_of(answer, seq)
        for name in (b"Message-ID: ", b"Subject: ", b"From: "):
            start = mail.data.index(b"\r\n" + name) + 2
            check(f"{name!r} of {seq}", mail.data[start : mail.data.index(b"\r\n", start)] in line, True)
        check(f"no other field of {seq}", b"Received:" in line, False)
    return bed.total / answer.seconds


def bodies(bed: Bed, round_: int) -> float:
    """Megabytes a second, all messages of the realistic mailbox."""
    answer = bed.timed(REAL, b"FETCH 1:* (UID BODY.PEEK[])")
    total = sum(mail.size for mail in bed.mail.real)
    check("long enough", len(answer.data) > total, True)
    for seq, mail in _sample(bed, round_, bed.mail.real):
        check(f"BODY[] of {seq}", b"{%d}\r\n%s" % (mail.size, mail.data) in answer.data, True)
    return total / answer.seconds / 1e6


def one_huge(bed: Bed, round_: int) -> float:
    """Megabytes a second for one message."""
    answer = bed.timed(HUGE, b"FETCH 1 BODY.PEEK[]")
    check("the body", bed.mail.huge in answer.data, True)
    return len(bed.mail.huge) / answer.seconds / 1e6


def partials(bed: Bed, round_: int) -> float:
    """Megabytes a second, the first 64 KB of each message of the realistic mailbox."""
    answer = bed.timed(REAL, b"FETCH 1:* (UID BODY.PEEK[]<0.65536>)")
    for seq, mail in _sample(bed, round_, bed.mail.real):
        start = mail.data[:65536]
        check(f"partial of {seq}", b"{%d}\r\n%s" % (len(start), start) in answer.data, True)
    return sum(min(65536, mail.size) for mail in bed.mail.real) / answer.seconds / 1e6


def second_parts(bed: Bed, round_: int) -> float:
    """Messages a second: BODY[2] of those with attachments."""
    seqs = [seq for seq, mail in enumerate(bed.mail.real, 1) if mail.kind == "mixed"]
    answer = bed.timed(REAL, b"FETCH %s (UID BODY.PEEK[2])" % ",".join(map(str, seqs)).encode())
    _lines(answer, len(seqs))
    parts = _literals(answer.data)
    check("parts", len(parts), len(seqs))
    for at in Random(f"parts {round_}").sample(range(len(seqs)), min(20, len(seqs))):
        check(f"BODY[2] of {seqs[at]}", parts[at] == second_part(bed.mail.real[seqs[at] - 1].data), True)
    return len(seqs) / answer.seconds


def second_part(data: bytes) -> bytes:
    """The second part of a multipart that the corpus made, without its header."""
    found = _BOUNDARY.search(data)
    if found is None:
        raise ValueError("not a multipart")
    return data.split(b"\r\n--" + found[1])[2].partition(b"\r\n\r\n")[2]


def _literals(data: bytes) -> list[bytes]:
    """All literals of an answer, in order."""
    found: list[bytes] = []
    literal = _LITERAL.search(data)
    while literal is not None:
        end = literal.end() + int(literal[1])
        found.append(data[literal.end() : end])
        literal = _LITERAL.search(data, end)
    return found


def one_body(bed: Bed, round_: int) -> float:
    """Milliseconds, the median of single messages fetched by UID one after the other."""
    conn = bed.conn(BIG)
    taken = []
    with bed.cpu():
        for seq, mail in _sample(bed, round_, bed.mails, 200):
            answer = conn.ok(b"FETCH %d BODY.PEEK[]" % seq)
            taken.append(answer.seconds)
            check(f"BODY[] of {seq}", mail.data in answer.data, True)
    return statistics.median(taken) * 1000


ROWS = [
    Row("FETCH 1:* (UID FLAGS)", "msgs/s", uid_flags, 1.5),
    Row("FETCH ENVELOPE and columns", "msgs/s", envelope, 3.0),
    Row("FETCH BODYSTRUCTURE", "msgs/s", bodystructure, 1.0),
    Row("FETCH HEADER.FIELDS (6 fields)", "msgs/s", header_fields, 1.0),
    Row("FETCH bodies, realistic mail", "MB/s", bodies, 1.5),
    Row("FETCH one large message", "MB/s", one_huge, 1.5),
    Row("FETCH first 64 KB of each", "MB/s", partials, 1.5),
    Row("FETCH BODY[2] of multiparts", "msgs/s", second_parts, 3.0),
    Row("FETCH one small BODY[], latency", "ms", one_body, 0.7, more_is_better=False),
]
