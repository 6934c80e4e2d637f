"""What a process is at: the command whose handler holds the event loop now, and those that held it for too long.

The names of commands are told, never what stands behind them: that may be a password or mail.

The rule this file must not break: a step of a handler costs two looks at the clock and two writes of a few octets, and nothing else.
"""

from __future__ import annotations

import mmap
import time
import types
from collections.abc import Coroutine, Generator
from typing import Any, Final, TypeVar

from .log import Log

T = TypeVar("T")

PAGE_OCTETS: Final = 32
_NOTHING: Final = bytes(PAGE_OCTETS)


def new_page() -> mmap.mmap:
    """Memory that a worker writes and its supervisor reads: made before the fork."""
    return mmap.mmap(-1, PAGE_OCTETS)


def read_page(page: mmap.mmap) -> str:
    """The command at work; empty where there is none."""
    return page[:PAGE_OCTETS].rstrip(b"\0").decode("ascii", "replace")


class Present:
    """What this process is at. One for all: a process has one event loop that matters to its supervisor."""

    def __init__(self) -> None:
        self.page = mmap.mmap(-1, PAGE_OCTETS)

    def share(self, page: mmap.mmap) -> None:
        """Write to ``page`` from now on."""
        self.page = page


present: Final = Present()


@types.coroutine
def watched(work: Coroutine[Any, Any, T], name: str, limit: float, log: Log) -> Generator[Any, Any, T]:
    """Run ``work``, which is the command ``name``; one that holds the loop for ``limit`` seconds in one piece is logged, once."""
    page, title = present.page, name.encode("ascii", "replace")[:PAGE_OCTETS].ljust(PAGE_OCTETS, b"\0")
    told = False
    thrown: BaseException | None = None
    while True:
        begin = time.monotonic()
        page[:PAGE_OCTETS] = title
        try:
            if thrown is None:
                waits = work.send(None)
            else:
                error, thrown = thrown, None
                waits = work.throw(error)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            page[:PAGE_OCTETS] = _NOTHING
            took = time.monotonic() - begin
            if took >= limit and not told:
                told = True
                log.warning("slow command", command=name, seconds=round(took, 3))
        try:
            yield waits
        except GeneratorExit:
            work.close()
            raise
        except BaseException as raised:
            thrown = raised
