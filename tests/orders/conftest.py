"""Where the runs begin, and what would depend on time is left out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from imapkit.stores.sqlite import compaction, search_index, sort_packs
from imapkit.stores.sqlite.maintenance import Maintenance

from .scheduler import Order, Turns, every_order, when_alone
from .world import Model, World, fresh, make_template

DEPTH: Final = int(os.environ.get("IMAPKIT_ORDERS", "1"))
"""How often an actor that could go on makes place for another: 99 tries every order, and takes hours."""
Make = Callable[[World], list[Turns]]
Explore = Callable[..., list[Order]]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Model]]:
    """By the number of snapshots."""
    found: list[tuple[Path, Model]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Maintenance, "_begin", lambda *_: None)
        for snapshots in range(3):
            data = tmp_path_factory.mktemp("template") / "data"
            found.append((data, make_template(data, snapshots=snapshots)))
    return found


@pytest.fixture
def explore(templates: list[tuple[Path, Model]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explore:
    """``explore(make, snapshots=…)``: every order of the actors that ``make`` gives, each on an account of its own."""
    monkeypatch.setattr(Maintenance, "_begin", lambda *_: None)
    monkeypatch.setattr(sys.modules["imapkit.stores.sqlite.vacuum"], "when_alone", when_alone)
    monkeypatch.setattr(search_index, "when_alone", when_alone)
    monkeypatch.setattr(search_index, "BATCH", 5)
    few = dict(list(sort_packs._COLUMNS.items())[:2])
    monkeypatch.setattr(sort_packs, "_COLUMNS", few)

    def explored(
        make: Make, *, snapshots: int = 1, messages: int = 100, switches: int = 99, kills: int = 0
    ) -> list[Order]:
        """``messages``: of a full segment."""
        monkeypatch.setattr(compaction, "MESSAGES", messages)
        template, model = templates[snapshots]

        def begin() -> tuple[list[Turns], Callable[[Order], None]]:
            world = fresh(template, model, tmp_path / "data")
            return make(world), lambda _: world.look()

        return list(every_order(begin, switches=switches, kills=kills))

    return explored
