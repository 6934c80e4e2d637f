"""Structured logs: lines for people on a terminal, JSON otherwise. What is logged never holds a password or mail.

The server's modules log through the standard library's loggers below ``imapkit``, so a program that embeds the server decides by
itself where that goes; ``configure`` is for the ``serve`` command.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

Log = structlog.stdlib.BoundLogger

_SHARED: list[Processor] = [
    structlog.stdlib.filter_by_level,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.format_exc_info,
]


def get(name: str, **context: object) -> Log:
    """A logger ``imapkit.name`` with ``context`` in each entry."""
    log: Log = structlog.wrap_logger(
        logging.getLogger(f"imapkit.{name}"),
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
    )
    return log.bind(**context)


class _Lines(logging.Formatter):
    """Entries of this package's own loggers straight to a line; all others by structlog's formatter, which copies the record."""

    def __init__(self, processors: Sequence[Processor], foreign: logging.Formatter) -> None:
        super().__init__()
        self._processors = processors
        self._foreign = foreign

    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record.msg, dict):
            return self._foreign.format(record)
        entry: object = dict(record.msg)
        for process in self._processors:
            entry = process(None, record.levelname.lower(), entry)  # type: ignore[arg-type]  # the last gives text
        return str(entry)


def configure(
    level: str, style: str = "auto", stream: TextIO | None = None, *, worker: int | None = None
) -> None:
    """Send all logs below ``imapkit`` to ``stream`` (standard error). ``style``: ``text``, ``json``, or ``auto`` by terminal.

    ``worker``: its number stands in each entry.
    """

    def add_worker(logger: object, method: str, entry: EventDict) -> EventDict:
        if worker is not None:
            entry["worker"] = worker
        return entry

    out = stream or sys.stderr
    as_text = style == "text" or (style == "auto" and out.isatty())
    renderer: Processor
    if as_text:
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty())
    else:
        renderer = structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(out)
    foreign = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, add_worker, renderer],
        foreign_pre_chain=_SHARED[1:],  # what the store logs by the standard library has passed its filter
    )
    handler.setFormatter(_Lines([add_worker, renderer], foreign))
    # Nothing here shows them, and to find them out takes as long as all the rest of an entry.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger("imapkit")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(level.upper())
