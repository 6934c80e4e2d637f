"""What a value costs as it grows: the same work at n, 2n and 4n may take no more than n log n, in CPU time and in memory.

The CPU time of the best of a few runs counts, and what is too little to measure is no growth, so a busy machine fails nobody.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from math import log2
from typing import Final, TypeVar

T = TypeVar("T")

_RUNS: Final = 3
_NOISE: Final = 0.004
"""Seconds: a step of the clock, a collection of garbage."""
_SLACK: Final = 2.2
"""Caches, and the machine: twice the square of a factor of four is far above it."""
_OCTETS: Final = 1 << 20


def check_growth(make: Callable[[int], T], work: Callable[[T], object], size: int) -> None:
    """``make(n)`` gives a value of size n (not measured), ``work`` is what it costs. Fails when that grows faster than n log n."""
    gc.collect()
    gc.freeze()  # what was there before is not looked at again and again
    try:
        _check_time(make, work, size)
        held = [_peak(make(size * factor), work) for factor in (1, 4)]
    finally:
        gc.unfreeze()
    allowed = _growth(size)
    assert held[1] <= max(held[0], _OCTETS) * allowed, f"memory grows from {held[0]} to {held[1]} octets"


def _check_time(make: Callable[[int], T], work: Callable[[T], object], size: int) -> None:
    """One run tells, as long as it tells nothing bad."""
    best = [float("inf")] * 3
    for _ in range(_RUNS):
        best = [
            min(known, _seconds(make(size * factor), work))
            for known, factor in zip(best, (1, 2, 4), strict=True)
        ]
        small, middle, large = best
        if large <= max(small, _NOISE) * _growth(size):
            return
    raise AssertionError(
        f"at {size}, twice and four times that it takes {small:.4f}, {middle:.4f} and {large:.4f} s"
    )


def _growth(size: int) -> float:
    return 4 * log2(4 * size) / log2(size) * _SLACK


def _seconds(value: T, work: Callable[[T], object]) -> float:
    gc.collect()
    start = time.process_time()
    work(value)
    return time.process_time() - start


def _peak(value: T, work: Callable[[T], object]) -> int:
    tracemalloc.start()
    try:
        work(value)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
