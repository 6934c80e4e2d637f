"""Sets of message numbers against Python's own sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import ParseError, UsageError
from imapkit.protocol.numset import (
    ALL,
    SAVED,
    STAR,
    NumSet,
    compress,
    encode_numset,
    holds,
    join,
    overlap,
    read_numset,
    without,
)
from imapkit.wire.cursor import Cursor

NUMBERS = st.sets(st.integers(1, 300), max_size=60)
RANGES = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=12)


@given(NUMBERS)
def test_numbers_make_the_smallest_ranges(numbers: set[int]) -> None:
    numset = NumSet.from_numbers(numbers)
    assert set(numset.numbers()) == numbers and numset.count() == len(numbers)
    for (_, high), (low, _) in zip(numset.ranges, numset.ranges[1:], strict=False):
        assert low > high + 1


@given(NUMBERS.filter(bool))
def test_what_is_written_is_read(numbers: set[int]) -> None:
    numset = NumSet.from_numbers(numbers)
    assert read_numset(Cursor(encode_numset(numset))) == numset


@given(RANGES, st.integers(1, 60))
def test_resolve_is_the_union(pairs: list[tuple[int, int]], largest: int) -> None:
    ranges = NumSet(tuple(pairs)).resolve(largest)
    expected = {number for low, high in pairs for number in range(min(low, high), max(low, high) + 1)}
    assert {number for low, high in ranges for number in range(low, high + 1)} == expected
    assert ranges == list(compress(sorted(expected)))
    for number in range(70):
        assert holds(ranges, number) == (number in expected)


@pytest.mark.parametrize(
    ("text", "largest", "expected"),
    [
        ("1:*", 5, [(1, 5)]),
        ("*", 5, [(5, 5)]),
        ("9:*", 5, [(5, 9)]),
        ("*:2", 5, [(2, 5)]),
        ("3,1:2", 5, [(1, 3)]),
    ],
)
def test_star_is_the_largest_number(text: str, largest: int, expected: list[tuple[int, int]]) -> None:
    assert NumSet.parse(text).resolve(largest) == expected


def test_dollar_is_the_saved_result() -> None:
    assert NumSet.parse("$") == SAVED and str(SAVED) == "$" and SAVED


@pytest.mark.parametrize(
    "text", ["0", "1:0", "1,,2", ",1", "1:", ":1", "4294967296", "1:2:3", "a", "", "1 2", "**"]
)
def test_what_is_no_set(text: str) -> None:
    with pytest.raises(UsageError):
        NumSet.parse(text)
    c = Cursor(text.encode())
    with pytest.raises(ParseError):
        read_numset(c)
        c.finish()


def test_an_empty_set_cannot_be_written() -> None:
    with pytest.raises(UsageError):
        encode_numset(NumSet())
    assert not NumSet()


def test_endless_sets_cost_nothing() -> None:
    huge = NumSet.parse("1:4294967295")
    assert huge.count() == 4294967295 and 77 in huge and STAR not in huge
    assert str(ALL) == "1:*"
    with pytest.raises(UsageError):
        ALL.count()


@given(RANGES)
def test_join_keeps_all(pairs: list[tuple[int, int]]) -> None:
    ordered = [(min(pair), max(pair)) for pair in pairs]
    joined = join(ordered)
    assert {n for low, high in joined for n in range(low, high + 1)} == {
        n for low, high in ordered for n in range(low, high + 1)
    }


@given(RANGES, RANGES)
def test_what_is_in_both_and_what_is_left(ones: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    def members(pairs: list[tuple[int, int]]) -> set[int]:
        return {n for low, high in pairs for n in range(low, high + 1)}

    one, other = (join((min(pair), max(pair)) for pair in pairs) for pairs in (ones, others))
    assert members(overlap(one, other)) == members(one) & members(other)
    left = without(one, other)
    assert members(left) == members(one) - members(other) and left == join(left)


def test_split_bounds_the_line() -> None:
    numset = NumSet.from_numbers(range(1, 100, 2))
    assert [len(part.ranges) for part in numset.split(20)] == [20, 20, 10]


def test_every_set_can_be_printed() -> None:
    assert [str(numset) for numset in (NumSet(), NumSet.of(1, 2, 5), NumSet((), saved=True))] == [
        "",
        "1:2,5",
        "$",
    ]
