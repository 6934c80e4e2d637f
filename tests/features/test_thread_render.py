"""THREAD's answer is written shape by shape; member by member it must be the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.features import thread

shapes = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([0, 1, 1, 1]), st.integers(0, 3)), min_size=1, max_size=12
)


@given(st.lists(shapes, max_size=6), st.integers(1, 9), st.integers(1, 30))
def test_as_member_by_member(sample: list[list[tuple[int, int, int]]], large: int, batch: int) -> None:
    """A depth is at most one more than that before it; a member that is not there has several below it."""
    numbers: list[int] = []
    depths: list[int] = []
    for shape in sample:
        last = -1
        for number, there, depth in shape:
            last = min(last + 1, depth + 1) if last >= 0 else 0
            numbers.append(number * there)
            depths.append(last)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thread, "_LARGE", large)
        patch.setattr(thread, "_BATCH", batch)
        patch.setattr(thread, "_SHAPES", 2)
        quick = b"".join(thread.render(numbers, depths))
    assert quick == b"".join(thread.render_plainly(numbers, depths))
