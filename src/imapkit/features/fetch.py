r"""FETCH and UID FETCH (RFC 3501 section 6.4.5, RFC 9051 sections 6.4.5 and 6.4.9).

Items are in ``fetch_items``, answers in ``fetch_data``, the server's work in ``fetch_plan``. Extensions add items, data and modifiers at
their points, and steps to the plan "FETCH": ENABLE, PLAN (more items), SELECT (fewer messages), EMIT (what must be told before the first
response), COMPLETE (a response code).

Messages that another session expunged are passed over, and the answer is OK with EXPUNGEISSUED (RFC 2180 section 4.1 leaves the choice;
mail programs show a NO to their user as an error). The rule this file must not break: \Seen is set in one change a command, before the
first response.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypeVar

from ..errors import StoreFull
from ..ports.client import ClientSession, Completed, Op
from ..ports.events import FlagsChanged
from ..ports.session import SessionContext, View
from ..ports.store import FlagAction
from ..protocol import states
from ..protocol.codes import Code
from ..protocol.flags import SEEN
from ..protocol.numset import NumSet, asked, read_numset, write_numset
from ..protocol.registry import Does, Feature, Grammar, Phase, Point, Sync, Writable
from ..protocol.response import BrokenResponse
from ..protocol.status import Ok
from ..query.index import MessageSet
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from . import fetch_datum as data
from . import fetch_items as items
from .base import EXPUNGEISSUED
from .fetch_data import BodySection, FetchData
from .fetch_datum import UidDatum
from .fetch_items import FetchItem, FlagsItem, UidItem, checked_items, read_items, write_items
from .fetch_lines import compile_items
from .fetch_plan import send_messages
from .hooks import completed, run_phases

feature = Feature(
    "FETCH",
    spec=("RFC 3501", "RFC 9051"),
    summary="Data of messages",
    rev2=True,
    core=True,
)
feature.reads(Point.FETCH_ITEM, Point.FETCH_DATA, Point.FETCH_MODIFIER)


T = TypeVar("T")

for _word in items.WORDS:
    feature.word(Point.FETCH_ITEM, _word.name.decode("ascii"))(_word)
feature.word_reader(Point.FETCH_ITEM, "BODY", items.read_body_word, items.SectionItem)
feature.word_reader(Point.FETCH_ITEM, "BODY.PEEK", items.read_body_peek_word, items.SectionItem)
feature.word_reader(Point.FETCH_ITEM, "RFC822", items.read_rfc822_word, items.Rfc822Item)
feature.word_reader(Point.FETCH_ITEM, "RFC822.HEADER", items.read_rfc822_header_word, items.Rfc822Item)
feature.word_reader(Point.FETCH_ITEM, "RFC822.TEXT", items.read_rfc822_text_word, items.Rfc822Item)

feature.word(Point.FETCH_DATA, "UID")(data.UidDatum)
feature.word(Point.FETCH_DATA, "FLAGS")(data.FlagsDatum)
feature.word(Point.FETCH_DATA, "INTERNALDATE")(data.InternalDateDatum)
feature.word(Point.FETCH_DATA, "RFC822.SIZE")(data.SizeDatum)
feature.word(Point.FETCH_DATA, "ENVELOPE")(data.EnvelopeDatum)
feature.word_reader(Point.FETCH_DATA, "BODY", data.read_body_datum, BodySection)
feature.word_reader(Point.FETCH_DATA, "BODYSTRUCTURE", data.read_bodystructure_datum, data.BodyDatum)
feature.word_reader(Point.FETCH_DATA, "RFC822", data.read_rfc822_datum, data.Rfc822Datum)
feature.word_reader(Point.FETCH_DATA, "RFC822.HEADER", data.read_rfc822_header_datum, data.Rfc822Datum)
feature.word_reader(Point.FETCH_DATA, "RFC822.TEXT", data.read_rfc822_text_datum, data.Rfc822Datum)
feature.response("FETCH", numbered=True)(FetchData)

for _item, _datum in (
    (items.UidItem, data.UidDatum),
    (items.FlagsItem, data.FlagsDatum),
    (items.InternalDateItem, data.InternalDateDatum),
    (items.SizeItem, data.SizeDatum),
    (items.EnvelopeItem, data.EnvelopeDatum),
    (items.BodyItem, data.BodyDatum),
    (items.BodyStructureItem, data.BodyDatum),
    (items.SectionItem, BodySection),
    (items.Rfc822Item, data.Rfc822Datum),
):
    feature.answer(_item, _datum)


@feature.command(
    "FETCH",
    states=states.SELECTED,
    uid=True,
    sync=Sync.NO_EXPUNGE,
    does=Does.TELLS_MESSAGES,
    example="FETCH 1:* (FLAGS)",
)
@record
class Fetch:
    """fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")") [fetch-modifiers].

    Macros are items here.
    """

    numset: NumSet
    items: tuple[FetchItem, ...]
    uid: bool = False
    modifiers: tuple[Writable, ...] = ()

    @classmethod
    def read(cls, c: Cursor, g: Grammar, *, uid: bool) -> Self:
        c.sp()
        numset = read_numset(c)
        c.sp()
        return cls(numset, *_read_wanted(c, g, uid))

    def write(self, w: Writer) -> None:
        w.raw(b"UID FETCH " if self.uid else b"FETCH ")
        write_numset(w, self.numset)
        w.sp()
        write_items(w, self.items)
        if self.modifiers:
            w.sp()
            write_modifiers(w, self.modifiers)


_Wanted = tuple[tuple[FetchItem, ...], bool, tuple[Writable, ...]]
_WANTED: Final[dict[tuple[Grammar, bool, bool, bytes], _Wanted]] = {}
"""What was read lately, by its text: a mail program asks for few lists of items, again and again."""
_LONGEST: Final = 256
_MOST: Final = 512


def _read_wanted(c: Cursor, g: Grammar, uid: bool) -> _Wanted:
    """Items, ``uid`` and modifiers, all of which nobody changes."""
    known = None
    if c.end - c.pos <= _LONGEST and not c.literals and not c.lenient:
        known = (g, c.utf8, uid, bytes(c.buf[c.pos :]))
        found = _WANTED.get(known)
        if found is not None:
            c.pos = c.end
            return found
    wanted = read_items(c, g)
    modifiers: tuple[Writable, ...] = ()
    if c.accept_sp():
        modifiers = read_modifiers(c, g, Point.FETCH_MODIFIER)
    found = wanted, uid, modifiers
    if known is not None and c.at_end:
        if len(_WANTED) >= _MOST:
            _WANTED.clear()
        _WANTED[known] = found
    return found


def read_modifiers(c: Cursor, g: Grammar, point: Point) -> tuple[Writable, ...]:
    """ "(" modifier *(SP modifier) ")" (RFC 4466 sections 2.4 and 2.5)."""
    start = c.pos
    modifiers = c.paren_list(lambda: g.read_word(point, c, c.word(f"a {point.value}")))
    if not modifiers:
        c.pos = start
        raise c.fail(f"at least one {point.value}")
    return tuple(modifiers)


def write_modifiers(w: Writer, modifiers: Iterable[Writable]) -> None:
    w.list_of(modifiers, lambda modifier: modifier.write(w))


@feature.observes(FetchData)
def take_flags(session: ClientSession, data: FetchData) -> None:
    """Flags that nobody asked for are news of the selected mailbox."""
    if session.view is not None and not session.asking and data.flags is not None:
        session.view.observe(FlagsChanged(data.seq, data.uid, frozenset(data.flags)))


# The server


@feature.plan("FETCH", *Phase)
@dataclass(slots=True)
class FetchPlan:
    """What FETCH does. Steps may add to ``items``, narrow ``messages`` and add to ``codes``."""

    command: Fetch
    messages: MessageSet
    items: list[FetchItem]
    seen_items: list[FetchItem] = field(default_factory=list)
    r"""What is told besides of messages that FETCH itself marked \Seen."""
    sent: int = 0
    codes: list[Code] = field(default_factory=list)

    def modifier(self, cls: type[T]) -> T | None:
        """The modifier of one class, if it was given."""
        for found in self.command.modifiers:
            if isinstance(found, cls):
                return found
        return None

    def asks(self, cls: type[FetchItem]) -> bool:
        return any(isinstance(item, cls) for item in self.items)

    def add(self, item: FetchItem) -> None:
        """Answer this item too."""
        if item not in self.items:
            self.items.append(item)


_BEFORE: Final = (Phase.PARSE, Phase.ENABLE, Phase.PLAN, Phase.SELECT)
_EMIT: Final = (Phase.EMIT,)
_BEHIND: Final = (Phase.AFTER, Phase.COMPLETE)


@feature.handler(Fetch)
async def handle_fetch(ctx: SessionContext, command: Fetch) -> Ok:
    view = ctx.view
    messages = view.resolve(command.numset, uid=command.uid)
    plan = FetchPlan(command, messages, list(command.items), [FlagsItem()])
    if command.uid:
        plan.add(UidItem())
    await run_phases(ctx, _BEFORE, plan)
    seen = await _mark_seen(ctx, plan)
    await run_phases(ctx, _EMIT, plan)
    due = len(plan.messages) + _gone(view, command, messages)
    plan.sent = await send_messages(ctx, plan.messages, plan.items, plan.seen_items, seen)
    await run_phases(ctx, _BEHIND, plan)
    name = "UID FETCH" if command.uid else "FETCH"
    if plan.sent < due:
        return completed(
            ctx, f"{name} completed, but for messages that are gone", [*plan.codes, EXPUNGEISSUED]
        )
    return completed(ctx, f"{name} completed", plan.codes)


_MANY: Final = 16
"""Ranges: to add up so many costs more than to look whether anything is gone."""


def _gone(view: View, command: Fetch, messages: MessageSet) -> int:
    """How many of the message numbers stand for messages that were expunged, which the client was not told yet."""
    if command.uid or command.numset.saved:
        return 0
    named = command.numset.ranges
    if len(named) == 1 and named[0][0] == named[0][1]:
        return 1 - len(messages) if len(view) else 0
    if len(named) > _MANY and not view.untold():
        return 0
    count = len(view)
    ranges = command.numset.resolve(count) if count else ()
    return sum([high - low + 1 for low, high in ranges]) - len(messages)


async def _mark_seen(ctx: SessionContext, plan: FetchPlan) -> MessageSet | None:
    r"""Set \Seen where items ask for it; gives the messages that did not have it."""
    view = ctx.view
    if view.read_only or not len(plan.messages) or not compile_items(tuple(plan.items)).marks_seen:
        return None
    unseen = plan.messages - view.mailbox.search().with_flag(SEEN)
    if not len(unseen):
        return None
    try:
        stored = await ctx.account.store(view.mailbox, unseen, FlagAction.ADD, frozenset({SEEN}))
    except StoreFull:
        return None  # mail can still be read when the disk is full
    view.note_own(stored.modseq)
    return stored.changed


# The client


@feature.op
def fetch(
    session: ClientSession,
    numset: NumSet,
    items: Sequence[FetchItem],
    *,
    uid: bool = True,
    changed_since: int | None = None,
) -> Op[list[FetchData]]:
    """Data of messages, one ``FetchData`` a message, in the order in which the server told them (RFC 9051 section 6.4.5).

    ``changed_since``: only messages changed after that MODSEQ. A message whose answer cannot be read has its ``error`` set. Messages
    that are not there are left out. Raises NotSupported, CommandFailed.
    """
    modifiers: tuple[Writable, ...] = ()
    if changed_since is not None:
        session.need("CONDSTORE", "to fetch what changed since a MODSEQ")
        modifiers = (ChangedSince(changed_since),)
    numset = asked(numset, uid=uid)
    done = yield Fetch(numset, checked_items(items), uid, modifiers)
    return gather(done, numset if uid else None)


@record
class ChangedSince:
    """fetch-modifier =/ "CHANGEDSINCE" SP mod-sequence-value (RFC 7162; declared by CONDSTORE)."""

    modseq: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number64("a MODSEQ"))

    def write(self, w: Writer) -> None:
        w.raw(b"CHANGEDSINCE ").number(self.modseq)


def gather(done: Completed, uids: NumSet | None = None) -> list[FetchData]:
    """The FETCH responses of a command, those of one message put together.

    ``uids``: what was asked for by UID: news of other messages, which servers send as they like, are left out.
    """
    found: list[FetchData] = []
    latest: dict[int, FetchData] = {}
    for response in done.data:
        if isinstance(response, BrokenResponse) and response.name == "FETCH":
            uid = [UidDatum(response.uid)] if response.uid is not None else []
            found.append(FetchData(response.number or 0, list(uid), response.error))
        if not isinstance(response, FetchData):
            continue
        known = latest.get(response.seq)
        if known is None or None not in (known.uid, response.uid) and known.uid != response.uid:
            latest[response.seq] = response
            found.append(response)
        else:
            known.add(response.items)
    return [item for item in found if uids is None or _is_asked(item, uids) or item.error is not None]


def _is_asked(item: FetchData, uids: NumSet) -> bool:
    if item.uid is None:
        return False
    return uids.saved or item.uid in uids or any(high > 0xFFFFFFFF for pair in uids.ranges for high in pair)
