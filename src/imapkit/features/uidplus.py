"""UIDPLUS (RFC 4315; part of IMAP4rev2): UID EXPUNGE, and the codes APPENDUID, COPYUID and UIDNOTSTICKY.

APPEND, COPY and MOVE run steps of their plans here, so a server without this feature answers without the codes. The client's
``expunge`` stands here, because only with UID EXPUNGE can it remove some messages and no others.
"""

from __future__ import annotations

from typing import Final, Self

from ..errors import UsageError
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.codes import simple_code
from ..protocol.numset import NumSet, asked, compress, encode_numset, read_numset
from ..protocol.registry import Does, Feature, Grammar, Phase, Point
from ..protocol.status import Ok
from ..protocol.uid_codes import AppendUid, CopyUid
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .append import AppendPlan
from .copy import CopyPlan
from .expunge import Expunge, remove_marked

feature = Feature(
    "UIDPLUS",
    spec=("RFC 4315", "RFC 9051"),
    summary="UID EXPUNGE, and the UIDs of appended and copied messages",
    capabilities=("UIDPLUS",),
    rev2=True,
)

UIDNOTSTICKY: Final = simple_code(feature, "UIDNOTSTICKY")


feature.word(Point.CODE, "APPENDUID")(AppendUid)
feature.word(Point.CODE, "COPYUID")(CopyUid)


@feature.command("UID EXPUNGE", states=states.SELECTED, does=Does.CHANGES, example="UID EXPUNGE 4:7")
@record
class UidExpunge:
    """uid-expunge = "UID" SP "EXPUNGE" SP sequence-set."""

    uids: NumSet

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(read_numset(c))

    def write(self, w: Writer) -> None:
        w.raw(b"UID EXPUNGE " + encode_numset(self.uids))


# The server


@feature.handler(UidExpunge)
async def handle_uid_expunge(ctx: SessionContext, command: UidExpunge) -> Ok:
    return await remove_marked(ctx, "UID EXPUNGE", ctx.view.resolve(command.uids, uid=True))


@feature.hook(AppendPlan, Phase.COMPLETE)
def tell_appended(ctx: SessionContext, plan: AppendPlan) -> None:
    if plan.added is not None and plan.added.uids:
        uids = NumSet(tuple(compress(plan.added.uids)))
        plan.codes.insert(0, AppendUid(plan.added.uidvalidity, uids))


@feature.hook(CopyPlan, Phase.COMPLETE)
def tell_copied(ctx: SessionContext, plan: CopyPlan) -> None:
    copied = plan.copied
    if copied is not None and copied.source:
        source, target = NumSet(tuple(copied.source)), NumSet(tuple(copied.target))
        plan.codes.insert(0, CopyUid(copied.uidvalidity, source, target))


# The client


@feature.op
def expunge(session: ClientSession, numset: NumSet | None = None) -> Op[None]:
    r"""Remove the messages marked \Deleted for good; of them only those with a UID in ``numset``, if given.

    RFC 9051 section 6.4.3, RFC 4315 section 2.1. Raises NotSupported when the server cannot restrict it, CommandFailed.
    """
    if numset is None:
        yield Expunge()
        return
    session.need("UIDPLUS", "to remove some of the messages marked as deleted and no others")
    numset = asked(numset, uid=True)
    if not numset:
        raise UsageError("the set of messages to remove is empty")
    yield UidExpunge(numset)
