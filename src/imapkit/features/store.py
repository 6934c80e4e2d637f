r"""STORE and UID STORE (RFC 3501 section 6.4.6, RFC 9051 sections 6.4.6 and 6.4.9).

Extensions add modifiers at ``Point.STORE_MODIFIER`` and steps to the plan "STORE": ENABLE, PLAN (``unchanged_since``), EMIT (what is
answered, when ``stored`` is known), COMPLETE (a response code).

The answer is OK also when some of the messages are gone meanwhile (RFC 2180 section 4.2 leaves the choice). The rule this file must not
break: one STORE is one change of the store, told to its own session here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypeVar

from ..errors import Bad, No
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import FlagAction, Stored
from ..protocol import flags as names
from ..protocol import states
from ..protocol.codes import Code
from ..protocol.flags import read_flag, read_flag_list, write_flag_list
from ..protocol.given import flag_list, one_of
from ..protocol.numset import NumSet, asked, read_numset, write_numset
from ..protocol.registry import Does, Feature, Grammar, Phase, Point, Sync, Writable
from ..protocol.status import Ok
from ..query.index import MessageSet
from ..record import record
from ..wire.cursor import Cursor
from ..wire.terminals import ATOM
from ..wire.writer import Writer
from .fetch import gather, read_modifiers, write_modifiers
from .fetch_data import FetchData
from .fetch_items import FetchItem, FlagsItem, UidItem
from .fetch_plan import send_messages
from .hooks import completed, run_phases

feature = Feature("STORE", spec=("RFC 3501", "RFC 9051"), summary="Flags of messages", rev2=True, core=True)
feature.reads(Point.STORE_MODIFIER)

T = TypeVar("T")

_ACTIONS: Final = {
    b"FLAGS": (FlagAction.REPLACE, False),
    b"FLAGS.SILENT": (FlagAction.REPLACE, True),
    b"+FLAGS": (FlagAction.ADD, False),
    b"+FLAGS.SILENT": (FlagAction.ADD, True),
    b"-FLAGS": (FlagAction.REMOVE, False),
    b"-FLAGS.SILENT": (FlagAction.REMOVE, True),
}


@feature.command(
    "STORE",
    states=states.SELECTED,
    uid=True,
    sync=Sync.NO_EXPUNGE,
    does=Does.CHANGES | Does.TELLS_MESSAGES,
    example="STORE 1 +FLAGS (\\Seen)",
)
@record
class Store:
    """store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags.

    store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
    """

    numset: NumSet
    action: FlagAction
    flags: tuple[str, ...]
    uid: bool = False
    silent: bool = False
    modifiers: tuple[Writable, ...] = ()

    @classmethod
    def read(cls, c: Cursor, g: Grammar, *, uid: bool) -> Self:
        c.sp()
        numset = read_numset(c)
        c.sp()
        action, flags, silent, modifiers = _read_wanted(c, g)
        return cls(numset, action, flags, uid, silent, modifiers)

    def write(self, w: Writer) -> None:
        w.raw(b"UID STORE " if self.uid else b"STORE ")
        write_numset(w, self.numset)
        w.sp()
        if self.modifiers:
            write_modifiers(w, self.modifiers)
            w.sp()
        w.raw(self.action.value.encode("ascii")).raw(b".SILENT " if self.silent else b" ")
        write_flag_list(w, self.flags)


_Wanted = tuple[FlagAction, tuple[str, ...], bool, tuple[Writable, ...]]
_known: dict[tuple[Grammar, bool, bytes], _Wanted] = {}
"""What was read lately, by its text: a mail program sets few flags, again and again."""
_LONGEST: Final = 64
_MOST: Final = 512


def _read_wanted(c: Cursor, g: Grammar) -> _Wanted:
    """All behind the set. Texts with modifiers are not remembered: a MODSEQ seldom comes again."""
    key = None
    if c.end - c.pos <= _LONGEST and not c.literals and not c.lenient:
        key = (g, c.utf8, bytes(c.buf[c.pos :]))
        known = _known.get(key)
        if known is not None:
            c.pos = c.end
            return known
    wanted = _read_action(c, g)
    if key is not None and c.at_end and not wanted[3]:
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = wanted
    return wanted


def _read_action(c: Cursor, g: Grammar) -> _Wanted:
    """[store-modifiers SP] store-att-flags."""
    modifiers: tuple[Writable, ...] = ()
    if c.peek_is(b"("):
        modifiers = read_modifiers(c, g, Point.STORE_MODIFIER)
        c.sp()
    start = c.pos
    found = _ACTIONS.get(c.word("FLAGS, +FLAGS or -FLAGS"))
    if found is None:
        c.pos = start
        raise c.fail("FLAGS, +FLAGS or -FLAGS, or one of them with .SILENT")
    c.sp()
    return found[0], _read_flags(c), found[1], modifiers


def _read_flags(c: Cursor) -> tuple[str, ...]:
    """flag-list, or flags without parentheses."""
    if c.peek_is(b"("):
        return read_flag_list(c)
    found = [read_flag(c)]
    while c.accept_sp():
        found.append(read_flag(c))
    return tuple(found)


# The server


@feature.plan("STORE", *Phase)
@dataclass(slots=True)
class StorePlan:
    """What STORE does. ``items`` is what is answered for each message that was not refused."""

    command: Store
    messages: MessageSet
    flags: frozenset[str]
    items: list[FetchItem]
    unchanged_since: int | None = None
    stored: Stored | None = None
    codes: list[Code] = field(default_factory=list)
    text: str = ""

    def modifier(self, cls: type[T]) -> T | None:
        """The modifier of one class, if it was given."""
        return next((found for found in self.command.modifiers if isinstance(found, cls)), None)

    def done(self) -> Stored:
        """What the store did. Only in the phases from EMIT on."""
        assert self.stored is not None
        return self.stored


_BEFORE: Final = (Phase.PARSE, Phase.ENABLE, Phase.PLAN, Phase.SELECT)
_EMIT: Final = (Phase.EMIT,)
_BEHIND: Final = (Phase.AFTER, Phase.COMPLETE)


def settable(flags: Iterable[str]) -> frozenset[str]:
    """Flags that a client may set, without doubles. Raises Bad for others."""
    found: dict[str, str] = {}
    for flag in flags:
        if flag.startswith("\\") and flag not in names.SYSTEM:
            raise Bad(f"{flag} is not a flag that can be changed")
        if not flag.startswith("\\") and not ATOM.fullmatch(flag.encode("utf-8", "surrogateescape")):
            raise Bad(f"{flag!a} is not a keyword: only ASCII letters, digits and some signs may be in one")
        found.setdefault(flag.lower(), flag)
    return frozenset(found.values())


@feature.handler(Store)
async def handle_store(ctx: SessionContext, command: Store) -> Ok:
    view = ctx.view
    flags = settable(command.flags)
    messages = view.resolve(command.numset, uid=command.uid)
    if view.read_only:
        raise No("the mailbox was opened read-only: its flags cannot be changed")
    items: list[FetchItem] = [] if command.silent else [FlagsItem()]
    plan = StorePlan(command, messages, flags, items)
    await run_phases(ctx, _BEFORE, plan)
    plan.stored = stored = await ctx.account.store(
        view.mailbox, plan.messages, command.action, flags, plan.unchanged_since
    )
    if len(stored.changed):
        view.note_own(stored.modseq)
    await run_phases(ctx, _EMIT, plan)
    if plan.items and command.uid:
        plan.items.insert(0, UidItem())
    await send_messages(ctx, plan.messages - stored.refused, plan.items)
    await run_phases(ctx, _BEHIND, plan)
    name = "UID STORE" if command.uid else "STORE"
    return completed(ctx, plan.text or f"{name} completed", plan.codes)


# The client


@record
class StoreResult:
    """What STORE did. ``messages``: what the server told of them; ``modified``: those refused for a later change (UNCHANGEDSINCE)."""

    messages: list[FetchData]
    modified: NumSet


@feature.op
def store(
    session: ClientSession,
    numset: NumSet,
    action: FlagAction,
    flags: Sequence[str],
    *,
    uid: bool = True,
    silent: bool = False,
    unchanged_since: int | None = None,
) -> Op[StoreResult]:
    """Add, remove or replace flags (RFC 9051 section 6.4.6, RFC 7162 section 3.1.3).

    ``silent``: do not tell the flags afterwards. ``unchanged_since``: leave messages alone that changed after that MODSEQ; they are in
    the result's ``modified``. Raises NotSupported, LimitReached, CommandFailed.
    """
    one_of(FlagAction, action, "what to do with flags is FlagAction.ADD, REMOVE or REPLACE")
    modifiers: tuple[Writable, ...] = ()
    if unchanged_since is not None:
        session.need("CONDSTORE", "to change flags only where nobody else did")
        modifiers = (UnchangedSince(unchanged_since),)
    done = yield Store(asked(numset, uid=uid), action, flag_list(flags), uid, silent, modifiers)
    refused = done.code(Modified)
    return StoreResult(gather(done), refused.numset if refused else NumSet())


@record
class UnchangedSince:
    """store-modifier =/ "UNCHANGEDSINCE" SP mod-sequence-valzer (RFC 7162; declared by CONDSTORE)."""

    modseq: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number64("a MODSEQ"))

    def write(self, w: Writer) -> None:
        w.raw(b"UNCHANGEDSINCE ").number(self.modseq)


@record
class Modified:
    """ "MODIFIED" SP sequence-set: the messages that a conditional STORE refused (RFC 7162; declared by CONDSTORE)."""

    numset: NumSet
    name: str = "MODIFIED"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(read_numset(c))

    def write(self, w: Writer) -> None:
        w.raw(b"MODIFIED ")
        write_numset(w, self.numset)
