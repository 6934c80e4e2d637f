"""HEADER.FIELDS of many messages from the narrow rows of ``message.chosen``: which octets stay is worked out for all at once.

The rule this file must not break: a message whose fields were not kept (too long), and a set with a name that is not kept, are
answered from the header block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from imapkit.message.chosen import BLANK, MARK, choose_packed
from imapkit.message.headers import select_fields

_FEW: Final = 24
"""So many are chosen from one by one."""


def choose_fields(
    rows: Sequence[tuple[object, ...]],
    codes: frozenset[int],
    names: Sequence[bytes],
    header: Callable[[int], bytes],
) -> list[bytes]:
    """The chosen fields of each (marks, text). ``header`` gives the header block of the message at that place."""
    marks = cast("list[bytes]", [row[0] for row in rows])
    texts = cast("list[bytes]", [row[1] for row in rows])
    if b"" in marks or len(rows) <= _FEW:
        return [
            choose_packed(mark, text, codes) if mark else select_fields(header(at), names)
            for at, (mark, text) in enumerate(zip(marks, texts, strict=True))
        ]
    return choose_from_all(marks, texts, codes)


def choose_from_all(marks: Sequence[bytes], texts: Sequence[bytes], codes: frozenset[int]) -> list[bytes]:
    """``choose_packed`` for each message."""
    every = np.frombuffer(b"".join(marks), np.uint8).reshape(-1, MARK)
    wanted = np.zeros(256, np.bool_)
    wanted[[BLANK, *codes]] = True
    keep = wanted[every[:, 0]]
    if keep.all():
        return list(texts)
    lengths = every[:, 1] + every[:, 2].astype(np.int64) * 256
    counts = np.fromiter(map(len, marks), np.int64, len(marks)) // MARK
    chosen = _runs(b"".join(texts), keep, lengths)
    kept = np.cumsum(lengths * keep)[np.cumsum(counts) - 1].tolist()
    return [chosen[start:end] for start, end in zip([0, *kept[:-1]], kept, strict=True)]


def _runs(text: bytes, keep: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64]) -> bytes:
    """What is kept of ``text``, cut where keeping begins and ends."""
    edges = np.flatnonzero(np.diff(keep, prepend=False, append=False))
    ends = np.concatenate(([0], np.cumsum(lengths)))
    cuts = ends[edges].tolist()
    return b"".join([text[start:end] for start, end in zip(cuts[::2], cuts[1::2], strict=True)])
