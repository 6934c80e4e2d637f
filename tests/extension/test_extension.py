"""Adding an extension is ONE new file: somebody else's package with an entry point is all that both ends need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """An environment in which a package ``lantern`` is installed."""
    (tmp_path / "lantern.py").write_bytes((HERE / "lantern.py").read_bytes())
    info = tmp_path / "lantern-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lantern\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[imapkit.features]\nlantern = lantern:feature\n")
    # The path of a compiled package, where one is tested, stays on it
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])),
    }


def run(arguments: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_both_ends_use_it(site: dict[str, str]) -> None:
    assert "LANTERN shines at both ends" in run([str(HERE / "scenario.py")], site)


def test_the_commands_know_it(site: dict[str, str]) -> None:
    assert "LANTERN" in run(["-m", "imapkit", "features"], site)


def test_without_the_package_nothing_is_left_of_it() -> None:
    assert "LANTERN" not in run(["-m", "imapkit", "features"], dict(os.environ))
