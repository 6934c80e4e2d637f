r"""QRESYNC (RFC 7162 section 3.2): what a client missed, in one round trip, and VANISHED in place of EXPUNGE.

The rules this file must not break: VANISHED (EARLIER) never names a message that the session still has a number for (that one comes in
a VANISHED, or never was gone), and it goes out before any FETCH response of the same command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator, Sequence
from typing import Final, Self

from ..errors import Bad
from ..ports.client import ClientSession, Completed, Op
from ..ports.events import Vanished
from ..ports.session import SessionContext, View
from ..protocol.given import MailboxName, mailbox_name, one_of
from ..protocol.numset import STAR, NumSet, Range, asked, encode_ranges, overlap, without
from ..protocol.registry import Feature, Grammar, Phase, Point, Writable
from ..protocol.status import Kind, Status
from ..protocol.uid_codes import read_uids
from ..query.index import NumberColumn
from ..query.records import Uids
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .condstore import NOMODSEQ, CondstoreParam, HighestModSeq, ModSeqItem, enable_condstore
from .enable import enable
from .esearch import search
from .expunge import ExpungePlan
from .fetch import ChangedSince, Fetch, FetchPlan, gather
from .fetch_data import FetchData
from .fetch_items import FetchItem, FlagsItem, UidItem, checked_items
from .fetch_plan import send_messages
from .select import Selected, SelectPlan, examine, select

feature = Feature(
    "QRESYNC",
    spec=("RFC 7162",),
    summary="What changed and what is gone since the last visit, told as a mailbox is opened",
    capabilities=("QRESYNC",),
    needs=("CONDSTORE",),
    includes=("CONDSTORE",),
)

_LAST_UID: Final = STAR - 1
_RANGES: Final = 1000
"""Ranges of one VANISHED line: clients read lines, and bound them."""
_MAX: Final = (1 << 63) - 1


# What is said


@feature.response("VANISHED")
@record
class VanishedData:
    """expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids.

    ``earlier``: gone before this; message numbers are as if they had never been. Otherwise each was counted until now.
    """

    uids: NumSet
    earlier: bool = False

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        earlier = c.peek_is(b"(")
        if earlier:
            c.expect(b"(")
            if not c.accept_word(b"EARLIER"):
                raise c.fail("EARLIER")
            c.expect(b")")
            c.sp()
        return cls(read_uids(c), earlier)

    def write(self, w: Writer) -> None:
        w.raw(b"VANISHED (EARLIER) " if self.earlier else b"VANISHED ").raw(encode_ranges(self.uids.ranges))


@feature.observes(VanishedData)
def take_vanished(session: ClientSession, data: VanishedData) -> None:
    if session.view is not None and not data.earlier:
        session.view.observe(Vanished(data.uids))


@feature.word(Point.SELECT_PARAM, "QRESYNC")
@record
class QresyncParam:
    """select-param =/ "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")".

    What the client has of the mailbox. ``known``: the UIDs it cares for; None: all. ``numbers`` and ``uids``: messages whose number and
    UID it knows, in ascending order (seq-match-data), which spare an old client the news of what was gone before.
    """

    uidvalidity: int
    modseq: int
    known: NumSet | None = None
    numbers: NumSet | None = None
    uids: NumSet | None = None

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        c.expect(b"(")
        uidvalidity = c.nz_number("a UIDVALIDITY")
        c.sp()
        modseq = c.number64("a MODSEQ")
        known = numbers = uids = None
        more = c.accept_sp()
        if more and not c.peek_is(b"("):
            known = read_uids(c)
            more = c.accept_sp()
        if more:
            numbers, uids = _read_matches(c)
        c.expect(b")")
        return cls(uidvalidity, modseq, known, numbers, uids)

    def write(self, w: Writer) -> None:
        w.raw(b"QRESYNC (").number(self.uidvalidity).sp().number(self.modseq)
        if self.known is not None and self.known.ranges:
            w.sp().raw(encode_ranges(self.known.ranges))
        if self.numbers and self.uids:
            w.raw(b" (" + encode_ranges(self.numbers.ranges) + b" " + encode_ranges(self.uids.ranges) + b")")
        w.raw(b")")

    def matched(self, view: View) -> int:
        """The highest of ``uids`` up to which nothing is gone that the client does not know of; 0 when there is none."""
        if self.numbers is None or self.uids is None:
            return 0
        numbers, uids = self.numbers.resolve(0), self.uids.resolve(0)
        low, high = 0, self.numbers.count()  # matches come first, then those that do not
        while low < high:
            middle = (low + high) // 2
            number = _at(numbers, middle)
            if number <= len(view) and view.uid_of(number) == _at(uids, middle):
                low = middle + 1
            else:
                high = middle
        return _at(uids, low - 1) if low else 0


def _read_matches(c: Cursor) -> tuple[NumSet, NumSet]:
    """seq-match-data = "(" known-sequence-set SP known-uid-set ")"."""
    c.expect(b"(")
    start = c.pos
    numbers = read_uids(c)
    c.sp()
    uids = read_uids(c)
    if numbers.count() != uids.count():
        c.pos = start
        raise c.fail("as many message numbers as UIDs")
    c.expect(b")")
    return numbers, uids


def _at(ranges: list[Range], place: int) -> int:
    """The number at a place (from 0) of sorted ranges."""
    for low, high in ranges:
        if place <= high - low:
            return low + place
        place -= high - low + 1
    raise IndexError(place)


@feature.word(Point.FETCH_MODIFIER, "VANISHED")
@record
class VanishedModifier:
    """rexpunges-fetch-mod = "VANISHED"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"VANISHED")


# The server


@feature.enable("QRESYNC")
def enable_qresync(ctx: SessionContext) -> None:
    """From now on VANISHED takes the place of EXPUNGE (RFC 7162 section 3.2.3); CONDSTORE is part of it."""
    enable_condstore(ctx)
    ctx.modes.report_expunges = report_vanished


def report_vanished(numbers: Sequence[int], uids: list[Range]) -> Iterator[bytes]:
    """The expunge reporter: by UID."""
    return _lines(b"* VANISHED ", uids)


def _lines(head: bytes, uids: list[Range]) -> Iterator[bytes]:
    for start in range(0, len(uids), _RANGES):
        yield head + encode_ranges(uids[start : start + _RANGES]) + b"\r\n"


def _need_enabled(ctx: SessionContext, what: str) -> None:
    if "QRESYNC" not in ctx.modes.enabled:
        raise Bad(f"{what} needs ENABLE QRESYNC first")


def _send_earlier(ctx: SessionContext, gone: list[Range]) -> None:
    for line in _lines(b"* VANISHED (EARLIER) ", gone):
        ctx.send_bytes(line)


def vanished_since(view: View, since: int, wanted: list[Range]) -> list[Range]:
    """UIDs of ``wanted`` that are gone after MODSEQ ``since`` and that the session has no number for.

    Where the store does not remember so far back, and for a MODSEQ that this mailbox never had, it is all that is not there
    (RFC 7162 section 3.2.6).
    """
    mailbox = view.mailbox
    last = mailbox.row.uidnext - 1
    if last < 1:
        return []
    known = overlap(wanted, [(1, last)])
    remembered = mailbox.vanished(since) if since <= mailbox.row.modseq else None
    if remembered is None:
        gone = without(known, mailbox.by_uid(known).ranges())
    else:
        gone = overlap(known, remembered)
    return without(gone, view.untold())


@feature.hook(SelectPlan, Phase.PARSE)
def check_select(ctx: SessionContext, plan: SelectPlan) -> None:
    if plan.param(QresyncParam) is not None:
        _need_enabled(ctx, "the parameter QRESYNC")


@feature.hook(SelectPlan, Phase.AFTER)
def tell_missed(ctx: SessionContext, plan: SelectPlan) -> Awaitable[None] | None:
    """Behind all that SELECT tells anyhow (RFC 7162 section 3.2.5). Another UIDVALIDITY: nothing that the client knows is true."""
    param = plan.param(QresyncParam)
    view = plan.opened()
    if param is None or param.uidvalidity != view.mailbox.row.uidvalidity:
        return None
    return _tell_missed(ctx, view, param)


async def _tell_missed(ctx: SessionContext, view: View, param: QresyncParam) -> None:
    row = view.mailbox.row
    wanted = [(1, max(1, row.uidnext - 1))] if param.known is None else param.known.resolve(0)
    matched = param.matched(view)
    unmatched = without(wanted, [(1, matched)]) if matched else wanted
    _send_earlier(ctx, vanished_since(view, param.modseq, unmatched))
    since = param.modseq if param.modseq <= row.modseq else 0
    changed = view.mailbox.search().between(NumberColumn.MODSEQ, since + 1, _MAX)
    messages = view.resolve(NumSet(tuple(wanted)), uid=True) & changed
    await send_messages(ctx, messages, (UidItem(), FlagsItem(), ModSeqItem()))


@feature.hook(FetchPlan, Phase.PARSE)
def check_fetch(ctx: SessionContext, plan: FetchPlan) -> None:
    if plan.modifier(VanishedModifier) is None:
        return
    _need_enabled(ctx, "the modifier VANISHED")
    if not plan.command.uid:
        raise Bad("the modifier VANISHED is for UID FETCH only")
    if plan.modifier(ChangedSince) is None:
        raise Bad("the modifier VANISHED goes with CHANGEDSINCE only")


@feature.hook(FetchPlan, Phase.SELECT, order=200)
def tell_vanished(ctx: SessionContext, plan: FetchPlan) -> None:
    since = plan.modifier(ChangedSince)
    if plan.modifier(VanishedModifier) is None or since is None:
        return
    view, numset = ctx.view, plan.command.numset
    if since.modseq > view.mailbox.row.modseq:
        plan.messages = view.resolve(
            numset, uid=True
        )  # a MODSEQ that was never told: the client has to learn all anew
    if not numset.saved:  # what is gone leaves $ by itself (RFC 5182 section 2.1)
        # The star is the highest UID there ever was, not the last living message: nothing would ever tell of a deletion above that
        wanted = numset.bounded(view.mailbox.row.uidnext - 1)
        _send_earlier(ctx, vanished_since(view, since.modseq, wanted))


@feature.hook(ExpungePlan, Phase.COMPLETE)
def tell_after_expunge(ctx: SessionContext, plan: ExpungePlan) -> None:
    """All up to this MODSEQ is told before the tagged OK that carries it. CLOSE drops it (RFC 7162 section 3.2.8)."""
    if plan.removed and "QRESYNC" in ctx.modes.enabled:
        plan.codes.append(HighestModSeq(ctx.view.mailbox.row.modseq))


# The client


@record
class Changed:
    """What happened to messages since a MODSEQ."""

    vanished: NumSet
    """UIDs that are gone; also such as the client never knew."""
    messages: list[FetchData]
    """Messages that are new or changed."""


@record
class Resynced:
    """A mailbox that was opened with what the client knew of it. ``valid``: its UIDVALIDITY is the same; if not, forget all."""

    selected: Selected
    valid: bool
    changed: Changed


def changed_in(data: Iterable[object]) -> Changed:
    """The changes among untagged data: of SELECT with ``QresyncParam``, or of UID FETCH with VANISHED."""
    responses = list(data)
    gone = [pair for one in responses if isinstance(one, VanishedData) for pair in one.uids.ranges]
    told = [one for one in responses if isinstance(one, FetchData)]
    return Changed(
        NumSet(tuple(NumSet(tuple(gone)).resolve(0))), gather(Completed(Status(Kind.OK), list(told)))
    )


@feature.op
def fetch_changes(
    session: ClientSession, numset: NumSet, since: int, items: Sequence[FetchItem] = ()
) -> Op[Changed]:
    """What changed among messages named by UID after the MODSEQ ``since``, and which of them are gone (RFC 7162 section 3.2.6).

    ``items``: what to tell of the changed ones besides flags and MODSEQ. An open range goes out with the highest UID there can be: some
    servers take ``*`` for the last living message, and would not tell what is gone above it. Raises NotSupported, CommandFailed.
    """
    wanted = asked(numset, uid=True)
    session.need("QRESYNC", "to learn which messages are gone")
    if "QRESYNC" not in session.enabled:
        yield from enable(session, "QRESYNC")
    modifiers: tuple[Writable, ...] = (ChangedSince(since), VanishedModifier())
    done = yield Fetch(_closed(wanted), _with_flags(items), True, modifiers)
    return changed_in(done.data)


def _closed(numset: NumSet) -> NumSet:
    """``n:*`` with a number in place of the star."""
    return NumSet(tuple([_close(pair) for pair in numset.ranges]), numset.saved)


def _close(pair: Range) -> Range:
    low, high = min(pair), max(pair)
    return (low, _LAST_UID) if high == STAR and low != STAR else pair


def _with_flags(items: Sequence[FetchItem]) -> tuple[FetchItem, ...]:
    own = (UidItem(), FlagsItem())
    return (*own, *(item for item in checked_items(items) if item not in own))


@feature.op
def resync(
    session: ClientSession, mailbox: MailboxName, known: QresyncParam, *, read_only: bool = False
) -> Op[Resynced]:
    """Open a mailbox and learn what changed since it was open last, in one round trip where the server can (RFC 7162 section 3.2.5).

    A server with CONDSTORE alone takes two commands more, any other one tells all flags anew: the result is the same.
    Raises NoSuchMailbox, CommandFailed.
    """
    name = mailbox_name(mailbox)
    one_of(QresyncParam, known, "what was known is a QresyncParam, as QresyncParam(uidvalidity, modseq)")
    if session.has("QRESYNC") and "QRESYNC" not in session.enabled:
        yield from enable(session, "QRESYNC")
    quick = "QRESYNC" in session.enabled
    condstore = session.has("CONDSTORE")
    param: tuple[Writable, ...] = (known,) if quick else (CondstoreParam(),) if condstore else ()
    selected = yield from (examine if read_only else select)(session, name, *param)
    if selected.uidvalidity != known.uidvalidity:
        return Resynced(selected, False, Changed(NumSet(), []))
    numbered = NOMODSEQ not in selected.codes
    if quick and numbered:
        return Resynced(selected, True, changed_in(selected.data))
    changed = yield from _compare(session, selected, known, by_modseq=condstore and numbered)
    return Resynced(selected, True, changed)


def _compare(
    session: ClientSession, selected: Selected, known: QresyncParam, *, by_modseq: bool
) -> Op[Changed]:
    """The long way. Ends at the last UID that was there as the mailbox was opened: what comes later is news of its own."""
    last = (selected.uidnext or (1 << 32)) - 1
    wanted = known.known if known.known is not None else NumSet(((1, max(1, last)),))
    modifiers: tuple[Writable, ...] = (ChangedSince(known.modseq),) if by_modseq else ()
    done = yield Fetch(wanted, (UidItem(), FlagsItem()), True, modifiers)
    messages = gather(done, wanted)
    if by_modseq:
        found = yield from search(session, Uids(wanted))
        present = found.messages
    else:
        present = NumSet.from_numbers(message.uid for message in messages if message.uid is not None)
    return Changed(NumSet(tuple(without(wanted.resolve(last), present.resolve(0)))), messages)
