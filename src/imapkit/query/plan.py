"""The order of evaluation: what is cheap first, texts last and only on what is left (RFC 9051 section 6.4.4).

A key's ``evaluate(run, within)`` is a generator: it gives the members of ``within`` that match and yields now and then so that its
driver can do something else. The rule: nothing here recurses deeper than the key that was read, whose depth the reader bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..errors import UsageError
from ..protocol.numset import NumSet, Range, compress
from .collate import casemap
from .index import MessageSet, SearchIndex, TextColumn

Steps = Generator[None, None, MessageSet]
"""An evaluation under way: each ``next`` is a bounded piece of work, the result is its return value."""

COLUMN = 0
"""The cost of a key that one column decides."""
FIELD = 10
"""… that needs a text of the size of a header field."""
HEADER = 30
"""… that needs fields of any name."""
BODY = 100
"""… that needs the text of the messages."""

_LINES = frozenset({TextColumn.HEADERS, TextColumn.BODY, TextColumn.PARTS})
"""Texts that have lines of their own; in the others a newline stands between two values, where nothing may match."""

_PAUSE = 8
"""Keys between two pauses: a long command must not hold up everybody else, however cheap its keys are."""


def _no_clock() -> float:
    raise UsageError("this search was given no clock")


@dataclass(slots=True, frozen=True)
class Run:
    """What keys are evaluated against: the index, and how the session understands numbers, ``$`` and charset."""

    index: SearchIndex
    resolve: Callable[[NumSet], MessageSet]
    """The messages that message numbers (or ``$``) stand for. May refuse by an exception."""
    resolve_uids: Callable[[NumSet], MessageSet]
    recent: Callable[[], MessageSet]
    codec: str = "utf-8"
    """Python's name of the charset of the strings."""
    now: Callable[[], float] = _no_clock
    """Seconds since 1970, for keys that count back from the present."""

    def needle(self, text: str) -> str:
        """A search string decoded and mapped as the stored texts are. Raises UnicodeError where it is not in the charset."""
        octets = text.encode("utf-8", "surrogateescape")
        return casemap(octets.decode(self.codec))

    def members(self, uids: Iterable[int]) -> MessageSet:
        """The set of these UIDs, in any order."""
        ranges: list[Range] = list(compress(sorted(uids)))
        return self.index.by_uid(ranges) if ranges else self.index.nothing()


class Evaluable(Protocol):
    """As much of a search key as the order of evaluation needs."""

    @property
    def cost(self) -> int: ...

    def evaluate(self, run: Run, within: MessageSet) -> Steps: ...


def _cheapest_first(keys: Iterable[Evaluable]) -> list[Evaluable]:
    return sorted(keys, key=lambda key: key.cost)


def every(run: Run, keys: Sequence[Evaluable], within: MessageSet) -> Steps:
    """Members that match all ``keys``: each key sees only what those before it left."""
    for number, key in enumerate(_cheapest_first(keys), 1):
        if not len(within):
            break
        within = yield from key.evaluate(run, within)
        if number % _PAUSE == 0:
            yield
    return within


def some(run: Run, keys: Sequence[Evaluable], within: MessageSet) -> Steps:
    """Members that match any of ``keys``: each key sees only what none before it matched."""
    found = run.index.nothing()
    for number, key in enumerate(_cheapest_first(keys), 1):
        if not len(within):
            break
        more = yield from key.evaluate(run, within)
        found = found | more
        within = within - more
        if number % _PAUSE == 0:
            yield
    return found


def others(run: Run, key: Evaluable, within: MessageSet) -> Steps:
    """Members that do not match ``key``."""
    found = yield from key.evaluate(run, within)
    return within - found


def with_text(run: Run, column: TextColumn, needle: str, within: MessageSet) -> Steps:
    """Members whose text of ``column`` holds ``needle`` (mapped). Where an index is not certain, the text is looked into."""
    if not needle:
        return within
    if "\n" in needle and column not in _LINES:
        return run.index.nothing()
    certain = possible = run.index.nothing()
    for known in run.index.known(column, needle, within):
        certain = certain | known.certain
        possible = possible | known.possible
        yield
    certain = within & certain
    found: list[int] = []
    left = (within & possible) - certain
    if len(left):
        for chunk in run.index.holding(column, needle, left):
            found += chunk
            yield
    return certain | run.members(found)


def with_header(run: Run, name: str, needle: str, within: MessageSet) -> Steps:
    """Members with a field ``name`` one of whose values holds ``needle`` (mapped); an empty one asks whether the field is there."""
    within = yield from with_text(run, TextColumn.HEADERS, needle, within)
    found: list[int] = []
    if len(within):
        for chunk in run.index.header_values(name, within):
            found += [uid for uid, values in chunk if any(needle in value for value in values)]
            yield
    return run.members(found)


def evaluate(key: Evaluable, run: Run, within: MessageSet) -> Iterator[MessageSet | None]:
    """Drive ``key``: None for each step, then the result. For callers that await between steps."""
    steps = key.evaluate(run, within)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            yield done.value
            return
        yield None


def result(key: Evaluable, run: Run, within: MessageSet) -> MessageSet:
    """The members of ``within`` that match ``key``, without a pause."""
    for found in evaluate(key, run, within):
        if found is not None:
            return found
    raise AssertionError("an evaluation ends with its result")
