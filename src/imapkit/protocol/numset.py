"""Sets of message numbers: ``sequence-set`` (RFC 9051 section 9), ``uid-set`` (RFC 4315) and ``$`` (RFC 5182).

A ``NumSet`` is a value: ranges as they were written, ``*`` kept as ``STAR`` until ``resolve`` is told what it means. Ranges
stay ranges: 1:4294967295 costs nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, SupportsIndex

from ..errors import LimitExceeded, UsageError
from ..record import value
from ..wire import terminals as t
from ..wire.cursor import Cursor
from ..wire.limits import CLIENT
from ..wire.writer import Writer

STAR: Final = 1 << 32
"""``*``: the largest number in use. Larger than any number, so that order is right."""

LARGEST: Final = STAR - 1
"""The largest number that a message can have."""

SPLIT: Final = "[int(n) for n in data[0].split()]"
"""What makes numbers of the octets that other libraries answer a search with."""

Range = tuple[int, int]


@value
class NumSet:
    """Ranges of message numbers, inclusive, as written; ``saved`` is ``$``, the result of the last SEARCH with SAVE."""

    ranges: tuple[Range, ...] = ()
    saved: bool = False

    @classmethod
    def of(cls, *numbers: int) -> NumSet:
        """The set of these numbers. Raises UsageError."""
        return cls.from_numbers(map(message_number, numbers))

    @classmethod
    def from_numbers(cls, numbers: Iterable[int]) -> NumSet:
        """The smallest ranges that hold exactly ``numbers``. Raises UsageError for text and octets, which are no numbers."""
        refuse_text(numbers)
        return cls(tuple(compress(sorted(set(numbers)))))

    @classmethod
    def span(cls, first: int, last: int = STAR) -> NumSet:
        """``first:last``; without ``last``, ``first:*``."""
        return cls(((first, last),))

    @classmethod
    def parse(cls, text: str) -> NumSet:
        """From ``"1:3,7,9:*"``. Raises UsageError."""
        c = Cursor(text.encode("ascii", "replace"))
        try:
            found = read_numset(c)
            c.finish()
        except Exception as error:
            raise UsageError(f'not a set of numbers: {text!r}; one looks like "1:5,9" or "1:*"') from error
        return found

    def __bool__(self) -> bool:
        return self.saved or bool(self.ranges)

    def __contains__(self, number: int) -> bool:
        return any(min(low, high) <= number <= max(low, high) for low, high in self.ranges)

    def resolve(self, largest: int) -> list[Range]:
        """Sorted, joined ranges with ``*`` replaced by ``largest``; n:* with n above it means ``largest`` alone (RFC 9051)."""
        pairs: list[Range] = []
        for low, high in self.ranges:
            low = largest if low == STAR else low
            high = largest if high == STAR else high
            pairs.append((low, high) if low <= high else (high, low))
        return join(pairs)

    def bounded(self, largest: int) -> list[Range]:
        """As ``resolve``, but n:* with n above ``largest`` names nothing."""
        kept = [
            pair for pair in self.ranges if STAR not in pair or min(pair) <= largest or pair == (STAR, STAR)
        ]
        return NumSet(tuple(kept)).resolve(largest)

    def upward(self) -> NumSet:
        """The set of UIDs with ``n:*`` as ``n:4294967295``, which names nothing below n; IMAP's ``n:*`` always names the last message too.

        ``*`` alone and ``1:*``, where there is no difference, stay.
        """
        if not any(STAR in pair and pair[0] != pair[1] for pair in self.ranges):
            return self
        return NumSet(tuple(_upward(pair) for pair in self.ranges), self.saved)

    def numbers(self) -> Iterator[int]:
        """All numbers, ascending. Raises UsageError when ``*`` or ``$`` is in the set."""
        if self.saved or any(STAR in pair for pair in self.ranges):
            raise UsageError("a set with * or $ has no numbers of its own")
        for low, high in self.resolve(0):
            yield from range(low, high + 1)

    def count(self) -> int:
        """How many numbers, without listing them. Raises UsageError when ``*`` or ``$`` is in the set."""
        if self.saved or any(STAR in pair for pair in self.ranges):
            raise UsageError("a set with * or $ has no size of its own")
        return sum(high - low + 1 for low, high in self.resolve(0))

    def split(self, most: int) -> Iterator[NumSet]:
        """Sets of at most ``most`` ranges each, for short command lines."""
        for start in range(0, len(self.ranges), most):
            yield NumSet(self.ranges[start : start + most])

    def __str__(self) -> str:
        """As IMAP writes it; nothing for the empty set, which IMAP cannot write."""
        return encode_numset(self).decode("ascii") if self else ""


ALL: Final = NumSet(((1, STAR),))
SAVED: Final = NumSet((), saved=True)


def _upward(pair: Range) -> Range:
    low, high = min(pair), max(pair)
    return (low, LARGEST) if high == STAR and 1 < low < STAR else pair


def check_count(numset: NumSet) -> None:
    """Raises LimitExceeded for more messages than a client lists one by one: a few octets of a server can name thousands of millions."""
    count = sum([abs(high - low) + 1 for low, high in numset.ranges])
    if count > CLIENT.items:
        raise LimitExceeded("messages of an answer", CLIENT.items, count)


def refuse_text(given: object) -> None:
    """Raises UsageError for text and octets: iterated, octets would be taken for numbers that nobody meant."""
    if isinstance(given, bytes | bytearray | memoryview | str):
        raise UsageError(f"message numbers are no {type(given).__name__}: make numbers of it, as by {SPLIT}")


def message_number(number: object) -> int:
    """One number of a message, or UID, as a caller gave it. Raises UsageError."""
    if type(number) is int and 0 < number < STAR:
        return number
    refuse_text(number)
    if isinstance(number, SupportsIndex) and not isinstance(number, bool):
        plain = number.__index__()
        if 0 < plain < STAR:
            return plain
    raise UsageError(f"the number of a message is an integer from 1 to {LARGEST}, not {number!r}")


def asked(numset: object, *, uid: object) -> NumSet:
    """The set that a verb was given, as it goes to the server: UIDs reach upward only; what counts of ``uid`` is whether it is true.

    Raises UsageError.
    """
    if not isinstance(numset, NumSet):
        refuse_text(numset)
        raise UsageError(f"messages are named by a NumSet, as NumSet.of(1, 2), not by {numset!r}")
    return numset.upward() if uid else numset


def compress(numbers: Iterable[int]) -> Iterator[Range]:
    """Ranges of ascending ``numbers``."""
    first = last = -1
    for number in numbers:
        if number == last + 1 and first >= 0:
            last = number
        else:
            if first >= 0:
                yield first, last
            first = last = number
    if first >= 0:
        yield first, last


def join(pairs: Iterable[Range]) -> list[Range]:
    """Sorted ranges without overlap or touch."""
    joined: list[Range] = []
    for low, high in sorted(pairs):
        if joined and low <= joined[-1][1] + 1:
            if high > joined[-1][1]:
                joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def overlap(ranges: list[Range], others: list[Range]) -> list[Range]:
    """What is in both of two lists of sorted, joined ranges."""
    common: list[Range] = []
    at = 0
    for low, high in ranges:
        while at < len(others) and others[at][1] < low:
            at += 1
        there = at
        while there < len(others) and others[there][0] <= high:
            common.append((max(low, others[there][0]), min(high, others[there][1])))
            there += 1
    return common


def without(ranges: list[Range], others: list[Range]) -> list[Range]:
    """What is in ``ranges`` and not in ``others``, both sorted and joined."""
    left: list[Range] = []
    at = 0
    for low, high in ranges:
        while at < len(others) and others[at][1] < low:
            at += 1
        there = at
        while there < len(others) and others[there][0] <= high:
            if low < others[there][0]:
                left.append((low, others[there][0] - 1))
            low = others[there][1] + 1
            there += 1
        if low <= high:
            left.append((low, high))
    return left


def holds(ranges: list[Range], number: int) -> bool:
    """True when ``number`` is in sorted, joined ``ranges``."""
    at = bisect_right(ranges, (number, STAR)) - 1
    return at >= 0 and ranges[at][0] <= number <= ranges[at][1]


def read_numset(c: Cursor) -> NumSet:
    """sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command."""
    start = c.pos
    text = c.match(t.SEQUENCE_SET, "a set of message numbers")
    if text == b"$":
        return SAVED
    pieces = text.split(b",")
    if len(pieces) > c.limits.items:
        raise LimitExceeded("ranges of a set", c.limits.items, len(pieces))
    try:
        return NumSet(tuple([_range(piece) for piece in pieces]))
    except ValueError:
        c.pos = start
        raise c.fail("a set of message numbers") from None


def _range(piece: bytes) -> Range:
    first, colon, last = piece.partition(b":")
    low = _number(first)
    return (low, _number(last)) if colon else (low, low)


def _number(text: bytes) -> int:
    if text == b"*":
        return STAR
    number = int(text)
    if not 0 < number < STAR:
        raise ValueError(text)
    return number


def encode_numset(numset: NumSet) -> bytes:
    """The set as IMAP writes it. Raises UsageError when it is empty: IMAP has no empty set."""
    if numset.saved:
        return b"$"
    if not numset.ranges:
        raise UsageError("the set of messages is empty")
    return encode_ranges(numset.ranges)


def encode_ranges(ranges: Iterable[Range]) -> bytes:
    """Ranges as IMAP writes them."""
    return b",".join(
        [_encode(low) if low == high else _encode(low) + b":" + _encode(high) for low, high in ranges]
    )


def _encode(number: int) -> bytes:
    return b"*" if number == STAR else b"%d" % number


def write_numset(w: Writer, numset: NumSet) -> None:
    w.raw(encode_numset(numset))
