"""Features declare themselves once; the registry makes flat tables from the declarations.

A feature file makes one ``Feature`` and decorates its records, verbs and handlers with it. ``Registry`` freezes a list of features
into ``Grammar`` (what can be read: both ends) and dispatch tables (handlers, hooks: the server). A feature that the
configuration disables is simply not in the server's registry, so its commands cannot be parsed. A client's registry has all.

Classes declared here have ``read(cls, c, g)`` (a classmethod that reads what follows the name) and ``write(self, w)``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from ..errors import CommandNo
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .capability import Announce
from .states import State


class Writable(Protocol):
    """Anything that can be put on the wire."""

    def write(self, w: Writer) -> None: ...


class Point(enum.Enum):
    """Where a feature can add a word to the grammar. The feature that owns a point says that it ``reads`` it."""

    CODE = "response code"
    FETCH_ITEM = "fetch item, asked by the client"
    FETCH_DATA = "fetch item, answered by the server"
    FETCH_MODIFIER = "FETCH modifier"
    STORE_MODIFIER = "STORE modifier"
    SEARCH_KEY = "search key"
    SEARCH_RETURN = "search return option"
    SEARCH_DATA = "search result, answered by the server"
    SORT_KEY = "sort key"
    SELECT_PARAM = "SELECT or EXAMINE parameter"
    CREATE_PARAM = "CREATE parameter"
    APPEND_MORE = "what may follow the first message of APPEND"
    LIST_SELECTION = "LIST selection option"
    LIST_RETURN = "LIST return option"
    LIST_DATA = "LIST extended data item"
    STATUS_ITEM = "STATUS item"


class Phase(enum.Enum):
    """The fixed phases of a plan, in order. A plan is declared with those that its owner runs."""

    PARSE = 0
    ENABLE = 1
    PLAN = 2
    SELECT = 3
    EMIT = 4
    AFTER = 5
    COMPLETE = 6
    __hash__ = object.__hash__  # enum's own is a Python function, and every command looks up its phases


class Sync(enum.Enum):
    """Which untagged updates of the selected mailbox may go out before a command's completion (RFC 9051 section 7.5.1)."""

    ALL = "EXISTS, EXPUNGE and FETCH"
    NO_EXPUNGE = "no EXPUNGE: the command uses message numbers"
    NONE = "the command deals with it itself, or there is nothing to say"


class Does(enum.Flag):
    """What a command does, as far as others must know: the client decides by this and never by a command's name."""

    NOTHING = 0
    CHANGES = enum.auto()
    """The account is another one after it: a step that UnknownOutcome tells."""
    NAMES = enum.auto()
    """It names a mailbox, which may be missing."""
    OPENS = enum.auto()
    """It selects a mailbox, and leaves the one that was selected even where it fails."""
    CLOSES = enum.auto()
    """It leaves the selected mailbox."""
    LOGS_IN = enum.auto()
    TURNS = enum.auto()
    """After its OK the octets mean something else: cut off in between, nobody knows what they mean."""
    TELLS_MESSAGES = enum.auto()
    """FETCH responses are its answer, not news."""


@record
class CommandEntry:
    """How one command name is read, when it may come, and what it does."""

    name: bytes
    cls: type[Any]
    read: Callable[[Cursor, Grammar], Writable]
    states: frozenset[State]
    sync: Sync
    does: Does
    feature: Feature
    example: str
    """The command as a person would type it, without a tag."""


@record
class ResponseEntry:
    """How one untagged response is read; ``numbered`` ones stand behind a number (``* 5 EXISTS``)."""

    name: bytes
    cls: type[Any]
    read: Callable[[Cursor, Grammar], Writable]
    read_numbered: Callable[[Cursor, Grammar, int], Writable] | None
    feature: Feature


@record
class PlanEntry:
    """A plan that its owner runs for other features: the phases are those in which their steps are called."""

    name: str
    cls: type[Any]
    phases: frozenset[Phase]
    feature: Feature


@record
class Hook:
    """One step that a feature adds to a phase of a plan."""

    plan: type[Any]
    phase: Phase
    order: int
    call: Callable[[Any, Any], Any]
    feature: Feature


Reader = Callable[[Cursor, "Grammar"], Writable]
Handler = Callable[[Any, Any], Any]
"""``async def handle(ctx: SessionContext, command) -> Ok | None``."""

Observer = Callable[[Any, Any], None]

_SITUATIONS: Final = 64
"""Situations whose CAPABILITY is remembered: a server has a handful."""

C = TypeVar("C", bound=type[Any])
F = TypeVar("F", bound=Callable[..., Any])
P = TypeVar("P")
T = TypeVar("T")
E = TypeVar("E", bound=CommandNo)


class Feature:
    """What one file adds. ``spec`` names the documents; ``capabilities`` are the words of CAPABILITY, or a function that gives them."""

    def __init__(
        self,
        name: str,
        *,
        spec: tuple[str, ...],
        summary: str,
        capabilities: tuple[str, ...] | Callable[[Announce], Iterable[str]] = (),
        rev2: bool | tuple[str, ...] = False,
        core: bool = False,
        needs: tuple[str, ...] = (),
        includes: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.spec = spec
        self.summary = summary
        self.rev2 = rev2
        """Part of IMAP4rev2 itself (RFC 9051 appendix E): True, or the capabilities that are, where not all of them are."""
        self.core = core
        """Cannot be disabled."""
        self.needs = needs
        """Features without which this one is nothing: where one of them is disabled, so is this one."""
        self.includes = includes
        """Capabilities that a server has which announces this one, even where it does not name them."""
        self.module = ""
        self._capabilities = capabilities
        self.commands: list[CommandEntry] = []
        self.responses: list[ResponseEntry] = []
        self.words: dict[Point, dict[bytes, Reader]] = {}
        self.word_classes: dict[tuple[Point, bytes], type[Any] | None] = {}
        self.enables: dict[str, Callable[[Any], Any]] = {}
        self.ops: dict[str, Callable[..., Any]] = {}
        self.handlers: dict[type[Any], Handler] = {}
        self.errors: dict[str, type[CommandNo]] = {}
        self.answers: dict[type[Any], type[Any]] = {}
        self.observers: dict[type[Any], Observer] = {}
        self.code_observers: dict[str, Observer] = {}
        self.early: set[type[Any] | str] = set()
        self.plans: list[PlanEntry] = []
        self.hooks: list[Hook] = []
        self.points: set[Point] = set()

    def capabilities(self, announce: Announce) -> Iterable[str]:
        """The words this feature adds to CAPABILITY for a session in that situation."""
        if callable(self._capabilities):
            return self._capabilities(announce)
        return self._capabilities

    @property
    def in_rev2(self) -> tuple[str, ...]:
        """The capabilities that IMAP4rev2 includes."""
        if isinstance(self.rev2, tuple):
            return self.rev2
        return self._capabilities if self.rev2 and not callable(self._capabilities) else ()

    # Declarations

    def command(
        self,
        name: str,
        *,
        states: frozenset[State],
        uid: bool = False,
        sync: Sync = Sync.ALL,
        does: Does = Does.NOTHING,
        example: str = "",
    ) -> Callable[[C], C]:
        """Declare a command. ``uid``: there is also ``UID name``; ``read`` then takes ``uid: bool`` by keyword.

        ``UID name`` always allows EXPUNGE in its responses, whatever ``sync`` says of ``name``. ``example``: what a person who
        sent it wrongly is shown; the name alone for a command that takes nothing.
        """
        shown = example or name

        def declare(cls: C) -> C:
            plain = partial(cls.read, uid=False) if uid else cls.read
            self.commands.append(CommandEntry(name.encode(), cls, plain, states, sync, does, self, shown))
            if uid:
                read = partial(cls.read, uid=True)
                after = Sync.ALL if sync is Sync.NO_EXPUNGE else sync
                self.commands.append(
                    CommandEntry(
                        b"UID " + name.encode(), cls, read, states, after, does, self, f"UID {shown}"
                    )
                )
            return cls

        return declare

    def response(self, name: str, *, numbered: bool = False) -> Callable[[C], C]:
        """Declare an untagged response; a numbered one's ``read`` takes the number as third argument.

        ``write`` writes all that follows ``* ``.
        """

        def declare(cls: C) -> C:
            read = _no_plain_form if numbered else cls.read
            read_numbered = cls.read if numbered else None
            self.responses.append(ResponseEntry(name.encode(), cls, read, read_numbered, self))
            return cls

        return declare

    def word(self, point: Point, *names: str) -> Callable[[C], C]:
        """Declare a class for one or more words at an extension point; ``read`` is called behind the word."""

        def declare(cls: C) -> C:
            for name in names:
                self._add_word(point, name, cls.read, cls)
            return cls

        return declare

    def word_reader(self, point: Point, name: str, read: Reader, cls: type[Any] | None = None) -> None:
        """Declare a word by its reader, where several words share a class."""
        self._add_word(point, name, read, cls)

    def enable(self, name: str) -> Callable[[F], F]:
        """Declare what ENABLE of ``name`` does: ``def effect(ctx: SessionContext) -> None``."""

        def declare(effect: F) -> F:
            self.enables[name] = effect
            return effect

        return declare

    def op(self, verb: F) -> F:
        """Declare a client verb: a generator that yields commands and gets completions (see features.ops)."""
        if verb.__name__ in self.ops:
            raise ValueError(f"{self.name} declares the verb {verb.__name__} twice")
        self.ops[verb.__name__] = verb
        return verb

    def error(self, cls: type[E]) -> type[E]:
        """Declare the exception for a tagged NO with one of the response codes in ``cls.codes``."""
        for code in cls.codes:
            self.errors[code] = cls
        return cls

    def answer(self, item: type[Any], datum: type[Any]) -> None:
        """Declare by which datum a server answers a fetch item: a client knows by it when a message is complete."""
        self.answers[item] = datum

    def observes(self, cls: type[Any], *, early: bool = False) -> Callable[[F], F]:
        """Declare what a client takes from a response, asked for or not: ``def effect(session: ClientSession, response)``.

        ``early``: before the login, too, when everything else is ignored (RFC 9051 section 11.3).
        """

        def declare(effect: F) -> F:
            self.observers[cls] = effect
            if early:
                self.early.add(cls)
            return effect

        return declare

    def observes_code(self, *names: str, early: bool = False) -> Callable[[F], F]:
        """Declare what a client takes from a response code: ``def effect(session: ClientSession, status: Status)``."""

        def declare(effect: F) -> F:
            self.code_observers.update(dict.fromkeys(names, effect))
            if early:
                self.early.update(names)
            return effect

        return declare

    def handler(self, cls: type[Any]) -> Callable[[F], F]:
        """Declare the server's handler of a command class."""

        def declare(handle: F) -> F:
            self.handlers[cls] = handle
            return handle

        return declare

    def plan(self, name: str, *phases: Phase) -> Callable[[C], C]:
        """Declare the class of a plan, and the phases in which its owner runs the steps of other features."""

        def declare(cls: C) -> C:
            self.plans.append(PlanEntry(name, cls, frozenset(phases), self))
            return cls

        return declare

    def reads(self, *points: Point) -> None:
        """Declare that this feature reads the words of these points; a word at a point that nobody reads is refused."""
        self.points.update(points)

    def hook(
        self, plan: type[P], phase: Phase, *, order: int = 100
    ) -> Callable[[Callable[[Any, P], T]], Callable[[Any, P], T]]:
        """Declare a step in a plan, named by its class: ``def step(ctx, plan)``, async or not."""

        def declare(call: Callable[[Any, P], T]) -> Callable[[Any, P], T]:
            self.hooks.append(Hook(plan, phase, order, call, self))
            return call

        return declare

    def _add_word(self, point: Point, name: str, read: Reader, cls: type[Any] | None) -> None:
        words = self.words.setdefault(point, {})
        if name.encode() in words:
            raise ValueError(f"{self.name} declares {point.name} {name} twice")
        words[name.encode()] = read
        self.word_classes[point, name.encode()] = cls

    def __repr__(self) -> str:
        return f"Feature({self.name!r})"


class Grammar:
    """Frozen tables of readers: what this end can parse. Passed to every ``read``.

    ``strict``: commands are read by the letter of RFC 9051 section 9, without the spaces too many that a server passes over.
    """

    __slots__ = ("commands", "responses", "strict", "words")

    def __init__(
        self,
        commands: Mapping[bytes, CommandEntry],
        responses: Mapping[bytes, ResponseEntry],
        words: Mapping[Point, Mapping[bytes, Reader]],
        *,
        strict: bool = False,
    ) -> None:
        self.commands = commands
        self.responses = responses
        self.words = words
        self.strict = strict

    def strictly(self) -> Grammar:
        """The same, strict."""
        return Grammar(self.commands, self.responses, self.words, strict=True)

    def reader(self, point: Point, name: bytes) -> Reader | None:
        """The reader of ``name`` (upper case) at an extension point; None when nobody declared it."""
        return self.words[point].get(name)

    def read_word(self, point: Point, c: Cursor, name: bytes) -> Writable:
        """Read what follows ``name``, which was read already. Raises ParseError for an unknown word."""
        read = self.words[point].get(name)
        if read is None:
            c.pos -= len(name)
            raise c.fail(f"a known {point.value}")
        return read(c, self)


class Registry:
    """All tables of one end, from its list of features. Raises ValueError when two features declare the same thing."""

    def __init__(self, features: Iterable[Feature], off: Iterable[Feature] = ()) -> None:
        """``off``: features that are known here and disabled. What others add to them waits for them, and is no mistake."""
        self.features: Final = tuple(features)
        self.handlers: Final[dict[type[Any], Handler]] = {}
        self.enables: Final[dict[str, Callable[[Any], Any]]] = {}
        self._steps: dict[tuple[type[Any], Phase], tuple[Hook, ...]] = {}
        self.errors: Final[dict[str, type[CommandNo]]] = {}
        self.answers: Final[dict[type[Any], type[Any]]] = {}
        self.code_observers: Final[dict[str, Observer]] = {}
        self.early: Final = frozenset(what for feature in self.features for what in feature.early)
        """Responses, by class, and response codes that a client takes in before the login."""
        self._observers: dict[type[Any], Observer | None] = {}
        self.in_rev2: Final = frozenset(word for feature in self.features for word in feature.in_rev2)
        """Capabilities that IMAP4rev2 includes (RFC 9051 appendix E)."""
        self.included: Final[dict[str, set[str]]] = {}
        """The capabilities by which another one is there, though it is not announced."""
        self._announced: dict[Announce, tuple[str, ...]] = {}
        commands: dict[bytes, CommandEntry] = {}
        responses: dict[bytes, ResponseEntry] = {}
        words: dict[Point, dict[bytes, Reader]] = {point: {} for point in Point}
        for feature in self.features:
            _add(commands, ((entry.name, entry) for entry in feature.commands), feature)
            _add(responses, ((entry.name, entry) for entry in feature.responses), feature)
            for point, table in feature.words.items():
                _add(words[point], table.items(), feature)
            _add(self.handlers, feature.handlers.items(), feature)
            _add(self.enables, feature.enables.items(), feature)
            _add(self.errors, feature.errors.items(), feature)
            _add(self.answers, feature.answers.items(), feature)
            _add(self._observers, feature.observers.items(), feature)
            _add(self.code_observers, feature.code_observers.items(), feature)
            for word in feature.includes:
                self.included.setdefault(word, set()).add(feature.name)
        known = (*self.features, *off)
        self._check_points(known)
        self._add_steps(known)
        self._does: Final = {entry.cls: entry.does for entry in commands.values()}
        self.grammar: Final = Grammar(commands, responses, words)

    def _check_points(self, known: Sequence[Feature]) -> None:
        """A word at a point that no feature reads would be announced and never understood."""
        read = {point for feature in known for point in feature.points}
        for feature in self.features:
            for point in feature.words.keys() - read:
                raise ValueError(f"{feature.name} declares a {point.value}, and no feature here reads those")

    def _add_steps(self, known: Sequence[Feature]) -> None:
        """Order the steps; one that nobody would run is refused, since what it does would be missing in silence."""
        plans = {entry.cls: entry for feature in known for entry in feature.plans}
        found: dict[tuple[type[Any], Phase], list[Hook]] = {}
        for feature in self.features:
            for hook in feature.hooks:
                plan = plans.get(hook.plan)
                if plan is None:
                    raise ValueError(
                        f"{feature.name} adds a step to {hook.plan.__name__}, which no feature here runs"
                    )
                if hook.phase not in plan.phases:
                    raise ValueError(
                        f"{feature.name} adds a step to {plan.name} at {hook.phase.name}, which is not run"
                    )
                found.setdefault((hook.plan, hook.phase), []).append(hook)
        for key, hooks in found.items():
            self._steps[key] = tuple(sorted(hooks, key=lambda hook: hook.order))

    def steps(self, plan: type[Any], phase: Phase) -> tuple[Hook, ...]:
        """The steps of a plan's phase, in order."""
        return self._steps.get((plan, phase), ())

    def does(self, command: object) -> Does:
        """What a command does; nothing that anybody must know for what is no command here."""
        return self._does.get(type(command), Does.NOTHING)

    def observer(self, cls: type[Any]) -> Observer | None:
        """What a client takes from responses of a class, or of the nearest class above it; None: nothing."""
        try:
            return self._observers[cls]
        except KeyError:
            above = cls.__mro__[1:]
            found = self._observers[cls] = next(
                (self._observers[one] for one in above if one in self._observers), None
            )
            return found

    def error(self, text: str, code: str | None, command: str = "", *, detail: str = "") -> CommandNo:
        """The most telling exception for a tagged NO with this response code (RFC 5530)."""
        return self.errors.get(code or "", CommandNo)(text, code, command, detail=detail)

    def capabilities(self, announce: Announce) -> tuple[str, ...]:
        """The words of CAPABILITY, in the order of the features, each once."""
        known = self._announced.get(announce)
        if known is None:
            found: dict[str, None] = {}
            for feature in self.features:
                found.update(dict.fromkeys(feature.capabilities(announce)))
            if len(self._announced) >= _SITUATIONS:
                self._announced.clear()
            known = self._announced[announce] = tuple(found)
        return known


K = TypeVar("K")
V = TypeVar("V")


def _add(table: dict[K, V], more: Iterable[tuple[K, V]], feature: Feature) -> None:
    for key, entry in more:
        if key in table:
            raise ValueError(f"{feature.name} declares {key!r}, which another feature declares too")
        table[key] = entry


def _no_plain_form(c: Cursor, g: Grammar) -> Writable:
    raise c.fail("a number before this response")
