"""One message a file: ``.eml``, alone or in directories, which are the mailboxes. Octets stay as they are but for line ends.

The format has no place for flags. A message's date is that of its topmost Received field, else of its Date field, else the file's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...message.line_ends import with_crlf
from .base import (
    BadFile,
    FileMessage,
    Found,
    OutMessage,
    arrival,
    from_file_name,
    header_of,
    moment,
    read_file,
    why,
)
from .tree import Tree, open_private, private_directory

_SUFFIX = ".eml"


class EmlReader:
    """One file, or a directory of them."""

    def __init__(self, path: Path) -> None:
        self._tree = Tree(path)
        self._files = [(path, "")] if not path.is_dir() else list(_files(self._tree, path, ""))

    def total(self) -> int:
        return sum(path.stat().st_size for path, _ in self._files)

    def messages(self) -> Iterator[Found]:
        yield from self._tree.passed_over
        for path, mailbox in self._files:
            yield _read(path, mailbox)


def holds_eml(path: Path) -> bool:
    """Whether there is a message file in or below the directory."""
    return any(True for _ in _files(Tree(path), path, ""))


def _files(tree: Tree, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    for entry in tree.entries(path):
        if entry.is_dir():
            level = from_file_name(entry.name)
            yield from _files(tree, entry, f"{name}/{level}" if name else level)
        elif entry.suffix.lower() == _SUFFIX:
            yield entry, name


def _read(path: Path, mailbox: str) -> Found:
    try:
        data = read_file(path)
        changed = path.stat().st_mtime
    except (OSError, ValueError) as error:
        return BadFile(str(path), why(error))
    if not data.strip():
        return BadFile(str(path), "the file is empty")
    content = with_crlf(data)
    date = arrival(header_of(content)) or moment(changed)
    return FileMessage(str(path), mailbox, frozenset(), date, content, len(data))


class EmlFolder:
    """A directory being written: ``UIDVALIDITY-UID.eml``, so that a message is written once however often one exports."""

    def __init__(self, path: Path) -> None:
        self._path = path
        private_directory(path)

    def add(self, message: OutMessage) -> bool:
        path = self._path / f"{message.uidvalidity}-{message.uid:07}{_SUFFIX}"
        if path.exists():
            return False
        staged = path.with_suffix(".part")
        with open_private(staged, "wb") as file:
            file.write(message.content)
            file.flush()
            os.fsync(file.fileno())
        stamp = message.date.timestamp()
        os.utime(staged, (stamp, stamp))
        staged.rename(path)
        return True

    def close(self, *, complete: bool) -> None:
        for leftover in self._path.glob("*.part"):
            leftover.unlink()
