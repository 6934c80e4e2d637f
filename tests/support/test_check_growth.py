"""The measure of growth tells a square from a line."""

from __future__ import annotations

import pytest

from .growth import check_growth


def test_a_line_passes() -> None:
    check_growth(lambda n: b"x" * n, lambda data: data.count(b"y"), 100_000)


def test_a_square_does_not() -> None:
    def work(data: bytes) -> int:
        return sum(data.count(b"y") for _ in range(0, len(data), 40))

    with pytest.raises(AssertionError, match="it takes"):
        check_growth(lambda n: b"x" * n, work, 40_000)


def test_neither_does_memory() -> None:
    with pytest.raises(AssertionError, match="memory grows"):
        check_growth(lambda n: n, lambda n: bytes(n * n), 2_000)
