r"""EXPUNGE (RFC 3501 and RFC 9051, section 6.4.3): remove the messages marked \Deleted for good.

The EXPUNGE responses to the session itself come from its view like those to all others. Steps of the plan "EXPUNGE": COMPLETE, which
may add a response code. UID EXPUNGE and the client's verb stand in ``uidplus``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from ..errors import No
from ..ports import events
from ..ports.client import ClientSession
from ..ports.session import SessionContext, View
from ..protocol import flags, states
from ..protocol.codes import Code
from ..protocol.numset import NumSet, Range
from ..protocol.registry import Does, Feature, Grammar, Phase
from ..protocol.status import Ok
from ..query.index import MessageSet
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .base import EXPUNGEISSUED
from .hooks import completed, run_hooks

feature = Feature(
    "EXPUNGE",
    spec=("RFC 3501", "RFC 9051"),
    summary="Remove messages marked as deleted",
    rev2=True,
    core=True,
)


@feature.command("EXPUNGE", states=states.SELECTED, does=Does.CHANGES)
@record
class Expunge:
    """expunge = "EXPUNGE"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"EXPUNGE")


@feature.response("EXPUNGE", numbered=True)
@record
class Expunged:
    """message-data =/ nz-number SP "EXPUNGE": the numbers above it go down by one."""

    seq: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar, number: int) -> Self:
        return cls(number)

    def write(self, w: Writer) -> None:
        w.number(self.seq).raw(b" EXPUNGE")


@feature.observes(Expunged)
def take_expunged(session: ClientSession, data: Expunged) -> None:
    if session.view is not None:
        session.view.observe(events.Expunged(data.seq))


@feature.plan("EXPUNGE", Phase.COMPLETE)
@dataclass(slots=True)
class ExpungePlan:
    """What EXPUNGE did, for the steps of other features."""

    removed: list[Range]
    """UIDs."""
    codes: list[Code] = field(default_factory=list)


@feature.handler(Expunge)
async def handle_expunge(ctx: SessionContext, command: Expunge) -> Ok:
    return await remove_marked(ctx, "EXPUNGE", ctx.view.everything())


async def remove_marked(ctx: SessionContext, name: str, within: MessageSet) -> Ok:
    r"""Remove what is marked \Deleted among the messages ``within``. Raises No in a mailbox opened read-only."""
    view = ctx.view
    refuse_read_only(view, name)
    marked = view.mailbox.search().with_flag(flags.DELETED) & within
    removed = await ctx.account.expunge(view.mailbox, marked) if len(marked) else []
    plan = ExpungePlan(removed)
    await run_hooks(ctx, Phase.COMPLETE, plan)
    return completed(ctx, f"{name} completed", plan.codes)


def refuse_read_only(view: View, name: str) -> None:
    """Raises No when the mailbox was opened by EXAMINE."""
    if view.read_only:
        raise No(f"{name} cannot be done: the mailbox is open read-only")


def named(view: View, messages: NumSet, *, uid: bool) -> MessageSet:
    """The messages that COPY or MOVE is about. UIDs of expunged messages are left out; numbers of such make a NO, since the
    client cannot know what they stand for now (RFC 2180 section 4.4, RFC 5530). Raises Bad for a number out of range.
    """
    found = view.resolve(messages, uid=uid)
    if uid or messages.saved or not len(view):
        return found
    if len(found) < sum(high - low + 1 for low, high in messages.resolve(len(view))):
        raise No("some of these messages were expunged by somebody else", EXPUNGEISSUED)
    return found
