"""A repair that is killed at any of its steps: run again, it ends as one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..stores import test_repair
from ..stores.test_repair import damage_blobs, repaired, subjects, tables
from ..support.crash import run_and_kill

data = test_repair.data
"""The account of those tests."""


@pytest.mark.parametrize("point", ["aside", "restored", "written", "committed"])
def test_a_repair_is_run_again(data: Path, point: str) -> None:
    kept = sorted([*subjects(data).values(), *subjects(data, "Lists").values()])
    with tables(data) as db:
        db.execute("DELETE FROM snapshot")
        db.execute("DELETE FROM segment WHERE mailbox = 1 AND id % 2")
        db.execute("DELETE FROM log WHERE mailbox = 1")
    damage_blobs(data, "swapped")
    run_and_kill("tests.crash.repairer", [str(data)], f"{point}:1")
    repaired(data)
    assert sorted([*subjects(data).values(), *subjects(data, "Lists").values()]) == kept
    assert any((data / "damaged").iterdir())
