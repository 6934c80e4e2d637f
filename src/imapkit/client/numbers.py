"""UIDs in every form users have them: one, many, a set, text like ``"1:5,9"``.

The rule this file must not break: nothing is taken for a UID that its giver did not mean as one, as the octets of a text.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import UsageError
from ..protocol.numset import LARGEST, STAR, NumSet, Range, join, message_number, overlap, refuse_text

UidsLike = int | str | NumSet | Iterable[int]


def numset_of(given: Iterable[UidsLike]) -> NumSet:
    """One set of all. Raises UsageError."""
    sets = [_one(one) for one in given]
    if any(one.saved for one in sets):
        if len(sets) > 1:
            raise UsageError(
                "$, the saved result of a search, stands alone: IMAP cannot join it with other UIDs"
            )
        return sets[0]
    return NumSet(tuple(sorted(pair for one in sets for pair in one.ranges)))


def _one(given: object) -> NumSet:
    if isinstance(given, NumSet):
        return given
    if isinstance(given, str):
        return NumSet.parse(given)
    refuse_text(given)
    if isinstance(given, int):
        return NumSet.of(given)
    if not isinstance(given, Iterable):
        raise UsageError(f"UIDs are numbers, a NumSet, or text like '1:5,9', not {given!r}")
    return NumSet.from_numbers(map(message_number, given))


def is_settled(asked: NumSet, exists: int) -> bool:
    """True when the set names certain messages. It does not with ``*`` or ``$`` in it, or when it names more than there are."""
    if asked.saved or any(STAR in pair for pair in asked.ranges):
        return False
    return asked.count() <= max(exists, 1)


def within(found: NumSet, asked: NumSet) -> NumSet:
    """What a server found of the UIDs it was asked for; what nobody named is left out."""
    if asked.saved or not found:
        return found
    there = found.resolve(0)
    last = there[-1][1]
    return NumSet(tuple(overlap(there, join(_named(pair, last) for pair in asked.ranges))))


def _named(pair: Range, last: int) -> Range:
    low, high = min(pair), max(pair)
    if low == STAR:
        return last, last  # the last message alone
    return low, LARGEST if high == STAR else high
