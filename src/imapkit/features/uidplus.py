"""UIDPLUS (RFC 4315; part of IMAP4rev2): UID EXPUNGE, and the codes APPENDUID, COPYUID and UIDNOTSTICKY.

APPEND, COPY and MOVE run steps of their plans here, so a server without this feature answers without the codes. The client's
``expunge`` stands here, because only with UID EXPUNGE can it remove some messages and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol, Self

from ..errors import UsageError
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import Added, Copied
from ..protocol import states
from ..protocol.codes import Code, simple_code
from ..protocol.numset import STAR, NumSet, compress, encode_numset, read_numset
from ..protocol.registry import Feature, Grammar, Phase, Point
from ..protocol.status import Ok
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .expunge import Expunge, remove_marked

feature = Feature(
    "UIDPLUS",
    spec=("RFC 4315", "RFC 9051"),
    summary="UID EXPUNGE, and the UIDs of appended and copied messages",
    capabilities=("UIDPLUS",),
    rev2=True,
)

UIDNOTSTICKY: Final = simple_code(feature, "UIDNOTSTICKY")


def read_uids(c: Cursor) -> NumSet:
    """uid-set: no ``*``, no ``$``."""
    start = c.pos
    found = read_numset(c)
    if found.saved or any(STAR in pair for pair in found.ranges):
        c.pos = start
        raise c.fail("UIDs without * and $")
    return found


@feature.word(Point.CODE, "APPENDUID")
@record
class AppendUid:
    """ "APPENDUID" SP nz-number SP append-uid."""

    uidvalidity: int
    uids: NumSet
    name: str = "APPENDUID"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        uidvalidity = c.nz_number("a UIDVALIDITY")
        c.sp()
        return cls(uidvalidity, read_uids(c))

    def write(self, w: Writer) -> None:
        w.raw(b"APPENDUID ").number(self.uidvalidity).raw(b" " + encode_numset(self.uids))


@feature.word(Point.CODE, "COPYUID")
@record
class CopyUid:
    """ "COPYUID" SP nz-number SP uid-set SP uid-set: the sets correspond, UID by UID."""

    uidvalidity: int
    source: NumSet
    target: NumSet
    name: str = "COPYUID"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        uidvalidity = c.nz_number("a UIDVALIDITY")
        c.sp()
        source = read_uids(c)
        c.sp()
        return cls(uidvalidity, source, read_uids(c))

    def write(self, w: Writer) -> None:
        w.raw(b"COPYUID ").number(self.uidvalidity)
        w.raw(b" " + encode_numset(self.source) + b" " + encode_numset(self.target))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(UID in the source, UID in the target), in the order of copying. Empty when the sets differ in size."""
        if _size(self.source) == _size(self.target):
            yield from zip(_in_order(self.source), _in_order(self.target), strict=True)


def _size(uids: NumSet) -> int:
    """With what stands in it twice counted twice."""
    return sum(abs(high - low) + 1 for low, high in uids.ranges)


def _in_order(uids: NumSet) -> Iterator[int]:
    """The order of the set as written; 12:10 is 10, 11, 12 (RFC 4315 section 3)."""
    for low, high in uids.ranges:
        yield from range(min(low, high), max(low, high) + 1)


@feature.command("UID EXPUNGE", states=states.SELECTED)
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


class AppendSteps(Protocol):
    """The plan "APPEND" as far as this file sees it."""

    added: Added | None
    codes: list[Code]


class CopySteps(Protocol):
    """The plan "COPY" as far as this file sees it."""

    copied: Copied | None
    codes: list[Code]


@feature.hook("APPEND", Phase.COMPLETE)
def tell_appended(ctx: SessionContext, plan: AppendSteps) -> None:
    if plan.added is not None and plan.added.uids:
        uids = NumSet(tuple(compress(plan.added.uids)))
        plan.codes.insert(0, AppendUid(plan.added.uidvalidity, uids))


@feature.hook("COPY", Phase.COMPLETE)
def tell_copied(ctx: SessionContext, plan: CopySteps) -> None:
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
    if not numset:
        raise UsageError("the set of messages to remove is empty")
    yield UidExpunge(numset)
