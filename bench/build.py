"""The imapkit that is measured: the compiled wheel as users get it, built once for each state of the sources.

It is built into ``build/bench/<digest of what goes into it>`` and kept; a run on the same sources takes what is there. Where the
wheel cannot be compiled the plain sources are measured, and the table says so.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEPT = 4
"""So many builds stay; the oldest goes."""


@dataclass(frozen=True, slots=True)
class Build:
    """Which imapkit is run, and the words that say so in the table."""

    site: Path | None
    words: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to import it."""
        return {} if self.site is None else {"PYTHONPATH": str(self.site)}


PLAIN = Build(None, "plain Python")


def digest(root: Path, names: Iterable[str] = ("src", "hatch_build.py", "pyproject.toml")) -> str:
    """Of the contents of these files and directories, and of the interpreter."""
    found = hashlib.blake2b(sys.version.encode(), digest_size=8)
    for name in names:
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_dir() or "__pycache__" in path.parts:
                continue
            found.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def compiled(root: Path = ROOT) -> Build:
    """The compiled wheel of the sources as they are now; the plain sources, with the reason, where that fails."""
    builds = root / "build" / "bench"
    builds.mkdir(parents=True, exist_ok=True)
    room = builds / digest(root)
    with (builds / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not room.exists():
            with tempfile.TemporaryDirectory(prefix="new-", dir=builds) as directory:
                why = _make(root, Path(directory))
                if why:
                    return Build(None, f"plain Python, as the wheel could not be compiled: {why}")
                (Path(directory) / "site").rename(room)
            _forget_old(builds)
    os.utime(room)
    return Build(room, "compiled wheel")


def _make(root: Path, directory: Path) -> str:
    """Build and unpack the wheel into ``directory``; the last line of what went wrong, if something did."""
    pip = [sys.executable, "-m", "pip"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    steps = [
        [*pip, "wheel", *quiet, "--wheel-dir", str(directory), str(root)],
        [*pip, "install", *quiet, "--target", str(directory / "site"), "--no-index", "--find-links"]
        + [str(directory), "imapkit"],
        [sys.executable, "-c", "import imapkit.wire.cursor as c; assert c.__file__.endswith('.so')"],
    ]
    for step in steps:
        environment = {**os.environ, "IMAPKIT_COMPILE": "must"}
        if step is steps[-1]:
            environment["PYTHONPATH"] = str(directory / "site")
        done = subprocess.run(
            step, env=environment, cwd=directory, capture_output=True, text=True, check=False, timeout=600
        )
        if done.returncode:
            return _reason(done.stderr + "\n" + done.stdout)
    return ""


def _forget_old(builds: Path) -> None:
    kept = sorted(
        (each for each in builds.iterdir() if each.is_dir() and not each.name.startswith("new-")),
        key=lambda each: each.stat().st_mtime,
    )
    for old in kept[:-KEPT]:
        shutil.rmtree(old)


def _reason(said: str) -> str:
    """The line of a failed build that says why: the first error, else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if ".py:" in line and "error:" in line]
    return (errors or lines[-1:] or ["no reason given"])[0]
