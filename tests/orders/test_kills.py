"""One of two is killed at each of its points, before and after the other came to do its part."""

from __future__ import annotations

import pytest

from .conftest import DEPTH, Explore
from .test_pairs import ALL, UPKEEP

PAIRS = [
    *((name, name) for name in UPKEEP if name != "compact other"),
    ("compact", "store"),
    ("compact", "expunge"),
    ("compact", "vacuum"),
    ("compact other", "delete"),
    ("vacuum", "undelete"),
    ("vacuum", "arrive"),
    ("vacuum", "texts"),
    ("index", "reindex"),
    ("packs", "repack"),
]


@pytest.mark.crash
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_killed_at_each_point(explore: Explore, one: str, other: str) -> None:
    orders = explore(
        lambda world: [world.actor(f"{one} 1", ALL[one]), world.actor(f"{other} 2", ALL[other])],
        switches=DEPTH,
        kills=1,
    )
    assert any(order.kills for order in orders) and any(not order.kills for order in orders)
