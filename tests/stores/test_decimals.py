"""Many numbers written at once are written as one after the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.stores.sqlite.decimals import spaced


def plainly(numbers: list[int]) -> bytes:
    return b"".join([b" %d" % number for number in numbers])


@given(st.sets(st.integers(1, (1 << 32) - 1) | st.integers(1, 20_000), max_size=300))
def test_any_ascending_numbers(numbers: set[int]) -> None:
    ascending = sorted(numbers)
    assert spaced(np.array(ascending, np.uint32)) == plainly(ascending)


@pytest.mark.parametrize("kind", [np.uint32, np.int64])
def test_every_width_and_the_numbers_next_to_its_ends(kind: npt.DTypeLike) -> None:
    ends = [10**width for width in range(1, 10)]
    numbers = sorted({n + step for n in ends for step in range(-5, 6) if n + step > 0} | {(1 << 32) - 1})
    assert len(numbers) > 64  # else they are written plainly
    assert spaced(np.array(numbers, kind)) == plainly(numbers)


def test_none() -> None:
    assert spaced(np.empty(0, np.uint32)) == b""
