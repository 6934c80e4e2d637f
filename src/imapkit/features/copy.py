"""COPY and UID COPY (RFC 3501 and RFC 9051, section 6.4.7).

All or nothing: the store copies in one change. Steps of the plan "COPY", which MOVE runs too: COMPLETE, which may add response codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from ..errors import MailboxMissing
from ..ports.client import Completed, Op
from ..ports.session import SessionContext
from ..ports.store import Copied, MailboxRow
from ..protocol import states
from ..protocol.codes import Code
from ..protocol.given import MailboxName, mailbox_name
from ..protocol.mailbox import read_mailbox
from ..protocol.numset import NumSet, asked, encode_numset, read_numset
from ..protocol.registry import Does, Feature, Grammar, Phase
from ..protocol.status import Kind, Ok, Status
from ..protocol.uid_codes import CopyUid
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .expunge import named
from .hooks import completed, run_hooks
from .names import no_target

feature = Feature(
    "COPY", spec=("RFC 3501", "RFC 9051"), summary="Copy messages to another mailbox", rev2=True, core=True
)


@record
class Transfer:
    """What COPY and MOVE have in common: sequence-set SP mailbox."""

    numset: NumSet
    mailbox: str
    uid: bool = True

    @classmethod
    def read(cls, c: Cursor, g: Grammar, *, uid: bool) -> Self:
        c.sp()
        numset = read_numset(c)
        c.sp()
        return cls(numset, read_mailbox(c), uid)

    def write_as(self, w: Writer, name: bytes) -> None:
        w.raw((b"UID " if self.uid else b"") + name + b" " + encode_numset(self.numset))
        w.sp().mailbox(self.mailbox)


@feature.command(
    "COPY", states=states.SELECTED, uid=True, does=Does.CHANGES | Does.NAMES, example="COPY 1:3 Archive"
)
@record
class Copy(Transfer):
    """copy = "COPY" SP sequence-set SP mailbox."""

    def write(self, w: Writer) -> None:
        self.write_as(w, b"COPY")


# The server


@feature.plan("COPY", Phase.COMPLETE)
@dataclass(slots=True)
class CopyPlan:
    """A COPY or MOVE, for the steps of other features."""

    command: Transfer
    copied: Copied | None = None
    """None: nothing was copied."""
    codes: list[Code] = field(default_factory=list)


@feature.handler(Copy)
async def handle_copy(ctx: SessionContext, command: Copy) -> Ok:
    view = ctx.view
    messages = named(view, command.numset, uid=command.uid)
    target = await find_target(ctx, command.mailbox)
    plan = CopyPlan(command)
    if len(messages):
        try:
            plan.copied = await ctx.account.copy(view.mailbox, messages, target.id)
        except MailboxMissing:
            raise no_target(ctx, command.mailbox) from None
    await run_hooks(ctx, Phase.COMPLETE, plan)
    for code in plan.codes[1:]:
        ctx.send_status(Status(Kind.OK, "Copied", code))
    done = plan.copied is not None and plan.copied.source
    name = "UID COPY" if command.uid else "COPY"
    text = f"{name} completed" if done else "No matching messages, so nothing copied"
    return completed(ctx, text, plan.codes)


async def find_target(ctx: SessionContext, name: str) -> MailboxRow:
    """The mailbox to copy to. Raises No with TRYCREATE when there is none."""
    row = ctx.account.find(name)
    if row is None:
        await ctx.account.refresh()
        row = ctx.account.find(name)
    if row is None:
        raise no_target(ctx, name)
    return row


# The client


@record
class CopyResult:
    """Where copied or moved messages went, as far as the server told (UIDPLUS). ``uidvalidity`` None: it did not tell."""

    uidvalidity: int | None
    source: NumSet
    """UIDs in the mailbox they came from."""
    target: NumSet
    """UIDs in the mailbox they went to, in the same order."""

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(UID in the source, UID in the target) of each message."""
        if self.uidvalidity is not None:
            yield from CopyUid(self.uidvalidity, self.source, self.target).pairs()


def copy_result(done: Completed) -> CopyResult:
    """What the COPYUID of a completed COPY or MOVE tells."""
    code = done.code(CopyUid)
    if code is None:
        return CopyResult(None, NumSet(), NumSet())
    return CopyResult(code.uidvalidity, code.source, code.target)


@feature.op
def copy(numset: NumSet, mailbox: MailboxName, *, uid: bool = True) -> Op[CopyResult]:
    """Copy messages to another mailbox (RFC 9051 section 6.4.7). Raises NoSuchMailbox, OverQuota, CommandFailed."""
    return copy_result((yield Copy(asked(numset, uid=uid), mailbox_name(mailbox), uid)))
