r"""CONDSTORE (RFC 7162 section 3.1): MODSEQ, the number that grows with every change of a message.

Flags that changed after a MODSEQ can be asked for (CHANGEDSINCE) and left alone (UNCHANGEDSINCE). Every mailbox has MODSEQs, so NOMODSEQ is
only ever read. The rule this file must not break: a session that used any of this, or enabled it, gets the MODSEQ with all flags from
then on, and learns HIGHESTMODSEQ at that moment if a mailbox is selected.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final, Self, cast

from ..ports.client import ClientSession
from ..ports.session import SessionContext
from ..ports.store import Column
from ..protocol.codes import simple_code
from ..protocol.numset import NumSet, compress
from ..protocol.registry import Feature, Grammar, Phase, Point
from ..protocol.status import Status
from ..query.index import MessageSet, NumberColumn
from ..query.key import SearchKey
from ..query.plan import Run, Steps
from ..record import record, value
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .fetch import ChangedSince, FetchPlan
from .fetch_data import FetchData
from .fetch_items import FlagsItem, UidItem, WordItem
from .fetch_pieces import Direct, Piece
from .search import SearchPlan
from .select import SelectPlan
from .status import StatusPlan, status_item
from .store import Modified, StorePlan, UnchangedSince

feature = Feature(
    "CONDSTORE",
    spec=("RFC 7162",),
    summary="Changes of flags since a MODSEQ, and changes only where nobody else made one",
    capabilities=("CONDSTORE",),
)

NOMODSEQ = simple_code(feature, "NOMODSEQ")
feature.word(Point.CODE, "MODIFIED")(Modified)
feature.word(Point.FETCH_MODIFIER, "CHANGEDSINCE")(ChangedSince)
feature.word(Point.STORE_MODIFIER, "UNCHANGEDSINCE")(UnchangedSince)
status_item(
    feature, "HIGHESTMODSEQ", lambda ctx, row: row.modseq, field="highest_modseq", capability="CONDSTORE"
)

_MAX: Final = (1 << 63) - 1
_ENTRY_TYPE: Final = re.compile(rb"(?:priv|shared|all)(?= )", re.IGNORECASE)


@feature.word(Point.CODE, "HIGHESTMODSEQ")
@record
class HighestModSeq:
    """ "HIGHESTMODSEQ" SP mod-sequence-value: no message of the mailbox has a higher one."""

    modseq: int
    name: str = "HIGHESTMODSEQ"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number64("a MODSEQ"))

    def write(self, w: Writer) -> None:
        w.raw(b"HIGHESTMODSEQ ").number(self.modseq)


@feature.observes_code("HIGHESTMODSEQ")
def take_highest(session: ClientSession, status: Status) -> None:
    if session.view is not None and isinstance(status.code, HighestModSeq):
        session.view.highest_modseq = status.code.modseq


# Switching it on


@feature.enable("CONDSTORE")
def enable_condstore(ctx: SessionContext) -> None:
    """From now on MODSEQ and UID go with all flags that are told unasked (RFC 7162 sections 3.1 and 3.2.4)."""
    if ctx.modes.condstore:
        return
    ctx.modes.condstore = True
    ctx.modes.uid_in_fetch = True
    if ctx.selected is not None:
        tell_highest(ctx)


def tell_highest(ctx: SessionContext) -> None:
    ctx.send_bytes(highest_line(ctx.view.highest_modseq()))


def highest_line(modseq: int) -> bytes:
    """As its record would write it: every SELECT tells it."""
    return b"* OK [HIGHESTMODSEQ %d] The highest MODSEQ\r\n" % modseq


@feature.word(Point.SELECT_PARAM, "CONDSTORE")
@record
class CondstoreParam:
    """select-param =/ "CONDSTORE"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"CONDSTORE")


@feature.hook(SelectPlan, Phase.ENABLE)
def enable_by_select(ctx: SessionContext, plan: SelectPlan) -> None:
    if plan.param(CondstoreParam) is not None:
        enable_condstore(ctx)


@feature.hook(SelectPlan, Phase.EMIT)
def tell_at_select(ctx: SessionContext, plan: SelectPlan) -> None:
    """Told with every SELECT, also to who did not ask: a client may begin to care later."""
    tell_highest(ctx)


@feature.hook(StatusPlan, Phase.PLAN)
def enable_by_status(ctx: SessionContext, plan: StatusPlan) -> None:
    if "HIGHESTMODSEQ" in plan.items:
        enable_condstore(ctx)


# FETCH


@feature.word(Point.FETCH_ITEM, "MODSEQ")
@value
class ModSeqItem(WordItem):
    """fetch-att =/ "MODSEQ"."""

    name = b"MODSEQ"

    def piece(self) -> Piece:
        return Direct(b"MODSEQ ", Column.MODSEQ, b"(%d)")


@feature.word(Point.FETCH_DATA, "MODSEQ")
@record
class ModSeqDatum:
    """ "MODSEQ" SP "(" permsg-modsequence ")"; some servers leave the parentheses out or send 0 or -1, which both say nothing."""

    modseq: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        if c.lenient and not c.peek_is(b"("):
            return cls(c.number64("a MODSEQ"))
        c.expect(b"(")
        negative = c.lenient and c.accept(b"-")
        modseq = c.number64("a MODSEQ")
        c.expect(b")")
        return cls(0 if negative else modseq)

    def put(self, data: FetchData) -> None:
        data.modseq = self.modseq

    def write(self, w: Writer) -> None:
        w.raw(b"MODSEQ (").number(self.modseq).raw(b")")


@feature.hook(FetchPlan, Phase.ENABLE)
def enable_by_fetch(ctx: SessionContext, plan: FetchPlan) -> None:
    if plan.asks(ModSeqItem) or plan.modifier(ChangedSince) is not None:
        enable_condstore(ctx)


@feature.hook(FetchPlan, Phase.PLAN)
def answer_with_modseq(ctx: SessionContext, plan: FetchPlan) -> None:
    if not ctx.modes.condstore:
        return
    plan.seen_items += (UidItem(), ModSeqItem())
    if plan.asks(FlagsItem) or plan.modifier(ChangedSince) is not None:
        plan.add(ModSeqItem())


@feature.hook(FetchPlan, Phase.SELECT)
def only_changed(ctx: SessionContext, plan: FetchPlan) -> None:
    since = plan.modifier(ChangedSince)
    if since is not None:
        index = ctx.view.mailbox.search()
        plan.messages = plan.messages & index.between(NumberColumn.MODSEQ, since.modseq + 1, _MAX)


# STORE


@feature.hook(StorePlan, Phase.ENABLE)
def enable_by_store(ctx: SessionContext, plan: StorePlan) -> None:
    condition = plan.modifier(UnchangedSince)
    if condition is not None:
        enable_condstore(ctx)
        plan.unchanged_since = condition.modseq


@feature.hook(StorePlan, Phase.EMIT)
def tell_new_modseq(ctx: SessionContext, plan: StorePlan) -> None:
    """Also where .SILENT was asked (RFC 7162 section 3.1.3)."""
    if ctx.modes.condstore:
        plan.items += (UidItem(), ModSeqItem())


@feature.hook(StorePlan, Phase.COMPLETE)
def tell_refused(ctx: SessionContext, plan: StorePlan) -> None:
    refused = plan.done().refused
    if not len(refused):
        return
    if plan.command.uid:
        ranges = refused.ranges()
    else:
        ranges = list(compress(seq for seq, _ in ctx.view.numbered(refused)))
    plan.codes.append(Modified(NumSet(tuple(ranges))))
    plan.text = "Some messages were changed meanwhile, and were left alone"


# SEARCH


@feature.word(Point.SEARCH_KEY, "MODSEQ")
@record
class ModSeqKey(SearchKey):
    """search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer.

    A message has one MODSEQ for all its flags, so the entry does not matter (RFC 7162 section 3.1.5).
    """

    modseq: int
    entry: str | None = None
    entry_type: str = "all"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        if not c.at_string():
            return cls(c.number64("a MODSEQ or the name of an entry"))
        start = c.pos
        entry = c.quoted().decode("utf-8", "surrogateescape")
        if not entry.startswith("/flags/"):
            c.pos = start
            raise c.fail('an entry like "/flags/\\\\Seen"')
        c.sp()
        kind = c.match(_ENTRY_TYPE, "priv, shared or all").lower().decode("ascii")
        c.sp()
        return cls(c.number64("a MODSEQ"), entry, kind)

    def write(self, w: Writer) -> None:
        w.raw(b"MODSEQ ")
        if self.entry is not None:
            w.quoted(self.entry.encode("utf-8", "surrogateescape")).sp()
            w.atom(self.entry_type.encode("ascii")).sp()
        w.number(self.modseq)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within & run.index.between(NumberColumn.MODSEQ, self.modseq, _MAX)


@feature.word(Point.SEARCH_DATA, "MODSEQ")
@record
class ModSeqResult:
    """search-return-data =/ "MODSEQ" SP mod-sequence-value (RFC 4731 section 3.2)."""

    modseq: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number64("a MODSEQ"))

    def write(self, w: Writer) -> None:
        w.raw(b"MODSEQ ").number(self.modseq)


def _asks_modseq(plan: SearchPlan) -> bool:
    return any(isinstance(key, ModSeqKey) for key in plan.command.key.walk())


@feature.hook(SearchPlan, Phase.ENABLE)
def enable_by_search(ctx: SessionContext, plan: SearchPlan) -> None:
    if _asks_modseq(plan):
        enable_condstore(ctx)


@feature.hook(SearchPlan, Phase.SELECT, order=200)
async def tell_highest_found(ctx: SessionContext, plan: SearchPlan) -> None:
    """The highest MODSEQ of what is reported, once that is known (RFC 7162 sections 3.1.6 and 3.1.10)."""
    if not _asks_modseq(plan) or not len(plan.reported):
        return
    highest = 0
    for chunk in ctx.view.mailbox.rows(plan.reported, (Column.MODSEQ,)):
        highest = max(highest, max((cast(int, modseq) for (modseq,) in chunk), default=0))
        await asyncio.sleep(0)
    if highest:
        plan.modseq = highest
        plan.data.append(ModSeqResult(highest))
