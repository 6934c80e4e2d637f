"""Sets of UIDs on numpy against Python's own sets, small and large, dense and sparse: each kind goes another way."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imapkit.protocol.numset import compress
from imapkit.stores.sqlite.uidset import NumpySet, distinct, is_member


def _some(seed: int, size: int, span: int) -> set[int]:
    return {Random(seed + at).randint(1, span) for at in range(size)}


SETS = st.builds(
    lambda seed, size, step, whole: set(range(seed, seed + size)) if whole else _some(seed, size, size * step + 1),
    st.integers(1, 5000),
    st.sampled_from([0, 1, 2, 30, 1500]),
    st.sampled_from([1, 2, 20]),
    st.booleans(),
)  # fmt: skip


def _packed(uids: set[int]) -> NumpySet:
    return NumpySet(np.array(sorted(uids), np.uint32))


@given(SETS, SETS)
def test_sets_are_sets(one: set[int], other: set[int]) -> None:
    fast, second = _packed(one), _packed(other)
    assert set(fast & second) == one & other
    assert set(fast | second) == one | other
    assert set(fast - second) == one - other
    assert fast.ranges() == list(compress(sorted(one)))
    assert is_member(fast.uids, second.uids).tolist() == [uid in other for uid in sorted(one)]
    assert all(uid in fast for uid in one)
    assert not any(uid in fast for uid in other - one)


@given(st.lists(st.integers(-(1 << 62), 1 << 62)))
def test_distinct(numbers: list[int]) -> None:
    assert distinct(np.array(numbers, np.int64)).tolist() == sorted(set(numbers))
