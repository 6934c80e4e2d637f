"""MOVE and UID MOVE (RFC 6851; part of IMAP4rev2, RFC 9051 section 6.4.8).

The store moves in one change, so a message is always in at least one of the two mailboxes. COPYUID goes out before the EXPUNGE
responses (section 4.3), which come from the view. A client whose server lacks MOVE copies, marks and removes instead.
"""

from __future__ import annotations

from ..errors import CommandFailed, MailboxMissing, NotSupported, Partial
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import FlagAction
from ..protocol import states
from ..protocol.flags import DELETED
from ..protocol.given import MailboxName, mailbox_name
from ..protocol.numset import NumSet, asked
from ..protocol.registry import Does, Feature, Phase
from ..protocol.status import Kind, Ok, Status
from ..protocol.tally import Tally
from ..protocol.uid_codes import CopyUid
from ..query.key import Numbers, SearchKey
from ..query.records import Uids
from ..record import record
from ..wire.writer import Writer
from .copy import Copy, CopyPlan, CopyResult, Transfer, copy_result, find_target
from .esearch import search
from .expunge import Expunge, ExpungePlan, named, refuse_read_only
from .hooks import completed, run_hooks
from .names import no_target
from .store import Store
from .uidplus import UidExpunge

feature = Feature(
    "MOVE",
    spec=("RFC 6851", "RFC 9051"),
    summary="Move messages to another mailbox",
    capabilities=("MOVE",),
    rev2=True,
)

_RANGES = 300
"""Ranges of one command of the fallback: keeps its lines under the 8,000 octets that every server takes."""


@feature.command(
    "MOVE", states=states.SELECTED, uid=True, does=Does.CHANGES | Does.NAMES, example="MOVE 1:3 Archive"
)
@record
class Move(Transfer):
    """move = "MOVE" SP sequence-set SP mailbox."""

    def write(self, w: Writer) -> None:
        self.write_as(w, b"MOVE")


# The server


@feature.handler(Move)
async def handle_move(ctx: SessionContext, command: Move) -> Ok:
    view = ctx.view
    name = "UID MOVE" if command.uid else "MOVE"
    refuse_read_only(view, name)
    messages = named(view, command.numset, uid=command.uid)
    target = await find_target(ctx, command.mailbox)
    plan = CopyPlan(command)
    if len(messages):
        try:
            plan.copied = await ctx.account.move(view.mailbox, messages, target.id)
        except MailboxMissing:
            raise no_target(ctx, command.mailbox) from None
    await run_hooks(ctx, Phase.COMPLETE, plan)
    for code in plan.codes:
        ctx.send_status(Status(Kind.OK, "Moved", code))
    removal = ExpungePlan(plan.copied.source if plan.copied is not None else [])
    await run_hooks(ctx, Phase.COMPLETE, removal)
    text = f"{name} completed" if removal.removed else "No matching messages, so nothing moved"
    return completed(ctx, text, removal.codes)


# The client


@feature.op
def move(
    session: ClientSession,
    numset: NumSet,
    mailbox: MailboxName,
    *,
    uid: bool = True,
    plain_expunge: bool = False,
) -> Op[CopyResult]:
    r"""Move messages to another mailbox (RFC 6851), by COPY, STORE and UID EXPUNGE where the server has no MOVE.

    Where it has no UIDPLUS either, NotSupported is raised before anything is done, unless ``plain_expunge`` allows EXPUNGE, which removes
    every other message marked \Deleted too. Raises NoSuchMailbox, OverQuota, CommandFailed; UnknownOutcome when the connection was
    lost between the steps. ``partial`` of the error has what was done before.
    """
    numset, name = asked(numset, uid=uid), mailbox_name(mailbox)
    if session.has("MOVE"):
        return (yield from _move_at_once(numset, name, uid))
    if not session.has("UIDPLUS") and not plain_expunge:
        raise NotSupported(
            "MOVE", "and without UIDPLUS, messages that others marked as deleted would be removed too"
        )
    # What COPY takes, STORE must take exactly: a message that arrives in between would be removed without a copy
    key: SearchKey = Uids(numset) if uid else Numbers(numset)
    found = yield from search(session, key)
    results: list[CopyResult] = []
    tally = Tally("MOVE")
    for part in found.messages.split(_RANGES):
        with tally.part(part):
            results.append((yield from _copy_and_remove(session, part, name, tally)))
    return _joined(results)


def _move_at_once(numset: NumSet, mailbox: str, uid: bool) -> Op[CopyResult]:
    """A server may have moved some when it says NO (RFC 6851 section 3.3): it told them by COPYUID before."""
    try:
        return copy_result((yield Move(numset, mailbox, uid)))
    except CommandFailed as error:
        codes = [one.code for one in error.data if isinstance(one, Status)]
        pairs = {old: new for code in codes if isinstance(code, CopyUid) for old, new in code.pairs()}
        if pairs:
            error.partial = Partial(list(pairs), pairs, [], [])
            error.add_note(f"done before: {error.partial}")
        raise


def _copy_and_remove(session: ClientSession, uids: NumSet, mailbox: str, tally: Tally) -> Op[CopyResult]:
    result = copy_result((yield Copy(uids, mailbox)))
    tally.pairs.update(result.pairs())
    tally.step("COPY")
    yield Store(uids, FlagAction.ADD, (DELETED,), uid=True, silent=True)
    tally.step("STORE")
    yield UidExpunge(uids) if session.has("UIDPLUS") else Expunge()
    tally.step("EXPUNGE")
    return result


def _joined(results: list[CopyResult]) -> CopyResult:
    """One result of several COPYs; without UIDs when any of them came without."""
    validities = {result.uidvalidity for result in results}
    if len(validities) != 1 or None in validities:
        return CopyResult(None, NumSet(), NumSet())
    source = tuple(pair for result in results for pair in result.source.ranges)
    target = tuple(pair for result in results for pair in result.target.ranges)
    return CopyResult(validities.pop(), NumSet(source), NumSet(target))
