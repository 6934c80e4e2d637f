"""Several reads of an account's file as it is at one moment.

The rule it must not break: between two statements outside of a transaction another process may have written, so whatever one read says
of another (a manifest of its segments, a floor of the log above it) is read by both in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw


@contextmanager
def reading(db: apsw.Connection) -> Iterator[None]:
    """One transaction; the caller's, where it has one. Nothing may be awaited within."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("COMMIT")
