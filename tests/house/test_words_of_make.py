"""What a developer types: every target of the Makefile explains itself, and CI lets no test be skipped."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import need

from .imports import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def targets() -> list[str]:
    """The words after .PHONY."""
    match = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert match is not None
    return match[1].split()


@pytest.mark.parametrize("target", targets())
def test_every_target_explains_itself_and_is_a_rule(target: str) -> None:
    assert re.search(rf"^{target}:.*## .", MAKEFILE, re.MULTILINE)
    done = subprocess.run(
        [need("make"), "--dry-run", target], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_names_targets_that_exist() -> None:
    named = re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert named[:2] == ["demo", "test"]
    assert set(named) <= set(targets())


@pytest.mark.parametrize(
    ("required", "outcome"), [("0", "1 skipped, 1 xfailed"), ("1", "1 failed, 1 xfailed")]
)
def test_a_missing_program_is_a_skip_here_and_a_failure_in_ci(
    tmp_path: Path, required: str, outcome: str
) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "from tests.programs import need\n\n"
        "def test_it():\n    need('no-such-program')\n\n"
        "@pytest.mark.xfail(strict=True)\ndef test_other():\n    assert False\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "tests.conftest", "-p", "no:imapkit", "-c", os.devnull,
         "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={**os.environ, "IMAPKIT_REQUIRE_PROGRAMS": required, "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    assert outcome in done.stdout, done.stdout + done.stderr
    assert "no-such-program" in done.stdout
