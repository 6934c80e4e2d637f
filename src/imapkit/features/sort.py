"""SORT and UID SORT (RFC 5256): messages that match a search, in an order that the client chooses.

Other files add sort keys at ``Point.SORT_KEY``. The rules: text compares by i;unicode-casemap, as it was mapped when the message came;
messages with equal keys stay in mailbox order; the session does other things between the steps of a long sort.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, Self, TypeVar, cast

from ..errors import UsageError
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import Arranged, Column, MessageSet
from ..protocol import states
from ..protocol.given import all_of
from ..protocol.registry import Feature, Grammar, Point, Sync
from ..query.key import SearchKey, checked_key, read_program, write_program
from ..query.sort import SortColumn, Work
from ..query.sort import sort as sorted_positions
from ..record import record, value
from ..wire.case import ascii_upper
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .search import CHARSETS, Search, number_line, numbers_of, read_numbers, run_search

feature = Feature(
    "SORT",
    spec=("RFC 5256",),
    summary="SORT and UID SORT: search results in a chosen order",
    capabilities=("SORT",),
)
feature.reads(Point.SORT_KEY)

T = TypeVar("T")

_PACE: Final = 4000


@value
class SortKey:
    """sort-criterion = ["REVERSE" SP] sort-key. ``-key`` is the same key the other way round.

    ``column`` has the values that are compared; ``capability`` is what a server must have for it.
    """

    name: str
    column: Column
    capability: str = "SORT"
    reverse: bool = False

    def __neg__(self) -> SortKey:
        return SortKey(self.name, self.column, self.capability, not self.reverse)

    def write(self, w: Writer) -> None:
        w.raw(b"REVERSE " if self.reverse else b"").raw(self.name.encode("ascii"))


def sort_key(feature: Feature, name: str, column: Column, capability: str = "SORT") -> SortKey:
    """Declare a sort key and give its record."""
    key = SortKey(name, column, capability)

    def read(c: Cursor, g: Grammar) -> SortKey:
        return key

    feature.word_reader(Point.SORT_KEY, name, read, SortKey)
    return key


ARRIVAL: Final = sort_key(feature, "ARRIVAL", Column.ARRIVED)
CC: Final = sort_key(feature, "CC", Column.SORT_CC)
DATE: Final = sort_key(feature, "DATE", Column.SENT)
FROM: Final = sort_key(feature, "FROM", Column.SORT_FROM)
SIZE: Final = sort_key(feature, "SIZE", Column.SIZE)
SUBJECT: Final = sort_key(feature, "SUBJECT", Column.BASE_SUBJECT)
TO: Final = sort_key(feature, "TO", Column.SORT_TO)


def _read_criterion(c: Cursor, g: Grammar) -> SortKey:
    reverse = c.accept_word(b"REVERSE")
    if reverse:
        c.sp()
    found = g.read_word(Point.SORT_KEY, c, c.word("a sort key"))
    if not isinstance(found, SortKey):
        raise TypeError(f"{found!r} is declared at {Point.SORT_KEY} but is no SortKey")
    return -found if reverse else found


@feature.command(
    "SORT", states=states.SELECTED, uid=True, sync=Sync.NO_EXPUNGE, example="SORT (DATE) UTF-8 ALL"
)
@record
class Sort:
    """sort = ["UID" SP] "SORT" SP "(" sort-criterion *(SP sort-criterion) ")" SP charset 1*(SP search-key)."""

    by: tuple[SortKey, ...]
    key: SearchKey
    uid: bool = True
    charset: str = "UTF-8"

    @classmethod
    def read(cls, c: Cursor, g: Grammar, *, uid: bool) -> Self:
        c.sp()
        by = tuple(c.paren_list(lambda: _read_criterion(c, g)))
        if not by:
            raise c.fail("a sort key before ')'")
        charset, key = read_criteria(c, g)
        return cls(by, key, uid, charset)

    def write(self, w: Writer) -> None:
        w.raw(b"UID SORT " if self.uid else b"SORT ").list_of(self.by, lambda key: key.write(w))
        write_criteria(w, self.charset, self.key)

    @property
    def search(self) -> Search:
        """The search that the command begins with."""
        return Search(self.key, self.uid, search_charset(self.charset))

    @property
    def names_numbers(self) -> bool:
        return self.search.names_numbers


def read_criteria(c: Cursor, g: Grammar) -> tuple[str, SearchKey]:
    """SP charset 1*(SP search-key): how SORT and THREAD say what they are about."""
    c.sp()
    charset = c.astring("a charset").decode("ascii", "replace")
    c.sp()
    return charset, read_program(c, g)


def write_criteria(w: Writer, charset: str, key: SearchKey) -> None:
    w.sp().astring(charset.encode("ascii")).sp()
    write_program(w, key)


def search_charset(charset: str) -> str | None:
    """The charset as SEARCH would name it: here it must be named even where it is the only one (RFC 6855 section 3)."""
    return None if ascii_upper(charset) in CHARSETS else charset


@feature.response("SORT")
@record
class SortData:
    """sort-data = "SORT" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"] (RFC 5256, RFC 7162 section 7)."""

    numbers: tuple[int, ...] = ()
    modseq: int | None = None

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(*read_numbers(c))

    def write(self, w: Writer) -> None:
        for chunk in number_line(b"SORT", self.numbers, self.modseq):
            w.raw(chunk)


# The server


@feature.handler(Sort)
async def handle_sort(ctx: SessionContext, command: Sort) -> None:
    plan = await run_search(ctx, command.search)
    # Messages that a key left equal are equal by that key a second time
    by: dict[Column, bool] = {}
    for key in command.by:
        by.setdefault(key.column, key.reverse)
    arrangement = ctx.view.mailbox.arrangement()
    if arrangement is None:
        found = await _sorted_rows(ctx, plan.found, by)
    else:
        found = await drive(arrangement.sorted(plan.found, tuple(by.items())))
    numbers = await numbers_for(ctx, found.uids, plan.found, uid=command.uid)
    pieces = [b"* "]
    for piece in number_line(b"SORT", _picked(numbers, found.order), plan.modseq):
        pieces.append(piece)
        await asyncio.sleep(0)
    ctx.send_bytes(*pieces, b"\r\n")
    await ctx.flush()


def _picked(numbers: Sequence[int], order: list[int]) -> Iterator[int]:
    if isinstance(numbers, range):  # from 1, and slow to look into
        return (at + 1 for at in order)
    return map(numbers.__getitem__, order)


async def _sorted_rows(ctx: SessionContext, messages: MessageSet, by: dict[Column, bool]) -> Arranged:
    """The order where the store keeps none."""
    uids, values = await gather(ctx, messages, tuple(by))
    keyed = [
        SortColumn(cast("list[int] | list[str]", column), reverse)
        for column, reverse in zip(values, by.values(), strict=True)
    ]
    return Arranged(uids, await drive(sorted_positions(len(uids), keyed)))


async def gather(
    ctx: SessionContext, messages: MessageSet, columns: Sequence[Column]
) -> tuple[list[int], list[list[object]]]:
    """UIDs of ``messages``, ascending, and the values of each column. Those that are gone meanwhile are left out."""
    uids = list(messages)
    values = await _values(ctx, messages, columns)
    if values and len(values[0]) != len(uids):
        found, *values = await _values(ctx, messages, (Column.UID, *columns))
        uids = cast("list[int]", found)
    return uids, values


async def _values(ctx: SessionContext, messages: MessageSet, columns: Sequence[Column]) -> list[list[object]]:
    values: list[list[object]] = [[] for _ in columns]
    for chunk in ctx.view.mailbox.rows(messages, columns):
        for column, part in zip(values, zip(*chunk, strict=True), strict=True):
            column += part
        await asyncio.sleep(0)
    return values


async def numbers_for(
    ctx: SessionContext, uids: Sequence[int], messages: MessageSet, *, uid: bool
) -> Sequence[int]:
    """What ``uids``, which are ascending members of ``messages``, are called in the answer: UIDs or message numbers."""
    if uid:
        return uids
    if len(uids) == len(ctx.view):
        return range(1, len(uids) + 1)
    if len(uids) == len(messages):
        return list(numbers_of(ctx.view, messages, uid=False))
    numbers: list[int] = []
    numbered = ctx.view.numbered(messages)
    for place, each in enumerate(uids):
        numbers.append(_number_of(numbered, each))
        if place % _PACE == 0:
            await asyncio.sleep(0)
    return numbers


def _number_of(numbered: Iterator[tuple[int, int]], uid: int) -> int:
    for number, found in numbered:
        if found == uid:
            return number
    raise AssertionError(f"the client was not told of UID {uid}")


async def drive(work: Work[T]) -> T:
    """The result of ``work``; others run between its steps."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            return cast(T, done.value)
        await asyncio.sleep(0)


# The client


@record
class SortResult:
    """The messages that a SORT gave, in the order that was asked for: UIDs, or message numbers when ``uid`` is False."""

    numbers: tuple[int, ...]
    uid: bool
    modseq: int | None = None
    """The highest MODSEQ of them, when the search asked about MODSEQ (RFC 7162 section 3.1.6)."""

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __contains__(self, number: object) -> bool:
        return number in self.numbers


@feature.op
def sort(
    session: ClientSession, by: Sequence[SortKey], key: SearchKey, *, uid: bool = True
) -> Op[SortResult]:
    """Find messages, in the order of the sort keys ``by``: ``sort([SUBJECT, -DATE], UNSEEN)`` (RFC 5256 section 3).

    UIDs, or message numbers with ``uid=False``. Raises NotSupported, BadCharset, CommandFailed.
    """
    criteria = all_of(SortKey, by, "the order is a list of sort keys, as [SUBJECT, -DATE]")
    if not criteria:
        raise UsageError("the order is a list of at least one sort key, as [SUBJECT, -DATE]")
    for wanted in sorted({"SORT"} | {criterion.capability for criterion in criteria}):
        session.need(wanted, "to have the server sort messages")
    done = yield Sort(criteria, checked_key(key), uid)
    data = done.of(SortData)
    numbers = tuple(number for datum in data for number in datum.numbers)
    return SortResult(numbers, uid, max((d.modseq for d in data if d.modseq is not None), default=None))
