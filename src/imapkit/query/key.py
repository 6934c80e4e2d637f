"""What a search key is, how keys combine, and how they are read and written (RFC 9051 section 9, search-key).

Text of a key is ``str`` as far as the octets were UTF-8; others stand in it as lone surrogates (``surrogateescape``), so that nothing is
lost until ``Run.needle`` decodes them by the CHARSET of the command. Writing gives the same octets back.

A key from outside subclasses ``SearchKey``, has ``read``, ``write`` and ``evaluate``, and is declared at ``Point.SEARCH_KEY``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence

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
        c.sp()
        return _Reading(c, g).read(_Open(Or, 2))

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
    """ "NOT" SP search-key, which is no ``Not`` itself."""

    key: SearchKey

    @property
    def cost(self) -> int:
        return self.key.cost

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> SearchKey:
        c.sp()
        return _Reading(c, g).read(_Open(Not, 1))

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


def checked_key(given: object) -> SearchKey:
    """What a caller searches for. Raises UsageError for what is no key."""
    if not isinstance(given, SearchKey):
        raise UsageError(
            f'what to search for is given by keys or by name, as FROM("bob") or search(text="bob"), not by {given!r}'
        )
    return given


def _joined(cls: type[And] | type[Or], keys: Iterable[SearchKey]) -> SearchKey:
    flat: list[SearchKey] = []
    for key in keys:
        if isinstance(key, cls):
            flat += key.keys
        else:
            flat.append(checked_key(key))
    if not flat:
        raise UsageError("a search needs at least one key")
    return flat[0] if len(flat) == 1 else cls(tuple(flat))


def read_key(c: Cursor, g: Grammar) -> SearchKey:
    """search-key = word [arguments] / sequence-set / "(" search-key *(SP search-key) ")"."""
    return _Reading(c, g).read(None)


class _Open:
    """A key that was begun: an OR or NOT that waits for ``wanted`` keys, or a parenthesis, which has any number."""

    __slots__ = ("depth", "keys", "kind", "wanted")

    def __init__(self, kind: type[And] | type[Or] | type[Not], wanted: int = 0) -> None:
        self.kind = kind
        self.wanted = wanted
        self.keys: list[SearchKey] = []
        self.depth = 0

    def take(self, key: SearchKey, depth: int) -> None:
        """A key of the same kind stands for those that it is made of, and so makes nothing deeper."""
        if isinstance(key, self.kind) and not isinstance(key, Not):
            self.keys += key.keys
            self.depth = max(self.depth, depth)
        else:
            self.keys.append(key)
            self.depth = max(self.depth, depth + 1)

    def made(self) -> tuple[SearchKey, int]:
        """The key, and how deep it is nested."""
        if self.kind is Not:
            negated = self.keys[0]
            return (negated.key, self.depth - 2) if isinstance(negated, Not) else (Not(negated), self.depth)
        if len(self.keys) == 1:
            return self.keys[0], self.depth - 1
        return (And if self.kind is And else Or)(tuple(self.keys)), self.depth


class _Reading:
    """One search-key, read without recursion: programs send chains of hundreds of ORs. The depth of what is left of it has a limit."""

    def __init__(self, c: Cursor, g: Grammar) -> None:
        self._c = c
        self._g = g
        self._open: list[_Open] = []

    def read(self, begun: _Open | None) -> SearchKey:
        """``begun``: what stands before here. Raises ParseError, LimitExceeded."""
        if begun is not None:
            self._open.append(begun)
        while True:
            leaf = self._descend()
            if leaf is not None:
                found = self._ascend(leaf)
                if found is not None:
                    return found

    def _descend(self) -> SearchKey | None:
        """Step over one OR, NOT or "(", or read a key that has none in it."""
        c = self._c
        if c.accept(b"("):
            if c.accept(b")"):
                raise c.fail("a search key before ')'")
            self._open.append(_Open(And))
            return None
        if t.SEQUENCE_SET.match(c.buf, c.pos) is not None:
            return Numbers(read_numset(c))
        name = c.word("a search key")
        if name == b"OR" and self._open and self._open[-1].kind is Or:
            self._open[-1].wanted += 1  # two keys in place of one
        elif name in (b"OR", b"NOT"):
            self._open.append(_Open(Or, 2) if name == b"OR" else _Open(Not, 1))
        else:
            return self._leaf(name)
        c.sp()
        return None

    def _leaf(self, name: bytes) -> SearchKey:
        found = self._g.read_word(Point.SEARCH_KEY, self._c, name)
        if not isinstance(found, SearchKey):
            raise TypeError(f"{name!r} is declared at {Point.SEARCH_KEY} but is no SearchKey")
        return found

    def _ascend(self, key: SearchKey) -> SearchKey | None:
        """Give the key to those that wait for it; the whole key, once nothing waits any more."""
        c, depth = self._c, 0
        while self._open:
            waiting = self._open[-1]
            waiting.take(key, depth)
            if waiting.depth > c.limits.depth:
                raise LimitExceeded("depth", c.limits.depth, waiting.depth)
            if waiting.kind is And:
                ended = c.accept(b")")
            else:
                waiting.wanted -= 1
                ended = not waiting.wanted
            if not ended:
                c.sp()
                if not (waiting.kind is And and c.lenient and c.accept(b")")):
                    return None
            key, depth = self._open.pop().made()
        return key


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
