"""Large messages as files: spooled beside the account, fsynced, renamed to the hash of their octets, the directory fsynced.

The rule it must not break: a file has its final name only when its octets are durable, and a row names it only after that.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imapkit.ports.blob import BlobStore, FilePart
from imapkit.wire.frame import Literal

from .disk import Disk
from .errors import store_errors

_CHUNK = 1 << 20
DIGEST_OCTETS = 20
"""Of the hash that a file is named after."""
_SENT_FROM_FILE = 32 * 1024
"""Ranges from here on are left where they are until they are sent; shorter ones cost less when they are read at once."""


class Spool:
    """A literal on its way to the disk: the sink and the literal in one."""

    def __init__(self, path: Path) -> None:
        self.path: Path | None = path
        self.size = 0
        self._hash = hashlib.blake2b(digest_size=DIGEST_OCTETS)
        with store_errors(path):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._file: BinaryIO | None = os.fdopen(fd, "w+b")

    def write(self, data: bytes) -> None:
        if self._file is None or self.path is None:
            raise ValueError("the spool is closed")
        with store_errors(self.path):
            self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> Literal:
        if self._file is not None and self.path is not None:
            try:
                with store_errors(self.path):
                    self._file.flush()
            except BaseException:
                self.abort()
                raise
        return self

    def abort(self) -> None:
        self.close()

    def read(self) -> bytes:
        with self.open() as file:
            return file.read()

    def open(self) -> BinaryIO:
        if self.path is None:
            raise ValueError("the spool is closed")
        with store_errors(self.path):
            return self.path.open("rb")

    def chunks(self) -> Iterator[bytes]:
        with self.open() as file:
            while data := file.read(_CHUNK):
                yield data

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError:
                pass  # a full disk: what was not flushed is given up with the file
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None

    def keep(self, blobs: Path, disk: Disk, durable: set[str]) -> str:
        """Give the file its final name, durably; gives the name. Runs in a thread. ``durable``: directories whose names are; it grows."""
        if self._file is None or self.path is None:
            raise ValueError("the spool is closed")
        name = self._hash.hexdigest()
        place = blobs / name[:2] / name
        with store_errors(place):
            self._file.flush()
            disk.sync_file(self._file.fileno(), self.path)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            if name[:2] not in durable:  # another who made it may not have come to that yet
                disk.sync_directory(blobs)
                durable.add(name[:2])
            os.replace(self.path, place)
            disk.sync_directory(place.parent)
            disk.reached("blob")
        self.path = None
        self.close()
        return name


class Blobs:
    """The files of one account."""

    __slots__ = ("_disk", "_durable", "_place")

    def __init__(self, directory: Path | str, disk: Disk) -> None:
        self._place = str(directory)
        self._disk = disk
        self._durable: set[str] | None = None
        """Directories that this process knows to be on the disk."""

    @property
    def directory(self) -> Path:
        return Path(self._place)

    def spool(self) -> Spool:
        return Spool(self.directory / "spool" / secrets.token_hex(12))

    def keep(self, content: Literal) -> str:
        """Store the octets as a file; gives its name. Runs in a thread."""
        spool = content if isinstance(content, Spool) else self._copy(content)
        if self._durable is None:  # most accounts never have a large message
            self._durable = set()
        try:
            return spool.keep(self.directory, self._disk, self._durable)
        except BaseException:
            spool.close()
            raise

    def _copy(self, content: Literal) -> Spool:
        spool = self.spool()
        try:
            for data in content.chunks():
                spool.write(data)
        except BaseException:
            spool.close()
            raise
        return spool

    def path(self, name: str) -> Path:
        return self.directory / name[:2] / name

    def need(self, name: str) -> None:
        """Raises StoreBroken unless the file is in its place.

        Vacuum moves a file aside to look at it, and may be killed before it puts it back. Both do this under the writer's lock, so one
        that is in its place when its row is written stays there.
        """
        path = f"{self._place}/{name[:2]}/{name}"
        with store_errors(path):
            os.stat(path)

    def files(self) -> list[Path]:
        """All files that have their final name."""
        return [path for path in self.directory.glob("??/*") if path.parent.name == path.name[:2]]

    def others(self) -> list[Path]:
        """Files without their final name."""
        return list((self.directory / "spool").glob("*"))

    def aside(self) -> Path:
        """A name in the spool, for a file that is about to go."""
        return self.directory / "spool" / secrets.token_hex(12)

    def part(self, name: str, start: int, end: int) -> bytes | FilePart:
        """Octets from ``start`` to ``end``, or to the end of the file. That they are there is looked at now, however they come."""
        if end - start < _SENT_FROM_FILE:
            return self.read(name, start, end - start)
        path = f"{self._place}/{name[:2]}/{name}"
        with store_errors(path):
            size = os.stat(path).st_size
        return FilePart(path, start, min(end, size)) if start < size else b""

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Octets from ``offset``; fewer than ``length`` at the end of the file only."""
        path = f"{self._place}/{name[:2]}/{name}"
        with store_errors(path):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if length > _CHUNK:  # room for it is made before it is read
                    length = max(0, min(length, os.fstat(fd).st_size - offset))
                data = os.pread(fd, length, offset)
                while len(data) < length and (more := os.pread(fd, length - len(data), offset + len(data))):
                    data += more
                return data
            finally:
                os.close(fd)

    def clear_spool(self, older_than: float) -> None:
        """Remove what a killed process left, if it is older than that time."""
        spool = f"{self._place}/spool"
        if not os.path.isdir(spool):  # of most accounts: nothing large ever came
            return
        for name in os.listdir(spool):
            path = f"{spool}/{name}"
            try:
                if os.stat(path).st_mtime < older_than:
                    os.unlink(path)
            except FileNotFoundError:
                continue


if TYPE_CHECKING:
    _PORT: BlobStore = Blobs(Path(), Disk())  # this is the whole port
