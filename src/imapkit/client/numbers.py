"""UIDs in every form users have them: one, many, a set, text like ``"1:5,9"``."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import UsageError
from ..protocol.numset import STAR, NumSet

UidsLike = int | str | NumSet | Iterable[int]


def numset_of(given: Iterable[UidsLike]) -> NumSet:
    """One set of all. Raises UsageError."""
    ranges: list[tuple[int, int]] = []
    for one in given:
        if isinstance(one, NumSet):
            if one.saved:
                return one
            ranges += one.ranges
        elif isinstance(one, str):
            ranges += NumSet.parse(one).ranges
        else:
            ranges += NumSet.from_numbers(_checked([one] if isinstance(one, int) else one)).ranges
    return NumSet(tuple(sorted(ranges)))


def _checked(numbers: Iterable[int]) -> Iterable[int]:
    for number in numbers:
        if not 0 < number < STAR:
            raise UsageError(f"a UID is a whole number above zero, not {number!r}")
        yield number
