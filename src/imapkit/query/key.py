"""What a search key is, how keys combine, and how they are read and written (RFC 9051 section 9, search-key).

Text of a key is ``str`` as far as the octets were UTF-8; others stand in it as lone surrogates (``surrogateescape``), so that nothing is
lost until ``Run.needle`` decodes them by the CHARSET of the command. Writing gives the same octets back.

A key from outside subclasses ``SearchKey``, has ``read``, ``write`` and ``evaluate``, and is declared at ``Point.SEARCH_KEY``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from ..errors import LimitExceeded, UsageError
from ..protocol.numset import NumSet, encode_numset, read_numset
from ..protocol.registry import Grammar, Point
from ..record import record
from ..wire import terminals as t
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from . import plan
from .index import MessageSet
from .plan import Run, Steps


class SearchKey:
    """A condition on messages: ``a & b``, ``a | b`` and ``~a`` combine them."""

    __slots__ = ()

    @property
    def cost(self) -> int:
        """How dear an evaluation is, compared with that of other keys (query.plan)."""
        return plan.COLUMN

    @abstractmethod
    def write(self, w: Writer) -> None: ...

    @abstractmethod
    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        """The members of ``within`` that match; yields between chunks of work."""
        ...

    def check(self, run: Run) -> None:
        """Refuse what makes no sense in this session, before anything is evaluated. Raises UnicodeError, or what ``Run`` raises."""
        for part in self.parts():
            part.check(run)

    def parts(self) -> tuple[SearchKey, ...]:
        """The keys that this one combines."""
        return ()

    def walk(self) -> Iterator[SearchKey]:
        """This key and all that it is made of."""
        yield self
        for part in self.parts():
            yield from part.walk()

    def __and__(self, other: SearchKey) -> SearchKey:
        return every(self, other)

    def __or__(self, other: SearchKey) -> SearchKey:
        return some(self, other)

    def __invert__(self) -> SearchKey:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("search keys combine by & | and ~, not by and, or and not")


@record
class And(SearchKey):
    """ "(" search-key *(SP search-key) ")": all of two or more keys, none of which is an ``And``."""

    keys: tuple[SearchKey, ...]

    @property
    def cost(self) -> int:
        return max(key.cost for key in self.keys)

    def write(self, w: Writer) -> None:
        w.list_of(self.keys, lambda key: key.write(w))

    def write_open(self, w: Writer) -> None:
        """The keys without parentheses, as they may stand in the command itself."""
        for number, key in enumerate(self.keys):
            if number:
                w.sp()
            key.write(w)

    def parts(self) -> tuple[SearchKey, ...]:
        return self.keys

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        return plan.every(run, self.keys, within)


@record
class Or(SearchKey):
    """ "OR" SP search-key SP search-key: any of two or more keys, none of which is an ``Or``.

    More than two are written as a balanced tree, so that the depth stays small.
    """

    keys: tuple[SearchKey, ...]

    @property
    def cost(self) -> int:
        return sum(key.cost for key in self.keys)

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> SearchKey:
        c.enter()
        c.sp()
        first = read_key(c, g)
        c.sp()
        second = read_key(c, g)
        c.leave()
        return some(first, second)

    def write(self, w: Writer) -> None:
        _write_or(w, self.keys)

    def parts(self) -> tuple[SearchKey, ...]:
        return self.keys

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        return plan.some(run, self.keys, within)


def _write_or(w: Writer, keys: Sequence[SearchKey]) -> None:
    if len(keys) == 1:
        keys[0].write(w)
        return
    half = len(keys) // 2
    w.raw(b"OR ")
    _write_or(w, keys[:half])
    w.sp()
    _write_or(w, keys[half:])


@record
class Not(SearchKey):
    """ "NOT" SP search-key."""

    key: SearchKey

    @property
    def cost(self) -> int:
        return self.key.cost

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.enter()
        c.sp()
        key = read_key(c, g)
        c.leave()
        return cls(key)

    def write(self, w: Writer) -> None:
        w.raw(b"NOT ")
        self.key.write(w)

    def parts(self) -> tuple[SearchKey, ...]:
        return (self.key,)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        return plan.others(run, self.key, within)

    def __invert__(self) -> SearchKey:
        return self.key


@record
class Numbers(SearchKey):
    """sequence-set: messages by number, or ``$``."""

    numbers: NumSet

    def write(self, w: Writer) -> None:
        w.raw(encode_numset(self.numbers))

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within & run.resolve(self.numbers)


def every(*keys: SearchKey) -> SearchKey:
    """Messages that match all of ``keys``, at least one."""
    return _joined(And, keys)


def some(*keys: SearchKey) -> SearchKey:
    """Messages that match any of ``keys``, at least one."""
    return _joined(Or, keys)


def _joined(cls: type[And] | type[Or], keys: Iterable[SearchKey]) -> SearchKey:
    flat: list[SearchKey] = []
    for key in keys:
        if isinstance(key, cls):
            flat += key.keys
        else:
            flat.append(key)
    if not flat:
        raise UsageError("a search needs at least one key")
    return flat[0] if len(flat) == 1 else cls(tuple(flat))


def read_key(c: Cursor, g: Grammar) -> SearchKey:
    """search-key = word [arguments] / sequence-set / "(" search-key *(SP search-key) ")"."""
    if c.peek_is(b"("):
        keys = c.paren_list(lambda: read_key(c, g))
        if not keys:
            raise c.fail("a search key before ')'")
        return every(*keys)
    if t.SEQUENCE_SET.match(c.buf, c.pos) is not None:
        return Numbers(read_numset(c))
    name = c.word("a search key")
    found = g.read_word(Point.SEARCH_KEY, c, name)
    if not isinstance(found, SearchKey):
        raise TypeError(f"{name!r} is declared at {Point.SEARCH_KEY} but is no SearchKey")
    return found


def read_program(c: Cursor, g: Grammar) -> SearchKey:
    """search-key *(SP search-key), up to the end of the command."""
    keys = [read_key(c, g)]
    while c.accept_sp():
        if c.lenient and c.at_end:
            break
        keys.append(read_key(c, g))
    return every(*keys)


def write_program(w: Writer, key: SearchKey) -> None:
    """A command's keys, without needless parentheses."""
    if isinstance(key, And):
        key.write_open(w)
    else:
        key.write(w)


def read_text(c: Cursor) -> str:
    """astring: text in the charset of the command, not decoded yet unless it is UTF-8. A literal may be no longer than a line."""
    if c.peek_is(b"{") or c.at_literal8():
        start = c.pos
        literal = c.literal("a search string")
        if literal.size > c.limits.line:
            raise LimitExceeded("search string", c.limits.line, literal.size)
        c.pos = start
    return c.astring("a search string").decode("utf-8", "surrogateescape")


def write_text(w: Writer, text: str) -> None:
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UsageError(f"nothing can be searched for half of a surrogate pair: {text!a}") from None
    w.astring(octets)
