"""Many numbers to their digits at once: the answer of SEARCH, for which a formatting of each takes longer than to find them.

The rule it must not break: the octets are those of ``b" %d"`` for one number after the other.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]

_FEW: Final = 64
"""So many are formatted plainly sooner than arrays are made."""
_GROUP: Final = 10_000
_WIDEST: Final = 10
"""Digits of the largest number of IMAP."""
_DIGITS: Final = np.frombuffer(b"".join([b"%04d" % number for number in range(_GROUP)]), np.uint32)
"""The four digits of each number below 10,000, as one word: words are looked up several times as fast as rows of octets."""
_POWERS: Final = np.array([10**width for width in range(1, _WIDEST)], np.uint32)


def spaced(numbers: Numbers) -> bytes:
    """Ascending numbers below 2^32, a space before each."""
    if len(numbers) <= _FEW:
        return b" %d" * len(numbers) % tuple(numbers.tolist())
    ends = [*numbers.searchsorted(_POWERS).tolist(), len(numbers)]
    return b"".join(
        [
            _of_width(numbers[start:end], width)
            for width, (start, end) in enumerate(zip([0, *ends], ends, strict=False), 1)
            if start < end
        ]
    )


def _of_width(numbers: Numbers, width: int) -> bytes:
    """Numbers of ``width`` digits each."""
    text = np.empty((len(numbers), 1 + width), np.uint8)
    text[:, 0] = ord(" ")
    end = 1 + width
    while end > 1:
        rest = numbers // _GROUP if end > 5 else None
        low = numbers if rest is None else numbers - rest * _GROUP
        start = max(1, end - 4)
        text[:, start:end] = _DIGITS[low].view(np.uint8).reshape(-1, 4)[:, 4 - (end - start) :]
        if rest is None:
            break
        numbers, end = rest, start
    return text.tobytes()
