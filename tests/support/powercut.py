"""A disk that forgets at a power cut whatever was not synced, page by page, and one that is full.

``PowerDisk`` keeps, for each file, its octets at the last sync, and for each directory its names at the last sync. ``cut`` writes
the directory as it may be found after the machine stopped: of what was not synced some pages are there and some are not.
"""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path
from typing import Any

import apsw

from imapkit.stores.sqlite import Disk

PAGE = 4096
_count = 0


class PowerDisk(Disk):
    """Wraps the files below ``root``; syncs cost nothing, so many cuts can be tried."""

    def __init__(self, root: Path) -> None:
        global _count
        _count += 1
        self.root = root
        self.full = False
        self._lock = threading.Lock()
        self._octets: dict[int, bytes] = {}
        self._names: dict[int, set[str]] = {}
        """By the directory's inode: it keeps its names when it gets a new one itself."""
        self.vfs = f"power{_count}"
        self._shim = _Vfs(self.vfs, self)

    # What the store calls

    def sync_data(self, fd: int, path: Path) -> None:
        with self._lock:
            self._octets[os.fstat(fd).st_ino] = _read(fd)

    sync_file = sync_data

    def sync_directory(self, path: Path) -> None:
        with self._lock:
            self._names[path.stat().st_ino] = set(os.listdir(path))

    def synced(self, name: str) -> None:
        """SQLite synced one of its files."""
        fd = os.open(name, os.O_RDONLY)
        try:
            self.sync_data(fd, Path(name))
        finally:
            os.close(fd)

    def deleted(self, name: str) -> None:
        """Another file may get its number, and would seem to hold its octets."""
        with self._lock:
            if os.path.exists(name):
                self._octets.pop(os.stat(name).st_ino, None)

    def boot_id(self) -> str:
        return "before the cut"

    # The cut

    def cut(self, target: Path, chance: random.Random, kept: float) -> None:
        """What is found afterwards, in ``target``; a page that was not synced is there with a chance of ``kept``."""
        with self._lock:
            self._cut_directory(self.root, target, chance, kept)

    def _cut_directory(self, place: Path, target: Path, chance: random.Random, kept: float) -> None:
        target.mkdir(mode=0o700)
        for name in sorted(self._names.get(place.stat().st_ino, ())):
            source = place / name
            if name.endswith("-shm") or source.is_socket():
                continue
            if source.is_dir():
                self._cut_directory(source, target / name, chance, kept)
            elif source.exists():
                durable = self._octets.get(source.stat().st_ino, b"")
                (target / name).write_bytes(_mix(durable, source.read_bytes(), chance, kept))

    def close(self) -> None:
        self._shim.unregister()


def _mix(durable: bytes, present: bytes, chance: random.Random, kept: float) -> bytes:
    """``durable`` with some pages of ``present``."""
    if kept == 0:
        return durable
    size = max(len(durable), len(present)) if chance.random() < kept else len(durable)
    mixed = bytearray(durable[:size].ljust(size, b"\0"))
    for at in range(0, size, PAGE):
        if chance.random() < kept:
            page = present[at : at + PAGE]
            mixed[at : at + len(page)] = page
    return bytes(mixed)


def _read(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


class _Vfs(apsw.VFS):
    """SQLite's own VFS, with an eye on syncs and writes."""

    def __init__(self, name: str, disk: PowerDisk) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        return _File(name, flags, self._disk)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.deleted(filename)
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], disk: PowerDisk) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("", name, flags)

    def xSync(self, flags: int) -> None:
        self._disk.synced(self._name)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.full:
            raise apsw.FullError("the disk is full")
        super().xWrite(data, offset)
