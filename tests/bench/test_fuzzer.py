"""The fuzzer: the same inputs for the same seed, findings kept and reported, and no finding in a short run."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from fuzz import __main__ as program
from fuzz.mutate import mutated
from fuzz.targets import TARGETS, Target


def test_mutations_depend_on_the_seed_alone() -> None:
    seeds = [b"A1 FETCH 1:* (FLAGS)\r\n", b"A2 NOOP\r\n"]
    one, two, other = ([mutated(Random(seed), seeds) for _ in range(1)] for seed in (1, 1, 2))
    assert one == two != other
    rng = Random(3)
    assert len({mutated(rng, seeds, most=40) for _ in range(200)}) > 100
    assert all(len(mutated(rng, seeds, most=40)) <= 40 for _ in range(200))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_short_run_finds_nothing(target: Target) -> None:
    assert program.fuzz(target, seed=11, seconds=0, runs=60) == 0


def test_a_finding_is_saved_printed_and_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(data: bytes) -> None:
        if b"(" in data:
            raise IndexError("undocumented")

    monkeypatch.setattr(program, "FOUND", tmp_path / "found")
    target = Target("odd", lambda: (b"fine", b"not (fine"), run)
    assert program.fuzz(target, seed=1, seconds=0, runs=300) == 1
    (saved,) = (tmp_path / "found").iterdir()
    assert b"(" in saved.read_bytes()
    assert "undocumented" in capsys.readouterr().out
