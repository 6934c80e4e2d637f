"""The memory for columns follows the machine's, and the limit of a container."""

from pathlib import Path

from imapkit.stores.sqlite.budget import LEAST, columns_budget, memory


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    limit, none, absent = tmp_path / "limit", tmp_path / "none", tmp_path / "absent"
    limit.write_text("300000000\n")
    none.write_text("max\n")
    whole = memory(())
    assert whole > 300_000_000
    assert memory((none, absent)) == whole
    assert memory((absent, none, limit)) == 300_000_000


def test_a_small_machine_has_the_least() -> None:
    assert columns_budget() >= LEAST
