"""What rows check with: threads of an answer, sets of UIDs, percentiles."""

from __future__ import annotations

from bench.rows_sort import threads_of
from bench.rows_sync import numbers_of


def test_threads_of_a_nested_answer() -> None:
    line = b"* THREAD (2)(3 6 (4 23)(44 7 96))((5)(9))\r\nzQ7 OK done\r\n"
    assert threads_of(line) == [[2], [3, 6, 4, 23, 44, 7, 96], [5, 9]]


def test_sets_of_uids() -> None:
    assert numbers_of(b"7,1:3,9:8") == [1, 2, 3, 7, 8, 9]
