"""The build hook of wheels: compile the hot modules with mypyc when ``IMAPKIT_COMPILE`` asks for it.

    IMAPKIT_COMPILE=1 pip wheel .       compiled; a plain wheel where mypyc or the C compiler is missing
    IMAPKIT_COMPILE=must pip wheel .    compiled, or an error

Not set, nothing here costs anything. The files that are compiled stay in the wheel: ``IMAPKIT_PURE=1`` runs them instead. The rule this
file must not break: it writes nothing below ``src``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HOT = (
    "wire/cursor",
    "wire/frame",
    "protocol/envelope",
    "protocol/body",
    "protocol/body_loose",
    "protocol/body_quick",
    "protocol/response",
    "protocol/command",
    "protocol/numset",
    "protocol/flags",
    "message/address",
    "message/chosen",
    "message/dates",
    "message/decode",
    "message/envelope",
    "message/headers",
    "message/index",
    "message/mime",
    "message/people",
    "message/preview",
    "message/scan",
    "message/structure",
    "message/subject",
    "message/text",
    "message/words",
)
"""Modules that gain by it. None of them has a class that interpreted code may inherit from: mypyc forbids that.

Tried and left out: the session's modules (a tenth of a NOOP's time), the columns and contents of the stores and the rendering of FETCH
(nothing, or a loss: their time goes to SQLite, numpy and joining bytes). Of ``message``, mypyc cannot compile charset (lone surrogates
in literals) and section (a type variable with two values).
"""

_SETUP = """
import sys
from mypyc.build import mypycify
from setuptools import setup

options = ["--strict", "--follow-imports=silent"]
setup(
    name="imapkit",
    packages=[],
    package_dir={"": "src"},
    ext_modules=mypycify(options + sys.argv[1:], opt_level="2", debug_level="0", group_name="imapkit_compiled"),
    script_args=["build_ext", "--inplace"],
)
"""


class CompileHook(BuildHookInterface[Any]):
    """Adds the compiled modules to a wheel, beside their sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return ["mypy[mypyc]>=2.0"] if _asked() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not _asked() or self.target_name != "wheel" or version == "editable":
            return
        self._work = tempfile.mkdtemp(prefix="imapkit-compile-")
        source = _compile(Path(self.root), Path(self._work))
        if source is None:
            return
        for path in sorted(source.rglob("*.so")) + sorted(source.rglob("*.pyd")):
            build_data["force_include"][str(path)] = path.relative_to(source).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_work"):
            shutil.rmtree(self._work, ignore_errors=True)


def _asked() -> bool:
    return os.environ.get("IMAPKIT_COMPILE", "0") not in ("", "0")


def _compile(root: Path, work: Path) -> Path | None:
    """A copy of ``src`` with the compiled modules in it; None where they cannot be made and need not be."""
    source = work / "src"
    shutil.copytree(root / "src", source, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    hot = [f"src/imapkit/{name}.py" for name in HOT]
    done = subprocess.run(
        [sys.executable, "-c", _SETUP, *hot],
        cwd=work,
        env={**os.environ, "MYPYPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return source
    said = "\n".join(done.stdout.splitlines()[-15:])
    if os.environ["IMAPKIT_COMPILE"] == "must":
        raise RuntimeError(f"the hot modules cannot be compiled:\n{said}")
    sys.stderr.write(f"imapkit: a plain wheel, since the hot modules cannot be compiled:\n{said}\n")
    return None
