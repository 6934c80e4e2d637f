"""Compaction does not rest on its lock alone: a process that knows nothing of it destroys nothing either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from imapkit.stores.sqlite import compaction

from . import pieces
from .conftest import DEPTH, Explore


@contextmanager
def free(_: object) -> Iterator[bool]:
    yield True


@pytest.mark.crash
@pytest.mark.parametrize(
    ("snapshots", "switches", "kills"), [(0, DEPTH + 1, 0), (1, DEPTH, 0), (1, DEPTH - 1, 1)]
)
def test_two_at_once(
    explore: Explore, monkeypatch: pytest.MonkeyPatch, snapshots: int, switches: int, kills: int
) -> None:
    monkeypatch.setattr(compaction, "alone", free)
    orders = explore(
        lambda world: [world.actor("one", pieces.compact), world.actor("other", pieces.compact)],
        snapshots=snapshots,
        switches=switches,
        kills=kills,
    )
    assert len(orders) > 10


@pytest.mark.crash
def test_two_and_a_writer(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "alone", free)
    orders = explore(
        lambda world: [
            world.actor("one", pieces.compact),
            world.actor("other", pieces.compact),
            world.actor("writer", pieces.store),
        ],
        snapshots=0,
        switches=DEPTH,
    )
    assert len(orders) > 20
