"""A progress bar on standard error, where that is a terminal; nothing where it is not."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from .words import clean, complain, one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class OctetBar:
    """How many octets of a known total are done; complaints stand above it."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> OctetBar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(binary_units=True),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self._what, total=self._total or None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, octets: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, octets)

    def bad(self, source: str, reason: str) -> None:
        """One line that names a file."""
        if self._bar is not None:
            self._bar.console.print(
                one_line(f"imapkit: {clean(source)}: {reason}"), markup=False, highlight=False
            )
        else:
            complain(f"{source}: {reason}")
