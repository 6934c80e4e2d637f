"""Message numbers against the plain definition: the place of a UID among those that are left."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from imapkit.protocol.numset import compress
from imapkit.server.numbers import Numbers

uids = st.sets(st.integers(1, 300), max_size=60).map(sorted)


@given(
    base=uids,
    later=st.sets(st.integers(301, 400), max_size=20).map(sorted),
    gone=uids,
    wanted=st.sets(st.integers(1, 410), max_size=200).map(sorted),
    whole=st.booleans(),
    packed=st.booleans(),
)
def test_numbers_of_ranges(
    base: list[int], later: list[int], gone: list[int], wanted: list[int], whole: bool, packed: bool
) -> None:
    numbers = Numbers(array("q", base) if packed else base)
    numbers.add(later)
    numbers.remove(list(compress(gone)))
    left = [uid for uid in (*base, *later) if uid not in gone]
    ranges = [(1, 1 << 32)] if whole else list(compress(wanted))
    expected = [(number, uid) for number, uid in enumerate(left, 1) if whole or uid in wanted]
    assert list(numbers.in_ranges(ranges)) == expected
    chosen = list(range(1, 401)) if whole else wanted
    assert numbers.of(chosen) == [number for number, uid in expected]
    assert numbers.of([]) == []
    assert numbers.of(left) == list(range(1, len(left) + 1))
    for uid in wanted[:30]:
        assert numbers.of([uid]) == [number for number, other in enumerate(left, 1) if other == uid]
    assert numbers.of(left[3:-2]) == list(range(4, len(left) - 1))
    assert list(numbers) == left
    assert len(numbers) == len(left)
    for number, uid in enumerate(left, 1):
        assert numbers.number_of(uid) == number
        assert numbers.uid_of(number) == uid


@given(
    gone=st.sets(st.integers(1, 40), max_size=2), wanted=st.sets(st.integers(1, 45), min_size=1).map(sorted)
)
def test_numbers_where_little_is_missing(gone: set[int], wanted: list[int]) -> None:
    numbers = Numbers(array("q", range(1, 31)))
    numbers.add(range(31, 41))
    numbers.remove(list(compress(sorted(gone))))
    left = [uid for uid in range(1, 41) if uid not in gone]
    expected = [(number, uid) for number, uid in enumerate(left, 1) if uid in wanted]
    assert list(numbers.in_ranges(compress(wanted))) == expected
    assert numbers.of(wanted) == [number for number, _ in expected]
    for uid in range(46):
        assert numbers.of([uid]) == [number for number, other in enumerate(left, 1) if other == uid]


def test_more_than_a_chunk_at_once() -> None:
    numbers = Numbers(array("q", range(2, 20_002, 2)))
    numbers.remove([(5_000, 5_000), (9_000, 9_002)])
    assert sum(1 for _ in numbers.in_ranges([(1, 30_000)])) == 9_997
    assert list(numbers.in_ranges([(20_000, 20_000)])) == [(9_997, 20_000)]
    found = list(numbers.in_ranges([(uid, uid) for uid in range(1, 20_001, 3)]))
    assert found == [(number, uid) for number, uid in enumerate(numbers, 1) if uid % 3 == 1]
