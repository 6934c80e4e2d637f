"""How many processor cores this process may use: what workers and password threads are counted by."""

from __future__ import annotations

import os


def cores() -> int:
    """At least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
