"""SORT and THREAD (RFC 5256): every answer is compared whole with what the corpus knows of dates, subjects and threads."""

from __future__ import annotations

import re
from itertools import chain

from bench.bed import BIG, Bed, Row, check
from bench.load import WrongAnswer

_TOKEN = re.compile(rb"[()]|\d+")
_MIXED = 3
"""A peer that puts so few threads together wrongly keeps its figure, and the page says so: without it imapkit would be compared with
a slower one."""


def _numbers(data: bytes) -> list[int]:
    for line in data.split(b"\r\n"):
        if line.startswith(b"* SORT"):
            return list(map(int, line[6:].split()))
    raise WrongAnswer("no SORT line")


def threads_of(data: bytes) -> list[list[int]]:
    """The messages of each thread of a THREAD line, however they nest."""
    start = data.index(b"* THREAD") + 8
    found: list[list[int]] = []
    depth = 0
    for token in _TOKEN.findall(data[start : data.index(b"\r\n", start)]):
        if token == b"(":
            if depth == 0:
                found.append([])
            depth += 1
        elif token == b")":
            depth -= 1
        else:
            found[-1].append(int(token))
    check("depth at the end", depth, 0)
    return found


def reverse_date(bed: Bed, round_: int) -> float:
    """Milliseconds; the whole order is known."""
    bed.needs("SORT")
    bed.mutate()
    answer = bed.timed(BIG, b"SORT (REVERSE DATE) UTF-8 ALL")
    sent = [mail.sent.timestamp() for mail in bed.mails]
    expected = sorted(range(1, bed.total + 1), key=lambda seq: (-sent[seq - 1], seq))
    check("order by date", _numbers(answer.data) == expected, True)
    return answer.seconds * 1000


def subject(bed: Bed, round_: int) -> float:
    """Milliseconds; the order of those with a subject of letters and spaces alone is known."""
    bed.needs("SORT")
    bed.mutate()
    answer = bed.timed(BIG, b"SORT (SUBJECT) UTF-8 ALL")
    found = _numbers(answer.data)
    check("every message once", sorted(found) == list(range(1, bed.total + 1)), True)
    plain = [(mail.subject, seq) for seq, mail in enumerate(bed.mails, 1) if mail.subject.isascii()]
    known = {seq for _, seq in plain}
    check(
        "order by subject", [seq for seq in found if seq in known] == [seq for _, seq in sorted(plain)], True
    )
    return answer.seconds * 1000


def references(bed: Bed, round_: int) -> float:
    """Milliseconds; who answers whom is together, and nobody is together who has another subject."""
    bed.needs("THREAD=REFERENCES")
    bed.mutate()
    answer = bed.timed(BIG, b"THREAD REFERENCES UTF-8 ALL")
    threads = threads_of(answer.data)
    check("every message once", sorted(chain.from_iterable(threads)) == list(range(1, bed.total + 1)), True)
    where: dict[int, int] = {}
    mixed = 0
    for number, thread in enumerate(threads):
        members = [bed.mails[seq - 1] for seq in thread]
        mixed += len({mail.subject for mail in members}) > 1
        for mail in members:
            check(f"thread of {mail.message_id!r}", where.setdefault(mail.thread, number), number)
    check("threads of several subjects", mixed if bed.server.name == "imapkit" or mixed > _MIXED else 0, 0)
    if mixed:
        bed.note = f"{mixed} threads hold messages of several subjects"
    return answer.seconds * 1000


FIRST = [
    Row("SORT (REVERSE DATE), first", "ms", reverse_date, 2.0, more_is_better=False, once=True),
    Row("SORT (SUBJECT), first", "ms", subject, 2.0, more_is_better=False, once=True),
    Row("THREAD REFERENCES, first", "ms", references, 1.0, more_is_better=False, once=True),
]
"""Before everything that makes a peer remember headers."""
ROWS = [
    Row("SORT (REVERSE DATE)", "ms", reverse_date, 2.0, more_is_better=False),
    Row("SORT (SUBJECT)", "ms", subject, 1.0, more_is_better=False),
    Row("THREAD REFERENCES", "ms", references, 2.0, more_is_better=False),
]
