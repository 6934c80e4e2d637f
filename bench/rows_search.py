"""SEARCH: every answer is compared whole with the numbers that the corpus knows. Needles differ between rounds."""

from __future__ import annotations

from datetime import timedelta

from bench import words
from bench.bed import BIG, Bed, Row, check
from bench.corpus import FIRST_DAY, holding
from bench.load import Answer


def _numbers(answer: Answer) -> list[int]:
    found: list[int] = []
    for line in answer.data.split(b"\r\n"):
        if line.startswith(b"* SEARCH"):
            found += map(int, line[8:].split())
    return sorted(found)


def _search(bed: Bed, line: bytes, expected: list[int]) -> float:
    answer = bed.timed(BIG, b"SEARCH " + line)
    found = _numbers(answer)
    if found != expected:
        missing, more = set(expected) - set(found), set(found) - set(expected)
        check(
            f"{line!r} ({len(expected)} messages)",
            f"{len(missing)} missing {sorted(missing)[:3]}, {len(more)} too many {sorted(more)[:3]}",
            "all",
        )
    return answer.seconds * 1000


def unseen(bed: Bed, round_: int) -> float:
    bed.mutate()
    return _search(bed, b"UNSEEN", [seq for seq, seen in enumerate(bed.seen, 1) if not seen])


def since(bed: Bed, round_: int) -> float:
    bed.mutate()
    day = (FIRST_DAY + timedelta(days=(800, 500, 850)[round_ % 3])).date()
    expected = [seq for seq, mail in enumerate(bed.mails, 1) if mail.arrived.date() >= day]
    return _search(bed, b"SINCE " + day.strftime("%d-%b-%Y").encode(), expected)


def sender(bed: Bed, round_: int) -> float:
    bed.mutate()
    who = bed.mails[17 + 31 * round_].sender
    return _search(
        bed, b'FROM "%s"' % who.encode(), [seq for seq, mail in enumerate(bed.mails, 1) if mail.sender == who]
    )


def _needle(bed: Bed, key: str, needle: str) -> float:
    bed.mutate()
    return _search(bed, f'{key} "{needle}"'.encode(), holding(bed.mails, needle))


def subject(bed: Bed, round_: int) -> float:
    return _needle(bed, "SUBJECT", words.SUBJECT_RARE[round_ % 3])


def body_rare(bed: Bed, round_: int) -> float:
    return _needle(bed, "BODY", words.BODY_RARE[round_ % 3])


def body_common(bed: Bed, round_: int) -> float:
    return _needle(bed, "BODY", words.BODY_COMMON[round_ % 3])


def body_short(bed: Bed, round_: int) -> float:
    return _needle(bed, "BODY", words.TWO_CHARACTERS[round_ % 3])


def text_absent(bed: Bed, round_: int) -> float:
    return _needle(bed, "TEXT", words.ABSENT[round_ % 3])


ROWS = [
    Row("SEARCH UNSEEN", "ms", unseen, 1.5, more_is_better=False),
    Row("SEARCH SINCE", "ms", since, 10.0, more_is_better=False),
    Row("SEARCH FROM, first", "ms", sender, more_is_better=False, once=True),
    Row("SEARCH FROM", "ms", sender, 20.0, more_is_better=False),
    Row("SEARCH SUBJECT, rare", "ms", subject, 10.0, more_is_better=False),
    Row("SEARCH BODY, rare", "ms", body_rare, 100.0, more_is_better=False),
    Row("SEARCH BODY, one in ten", "ms", body_common, more_is_better=False),
    Row("SEARCH BODY, two characters", "ms", body_short, more_is_better=False),
    Row("SEARCH TEXT, absent", "ms", text_absent, 100.0, more_is_better=False),
]
