"""Three processes at once."""

from __future__ import annotations

import pytest

from .conftest import DEPTH, Explore
from .test_pairs import ALL

THREES = [
    ("compact", "compact", "store"),
    ("compact", "compact", "read"),
    ("compact", "vacuum", "expunge"),
    ("vacuum", "vacuum", "undelete"),
    ("compact other", "compact other", "delete"),
]


@pytest.mark.crash
@pytest.mark.parametrize("names", THREES)
def test_in_every_order(explore: Explore, names: tuple[str, ...]) -> None:
    orders = explore(
        lambda world: [world.actor(f"{name} {number}", ALL[name]) for number, name in enumerate(names, 1)],
        switches=DEPTH,
    )
    assert len(orders) > 6
