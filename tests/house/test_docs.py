"""The documentation names what is there: every command of the command line, every page in the index."""

import re
import subprocess
import sys

from .imports import ROOT

DOCS = ROOT / "docs"


def test_every_command_is_documented() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "imapkit", "--help"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    verbs = re.findall(r"^  ([a-z]+) {2,}\S", done.stdout, re.MULTILINE)
    assert "serve" in verbs
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert not [verb for verb in verbs if not re.search(rf"`(?:imapkit )?{verb}\b", page)]


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    listed = set(re.findall(r"^([a-z/]+)$", index, re.MULTILINE))
    assert pages - {"index"} == listed
