"""Every two pieces of upkeep, and upkeep beside commands, in every order of their transactions."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest

from . import pieces
from .conftest import DEPTH, Explore
from .pieces import Piece

UPKEEP: dict[str, Piece] = {
    "compact": pieces.compact,
    "compact other": pieces.compact_other,
    "vacuum": pieces.empty,
    "texts": pieces.texts,
    "packs": pieces.packs,
    "repack": pieces.repack,
    "index": pieces.index,
    "reindex": pieces.reindex,
}
COMMANDS: dict[str, Piece] = {
    "store": pieces.store,
    "expunge": pieces.expunge,
    "arrive": pieces.arrive,
    "delete": pieces.delete,
    "undelete": pieces.undelete,
    "fsck": pieces.check,
    "read": pieces.read,
}
ALL = UPKEEP | COMMANDS
CLOSE = {"compact", "vacuum", "store", "expunge", "undelete", "read"}
"""Those that write what the others read."""
PAIRS = [pair for pair in combinations_with_replacement(ALL, 2) if pair[0] in UPKEEP]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_in_every_order(explore: Explore, one: str, other: str) -> None:
    orders = explore(
        lambda world: [world.actor(f"{one} 1", ALL[one]), world.actor(f"{other} 2", ALL[other])],
        switches=DEPTH + ({one, other} <= CLOSE),
    )
    assert len(orders) > 1


@pytest.mark.parametrize("other", ["compact", "store", "expunge", "read"])
def test_several_segments(explore: Explore, other: str) -> None:
    orders = explore(
        lambda world: [world.actor("compact 1", pieces.compact), world.actor(f"{other} 2", ALL[other])],
        messages=6,
        snapshots=2,
        switches=DEPTH,
    )
    assert len(orders) > 6
