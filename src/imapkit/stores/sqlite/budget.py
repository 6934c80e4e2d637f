"""How much memory columns that nobody has open may take: a part of what the machine, or the container, has.

A mailbox of a million messages has some 70 MB of columns, and twice that with sort keys: where they do not fit they are read from the
file at each SELECT.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

LEAST: Final = 64 << 20
PART: Final = 64
"""Of the memory, for one account."""
_LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def columns_budget() -> int:
    """Octets for the columns of one account."""
    return max(LEAST, memory() // PART)


def memory(limits: tuple[Path, ...] = _LIMITS) -> int:
    """Octets that this process can hope for: the machine's, or the least of ``limits`` that says a number."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in limits:
        try:
            found = min(found, int(limit.read_text()))
        except (OSError, ValueError):
            continue  # no such control group, or "max"
    return found
