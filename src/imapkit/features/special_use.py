"""SPECIAL-USE and CREATE-SPECIAL-USE (RFC 6154, RFC 9051 section 7.3.1; \\Important of RFC 8457): what a mailbox is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Self

from ..errors import No
from ..ports.session import SessionContext
from ..protocol.codes import simple_code
from ..protocol.registry import Feature, Grammar, Phase, Point
from ..record import record
from ..wire.case import ascii_lower
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .list_ import ListEntry
from .mailboxes import CreatePlan

feature = Feature(
    "SPECIAL-USE",
    spec=("RFC 6154", "RFC 8457", "RFC 9051"),
    summary="What a mailbox is for: \\Sent, \\Trash and so on",
    capabilities=("SPECIAL-USE", "CREATE-SPECIAL-USE"),
    rev2=("SPECIAL-USE",),
)

ALL: Final = "\\All"
ARCHIVE: Final = "\\Archive"
DRAFTS: Final = "\\Drafts"
FLAGGED: Final = "\\Flagged"
IMPORTANT: Final = "\\Important"
JUNK: Final = "\\Junk"
SENT: Final = "\\Sent"
TRASH: Final = "\\Trash"

_VIRTUAL: Final = (ALL, FLAGGED)  # these would show messages of other mailboxes
_USES: Final = {use.lower(): use for use in (ARCHIVE, DRAFTS, IMPORTANT, JUNK, SENT, TRASH, *_VIRTUAL)}

USEATTR = simple_code(feature, "USEATTR")


@feature.word(Point.LIST_SELECTION, "SPECIAL-USE")
@record
class SelectSpecialUse:
    """Mailboxes that have a special use."""

    base: bool = True

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"SPECIAL-USE")

    def selects(self, entry: ListEntry) -> bool:
        return entry.row is not None and bool(entry.row.special_use)


@feature.word(Point.LIST_RETURN, "SPECIAL-USE")
@record
class ReturnSpecialUse:
    """Tell special uses: here they are told always (RFC 6154 section 2)."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"SPECIAL-USE")

    def attributes(self, entry: ListEntry) -> Iterable[str]:
        return entry.row.special_use if entry.row is not None else ()

    async def after(self, ctx: SessionContext, entry: ListEntry) -> None:
        """Nothing more."""


@feature.word(Point.CREATE_PARAM, "USE")
@record
class Use:
    """create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")" (RFC 6154 section 6)."""

    uses: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(tuple(c.paren_list(lambda: c.flag().decode("ascii", "replace"))))

    def write(self, w: Writer) -> None:
        w.raw(b"USE ").list_of(self.uses, lambda use: w.flag(use.encode("ascii")))


@feature.hook(CreatePlan, Phase.PLAN)
def set_use(ctx: SessionContext, plan: CreatePlan) -> None:
    param = plan.param(Use)
    if param is None:
        return
    taken = {use for row in ctx.account.mailboxes() for use in row.special_use}
    for asked in param.uses:
        use = _USES.get(ascii_lower(asked))
        if use is None or use in _VIRTUAL:
            raise No(f"a mailbox cannot be made for {asked}", USEATTR)
        if use in taken:
            raise No(f"there is a mailbox for {use} already", USEATTR)
        plan.special_use.append(use)
