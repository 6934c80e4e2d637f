"""Files that content is saved to.

The rule this file must not break: a file gets its name when it is whole; no file that was there is replaced unless the caller says so;
one that cannot be written whole leaves everything as it was.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from ..errors import UsageError

_TRIES: Final = 10_000


class NewFile:
    """A file to be written, as a context manager: at the end of the block it has its name; after an error it is gone.

    ``target`` is a file, or a directory in which the file is called ``name``, numbered if there is one of that name. What is not there
    yet is a directory, and is made, if it ends with a slash or has no extension. ``overwrite`` replaces a file instead.
    Raises UsageError, before anything is written where that is possible.
    """

    path: Path
    """The file; certain at the end of the block."""

    def __init__(self, target: Path | str, name: str, *, overwrite: bool = False) -> None:
        path = _path(target)
        slash = os.fspath(target).endswith(("/", os.sep))
        with _as_usage_error(path):
            into = path.is_dir() or (not os.path.lexists(path) and (slash or not path.suffix))
        if slash and not into:
            raise UsageError(f"{path} is a file, not a directory")
        self._directory = path if into else path.parent
        self.path = path / name if into else path
        self._numbered = into and not overwrite
        self._overwrite = overwrite
        self._made: list[Path] = []
        if not self._numbered:
            self._look_at_what_is_there()
        with _as_usage_error(self.path):
            if into:
                self._make_directories()
            self._draft = self._directory / f".{secrets.token_hex(8)}.part"
            self._file: BinaryIO = self._draft.open("xb")

    def write(self, data: bytes) -> None:
        with _as_usage_error(self.path):
            self._file.write(data)

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _as_usage_error(self.path):
                self._file.close()
                if error is None:
                    self._give_name()
                    self._made.clear()
        finally:
            self._draft.unlink(missing_ok=True)
            self._unmake_directories()

    def _look_at_what_is_there(self) -> None:
        if not os.path.lexists(self.path):
            return
        if not self._overwrite:
            raise UsageError(f"there is {self.path} already: overwrite=True replaces a file")
        if not self.path.is_file():
            raise UsageError(f"{self.path} is there already, and is no file that can be replaced")
        self.path = self.path.resolve()
        self._directory = self.path.parent

    def _make_directories(self) -> None:
        missing = [one for one in (self._directory, *self._directory.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            self._made.append(one)

    def _unmake_directories(self) -> None:
        for one in reversed(self._made):
            try:
                one.rmdir()
            except OSError:
                return  # somebody else put something there

    def _give_name(self) -> None:
        if self._overwrite:
            if self.path.exists():
                self._draft.chmod(self.path.stat().st_mode & 0o7777)
            self._draft.replace(self.path)
            return
        for path in self._names():
            try:
                self._link(path)
            except FileExistsError:
                continue
            self.path = path
            return
        if self._numbered:
            raise UsageError(f"too many files called {self.path.name} in {self._directory}")
        raise UsageError(f"there is {self.path} already: overwrite=True replaces a file")

    def _names(self) -> Iterator[Path]:
        yield self.path
        if self._numbered:
            stem, dot, extension = self.path.name.rpartition(".")
            if not dot:
                stem, extension = extension, ""
            for number in range(2, _TRIES):
                yield self._directory / f"{stem} ({number}){dot}{extension}"

    def _link(self, path: Path) -> None:
        """Give the draft a name that nobody has. Raises FileExistsError."""
        try:
            os.link(self._draft, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: take the name first
            path.open("xb").close()
            self._draft.replace(path)


def _path(target: object) -> Path:
    """Raises UsageError for what no file can be called."""
    if not isinstance(target, str | os.PathLike):
        raise UsageError(f'where to save is a path, as "in" or Path("letter.eml"), not {target!r}')
    try:
        path = Path(target)
        if b"\0" not in os.fsencode(path):
            return path
    except (TypeError, UnicodeEncodeError):
        pass  # told below
    raise UsageError(f"no file can be called {target!a}")


@contextmanager
def _as_usage_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
