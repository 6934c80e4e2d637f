"""IMAPKIT_PURE=1 runs every module from its source, and the build hook names modules that are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .imports import ROOT

_SHADOWED = """
import sys
from pathlib import Path
import imapkit
imapkit.__path__.insert(0, sys.argv[1])
try:
    import imapkit.shadowed as found
except ImportError:
    print("compiled")
else:
    print(found.KIND)
"""


@pytest.mark.parametrize(("pure", "expected"), [("1", "source"), ("0", "compiled"), ("", "compiled")])
def test_the_source_is_taken_where_both_are_there(tmp_path: Path, pure: str, expected: str) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    (tmp_path / "shadowed.py").write_text("KIND = 'source'\n")
    (tmp_path / f"shadowed{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library: loading it fails")
    done = subprocess.run(
        [sys.executable, "-c", _SHADOWED, str(tmp_path)],
        env={**os.environ, "IMAPKIT_PURE": pure}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.stdout.split() == [expected], done.stderr


def test_other_modules_are_found_as_ever() -> None:
    from imapkit._pure import SourceOnly

    assert SourceOnly().find_spec("json.decoder", ["/"]) is None
    assert SourceOnly().find_spec("imapkit", None) is None


def test_every_module_to_compile_is_there() -> None:
    source = (ROOT / "hatch_build.py").read_text(encoding="utf-8")
    block = re.search(r"^HOT = \((.*?)^\)", source, re.MULTILINE | re.DOTALL)
    assert block is not None
    names = re.findall(r'"([a-z_/]+)"', block[1])
    assert len(names) > 10
    assert not [name for name in names if not (ROOT / "src" / "imapkit" / f"{name}.py").is_file()]
