"""SORT's order: stable, by several criteria, REVERSE for each of them (RFC 5256 section 3)."""

from __future__ import annotations

import random
from functools import cmp_to_key

from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.query.sort import RUN, SortColumn, Work, sort


def result(work: Work[list[int]]) -> tuple[list[int], int]:
    """The order, and in how many steps."""
    steps = 1
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: list[int] = done.value
            return found, steps
        steps += 1


def naive(count: int, columns: list[SortColumn]) -> list[int]:
    """Compare two messages by each criterion in turn, in the end by message number."""

    def compare(one: int, two: int) -> int:
        for column in columns:
            first, second = column.keys[one], column.keys[two]
            if first != second:
                less = first < second  # type: ignore[operator]  # a column has keys of one type
                return -1 if less is not column.reverse else 1
        return one - two

    return sorted(range(count), key=cmp_to_key(compare))


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, list[SortColumn]]:
    count = draw(st.integers(0, 12))
    numbers = st.lists(st.integers(-2, 2), min_size=count, max_size=count)
    texts = st.lists(st.sampled_from(["", "A", "AB", "B", "\u00df"]), min_size=count, max_size=count)
    columns = st.builds(SortColumn, st.one_of(numbers, texts), st.booleans())
    return count, draw(st.lists(columns, max_size=3))


@given(samples())
def test_as_the_rfc_says(sample: tuple[int, list[SortColumn]]) -> None:
    assert result(sort(*sample))[0] == naive(*sample)


@settings(max_examples=20, deadline=None)
@given(st.integers(), st.integers(1, 4), st.booleans(), st.booleans())
def test_merging_runs_is_the_same_sort(seed: int, runs: int, reverse: bool, second: bool) -> None:
    rng = random.Random(seed)
    count = runs * RUN + rng.randrange(-3, 4)
    columns = [SortColumn([rng.randrange(40) for _ in range(count)], reverse)]
    if second:
        columns.append(SortColumn([f"{rng.randrange(9)}" for _ in range(count)], not reverse))
    order, steps = result(sort(count, columns))
    assert order == naive_keys(count, columns)
    assert steps > runs or count <= RUN


def naive_keys(count: int, columns: list[SortColumn]) -> list[int]:
    order = list(range(count))
    for column in reversed(columns):
        order = sorted(order, key=lambda at: column.keys[at], reverse=column.reverse)
    return order


def test_reverse_keeps_the_mailbox_order_of_equals() -> None:
    assert result(sort(4, [SortColumn(["B", "A", "B", "A"], True)]))[0] == [0, 2, 1, 3]
    assert result(sort(0, [SortColumn([])]))[0] == []
