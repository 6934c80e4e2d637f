r"""LANTERN, an invented extension in one file: a word at every place where IMAP can grow, for both ends.

It is about one thing: which messages are lit (those with \Flagged). It is loaded by entry point, as somebody else's package would be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from imapkit.errors import CommandNo, No
from imapkit.features.fetch import FetchPlan
from imapkit.features.fetch_data import FetchData
from imapkit.features.fetch_items import WordItem
from imapkit.features.fetch_pieces import Computed, Piece, Values
from imapkit.features.list_ import ListEntry
from imapkit.features.mailboxes import CreatePlan
from imapkit.features.select import SelectPlan
from imapkit.features.status import status_item
from imapkit.features.store import StorePlan
from imapkit.ports.client import ClientSession, Op
from imapkit.ports.session import SessionContext
from imapkit.ports.store import Account, Column
from imapkit.protocol import states
from imapkit.protocol.codes import simple_code
from imapkit.protocol.registry import Feature, Grammar, Phase, Point, Sync
from imapkit.protocol.status import Ok
from imapkit.query.index import MessageSet
from imapkit.query.key import SearchKey
from imapkit.query.plan import Run, Steps
from imapkit.record import record, value
from imapkit.wire.cursor import Cursor
from imapkit.wire.writer import Writer

feature = Feature("LANTERN", spec=("invented",), summary="Lit messages", capabilities=("LANTERN",))

LIT = simple_code(feature, "LIT")


class _Word:
    """A word without arguments."""

    __slots__ = ()
    word = b""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(self.word)


# A command with its response, handler and verb


@feature.command("LANTERN", states=states.SELECTED, sync=Sync.NO_EXPUNGE)
@record
class Lantern:
    """lantern = "LANTERN" SP astring."""

    color: bytes

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.astring("a color"))

    def write(self, w: Writer) -> None:
        w.raw(b"LANTERN ").astring(self.color)


@feature.response("LANTERN", numbered=True)
@record
class LanternData:
    """number SP "LANTERN" SP astring: so many messages are lit, in that color."""

    lit: int
    color: bytes

    @classmethod
    def read(cls, c: Cursor, g: Grammar, number: int) -> Self:
        c.sp()
        return cls(number, c.astring("a color"))

    def write(self, w: Writer) -> None:
        w.number(self.lit).raw(b" LANTERN ").astring(self.color)


def lit_messages(ctx: SessionContext) -> MessageSet:
    return ctx.view.mailbox.search().with_flag("\\Flagged") & ctx.view.everything()


@feature.handler(Lantern)
async def handle(ctx: SessionContext, command: Lantern) -> Ok:
    if command.color.upper() == b"BLACK":
        raise No("black does not shine", LIT)
    color = command.color.upper() if "LANTERN" in ctx.modes.enabled else command.color
    ctx.send(LanternData(len(lit_messages(ctx)), color))
    return Ok("It shines", LIT)


@feature.op
def lantern(session: ClientSession, color: str) -> Op[LanternData]:
    """Count the lit messages. Raises NotSupported, CommandFailed."""
    session.need("LANTERN", "to see in the dark")
    done = yield Lantern(color.encode())
    assert done.code(type(LIT)) is LIT
    found = done.last(LanternData)
    assert found is not None
    return found


@feature.error
class TooDark(CommandNo):
    """The server's NO with the code LIT."""

    codes = ("LIT",)


@feature.enable("LANTERN")
def enable(ctx: SessionContext) -> None:
    """Colors are told in capitals from now on: the handler looks at the modes."""


# FETCH: an item and its data, and a modifier


@feature.word(Point.FETCH_ITEM, "GLOW")
@value
class GlowItem(WordItem):
    """GLOW."""

    name = b"GLOW"

    def piece(self) -> Piece:
        return Computed(b"GLOW ", (Column.SIZE,), _glow)


def _glow(account: Account, values: Values) -> bytes:
    return b"%d" % (int(str(values[0])) * 2)


@feature.word(Point.FETCH_DATA, "GLOW")
@record
class GlowDatum:
    """ "GLOW" SP number."""

    glow: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number())

    def put(self, data: FetchData) -> None:
        """Found by its class in ``items``."""

    def write(self, w: Writer) -> None:
        w.raw(b"GLOW ").number(self.glow)


feature.answer(GlowItem, GlowDatum)


@feature.word(Point.FETCH_MODIFIER, "LITONLY")
@record
class LitOnly(_Word):
    """Only lit messages."""

    word = b"LITONLY"


@feature.hook(FetchPlan, Phase.SELECT)
def only_lit(ctx: SessionContext, plan: FetchPlan) -> None:
    if plan.modifier(LitOnly) is not None:
        plan.messages = plan.messages & lit_messages(ctx)


# STORE: a modifier


@feature.word(Point.STORE_MODIFIER, "GENTLY")
@record
class Gently(_Word):
    """Leave lit messages alone."""

    word = b"GENTLY"


@feature.hook(StorePlan, Phase.SELECT)
def spare_lit(ctx: SessionContext, plan: StorePlan) -> None:
    if plan.modifier(Gently) is not None:
        plan.messages = plan.messages - lit_messages(ctx)
        plan.codes.append(LIT)


# SEARCH: a key


@feature.word(Point.SEARCH_KEY, "GLOWING")
@record
class Glowing(SearchKey):
    """ "GLOWING": lit messages."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"GLOWING")

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within & run.index.with_flag("\\Flagged")


# SELECT, CREATE, LIST, STATUS


@feature.word(Point.SELECT_PARAM, "LANTERN")
@record
class LanternParam(_Word):
    """Tell how many messages are lit as the mailbox opens."""

    word = b"LANTERN"


@feature.hook(SelectPlan, Phase.EMIT)
def tell_lit(ctx: SessionContext, plan: SelectPlan) -> None:
    if plan.param(LanternParam) is not None:
        ctx.send(LanternData(len(lit_messages(ctx)), b"white"))


@feature.word(Point.CREATE_PARAM, "LANTERN")
@record
class LanternRoom(_Word):
    """Nothing but a code in the answer."""

    word = b"LANTERN"


@feature.hook(CreatePlan, Phase.COMPLETE, order=1)
def tell_made(ctx: SessionContext, plan: CreatePlan) -> None:
    if plan.param(LanternRoom) is not None:
        plan.codes.append(LIT)


@feature.word(Point.LIST_SELECTION, "LARGE")
@dataclass(slots=True)
class SelectLarge(_Word):
    """Mailboxes with messages."""

    base: bool = True
    word = b"LARGE"

    def selects(self, entry: ListEntry) -> bool:
        return entry.row is not None and entry.row.messages > 0


@feature.word(Point.LIST_RETURN, "LANTERN")
@record
class ReturnLantern(_Word):
    """An attribute, and a response behind each name."""

    word = b"LANTERN"

    def attributes(self, entry: ListEntry) -> Iterable[str]:
        return ("\\Lantern",)

    async def after(self, ctx: SessionContext, entry: ListEntry) -> None:
        ctx.send(LanternData(entry.row.messages if entry.row else 0, b"pale"))


status_item(feature, "GLOW", lambda ctx, row: row.messages * 7, capability="LANTERN")
