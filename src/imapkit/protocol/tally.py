"""What is done of a change that goes out in several commands, so that an error in the middle can tell.

The rule this file must not break: only what the server answered OK is told as done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ConnectionLost, ImapError, Partial, UnknownOutcome
from .numset import NumSet, Range


class Tally:
    """One change, part by part. ``pairs``: new UIDs by old ones, as they become known."""

    def __init__(self, command: str) -> None:
        self.pairs: dict[int, int] = {}
        self._command = command
        self._done: list[Range] = []
        self._names: list[str] = []
        self._steps: list[str] = []

    def step(self, name: str) -> None:
        """One command of the part under way was done."""
        self._steps.append(name)
        self._names.append(name)

    @contextmanager
    def part(self, uids: NumSet) -> Iterator[None]:
        """A part of the messages. An error in it gets a ``partial`` if anything was done; a lost connection is UnknownOutcome then."""
        self._steps = []
        try:
            yield
        except ImapError as error:
            partial = self._partial(uids, error.partial)
            if partial is None:
                raise
            told = self._told(error, partial)
            told.partial = partial
            if told is error:
                raise
            raise told from error
        if not self._steps:
            self._names.append(self._command)
        self._done += uids.ranges

    def _partial(self, uids: NumSet, inner: Partial | None) -> Partial | None:
        if not self._done and not self._steps and inner is None:
            return None
        done = list(NumSet(tuple(self._done)).numbers())
        if inner is not None:
            return Partial(done + inner.uids, {**self.pairs, **inner.pairs}, inner.begun, inner.steps)
        begun = list(uids.numbers()) if self._steps else []
        return Partial(done, dict(self.pairs), begun, list(self._steps))

    def _told(self, error: ImapError, partial: Partial) -> ImapError:
        names = tuple(self._names)
        if isinstance(error, UnknownOutcome):
            known = error.done[: len(names)] == names
            return UnknownOutcome(error.command, error.done if known else names + error.done)
        if isinstance(error, ConnectionLost):
            return UnknownOutcome(self._command, names)
        if self._done or self._steps:
            error.add_note(f"done before: {partial}")
        return error
