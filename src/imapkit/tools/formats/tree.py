"""What may be read below a directory, and how what is written there is kept from others.

The rules this file must not break: nothing that an import reads lies outside of what it was told to read, whatever links lie in it; and
nothing is opened that is no file or directory: a FIFO would be waited for, a device has no end.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from .base import BadFile, why

_LONGEST: Final = 200
"""Octets of a file's name, which file systems allow 255 of; suffixes need some."""
_KINDS: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Tree:
    """A file, or a directory and what is below it. ``passed_over``: what is not read, and why."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        self.passed_over: list[BadFile] = []

    def entries(self, folder: Path) -> list[Path]:
        """Files and directories in it that may be read, by name."""
        return [entry for entry in sorted(folder.iterdir()) if self.may_read(entry)]

    def may_read(self, entry: Path) -> bool:
        """Otherwise it is passed over, by its name."""
        reason = self._reason(entry)
        if reason is not None:
            self.passed_over.append(BadFile(str(entry), reason))
        return reason is None

    def _reason(self, entry: Path) -> str | None:
        linked = entry.is_symlink()
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            return "a link that leads nowhere" if linked else why(error)
        for is_kind, name in _KINDS:
            if is_kind(mode):
                return f"{name}, not a file"
        if not linked:
            return None
        if stat.S_ISDIR(mode):
            return "a link to a directory, which is not followed"
        target = os.path.realpath(entry)
        inside = os.path.commonpath((target, self._root)) == self._root
        return None if inside else "a link that leads out of the directory"


# Writing


def private_directory(path: Path) -> None:
    """Make it and what is missing above it, for its owner's eyes."""
    missing = [level for level in (path, *path.parents) if not level.exists()]
    for level in reversed(missing):
        level.mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path, mode: str, **given: Any) -> IO[Any]:
    """A file for its owner's eyes."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600), **given)


def short_name(name: str) -> str:
    """The name of a file or directory as file systems take it: a longer one is cut, and what was cut stands for itself by a digest."""
    octets = os.fsencode(name)
    if len(octets) <= _LONGEST:
        return name
    digest = hashlib.sha256(octets).hexdigest()[:16]
    return octets[: _LONGEST - 17].decode("utf-8", "ignore") + "~" + digest
