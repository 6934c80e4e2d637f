"""SEARCH: every answer is compared whole with the numbers that the corpus knows. Needles differ between rounds."""

from __future__ import annotations

import fcntl
from collections.abc import Sequence
from datetime import timedelta

from bench import words
from bench.bed import BIG, Bed, Row, Run, check
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


def _inside(key: str, needles: Sequence[str]) -> Run:
    """A row that looks for a needle in texts; the same needle is not looked for in BODY and in TEXT of one round."""
    shift = 0 if key == "BODY" else 1
    return lambda bed, round_: _needle(bed, key, needles[(round_ + shift) % len(needles)])


def _unindexed(key: str, needles: Sequence[str]) -> Run:
    """The same while there is no index; peers have none, so for them it is the plain search."""

    def run(bed: Bed, round_: int) -> float:
        _drop_index(bed)
        return _needle(bed, key, needles[(round_ + 2) % len(needles)])

    return run


def _drop_index(bed: Bed) -> None:
    """Delete the files of imapkit's search index and hold the lock of its builder from now on, to the end of the run."""
    for lock in sorted(bed.server.home.rglob("search.lock")) if bed.server.home else ():
        if lock not in bed.held:
            bed.held[lock] = stream = lock.open("rb")
            fcntl.flock(stream, fcntl.LOCK_EX)
        for path in lock.parent.glob("search.db*"):
            path.unlink()


_KINDS = {
    "rare": words.BODY_RARE,
    "one in ten": words.BODY_COMMON,
    "in most": words.BODY_MOST,
    "absent": words.ABSENT,
    "two characters": words.TWO_CHARACTERS,
}

ROWS = [
    Row("SEARCH UNSEEN", "ms", unseen, 1.5, more_is_better=False),
    Row("SEARCH SINCE", "ms", since, 10.0, more_is_better=False),
    Row("SEARCH FROM, first", "ms", sender, more_is_better=False, once=True),
    Row("SEARCH FROM", "ms", sender, 20.0, more_is_better=False),
    Row("SEARCH SUBJECT, rare", "ms", subject, 10.0, more_is_better=False),
    *(
        Row(
            f"SEARCH {key}, {name}",
            "ms",
            _inside(key, needles),
            100.0,
            more_is_better=False,
            patience=2.0,
            quick=key == "BODY",
        )
        for key in ("BODY", "TEXT")
        for name, needles in _KINDS.items()
    ),
]
LAST = [
    Row(
        f"SEARCH {key}, no index yet",
        "ms",
        _unindexed(key, words.BODY_RARE),
        3.0,
        more_is_better=False,
        patience=2.0,
        quick=key == "BODY",
    )
    for key in ("BODY", "TEXT")
]
"""After all others: the index is not built again."""
