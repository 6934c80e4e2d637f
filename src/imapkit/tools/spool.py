"""Large literals in temporary files, so that a tool's memory does not grow with what it reads."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Final

_CHUNK: Final = 256 * 1024


class SpooledLiteral:
    """The octets of one literal in a file that has no name any more."""

    __slots__ = ("_file", "size")

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def read(self) -> bytes:
        return self.head(self.size)

    def head(self, count: int) -> bytes:
        """The first ``count`` octets."""
        self._file.seek(0)
        return self._file.read(count)

    def open(self) -> BinaryIO:
        copy = os.fdopen(os.dup(self._file.fileno()), "rb")
        copy.seek(0)
        return copy

    def chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK):
            yield chunk

    def close(self) -> None:
        self._file.close()

    def __repr__(self) -> str:
        return f"SpooledLiteral(size={self.size})"


class FileSink:
    """Takes a literal as it arrives."""

    __slots__ = ("_file", "_size")

    def __init__(self) -> None:
        # Closed by the literal that ``finish`` gives, or by ``abort``.
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115
        self._size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._size += len(data)

    def finish(self) -> SpooledLiteral:
        self._file.flush()
        return SpooledLiteral(self._file, self._size)

    def abort(self) -> None:
        self._file.close()


def open_file_sink(head: bytes, size: int) -> FileSink:
    """As ``wire.frame.Framer`` wants it."""
    return FileSink()
