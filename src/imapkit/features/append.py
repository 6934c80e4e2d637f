"""APPEND (RFC 9051 section 6.3.12): put a message into a mailbox.

Steps of the plan "APPEND": PLAN before anything is stored, COMPLETE after it (a step may add a response code).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, cast

from ..errors import MailboxMissing, No
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import Added, NewMessage
from ..protocol import states
from ..protocol.codes import Code
from ..protocol.dates import read_date_time, write_date_time
from ..protocol.flags import RECENT, read_flag_list, write_flag_list
from ..protocol.mailbox import read_mailbox
from ..protocol.registry import Feature, Grammar, Phase
from ..protocol.status import Ok
from ..record import record
from ..wire.cursor import Cursor
from ..wire.frame import HeldLiteral, Literal
from ..wire.writer import Stream, Writer
from .base import TOOBIG, TRYCREATE
from .hooks import run_hooks
from .intake import index_literal
from .store import settable
from .uidplus import AppendUid

feature = Feature(
    "APPEND", spec=("RFC 3501", "RFC 9051"), summary="Put a message into a mailbox", rev2=True, core=True
)


@feature.command("APPEND", states=states.AUTHENTICATED)
@record
class Append:
    """append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP (literal / literal8)."""

    mailbox: str
    flags: tuple[str, ...]
    date: datetime | None
    message: Stream
    """A Literal as it was read; anything that gives octets in order to write."""
    binary: bool = False
    """Sent as literal8: may hold NUL (RFC 3516)."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        mailbox = read_mailbox(c)
        c.sp()
        flags: tuple[str, ...] = ()
        if c.peek_is(b"("):
            start = c.pos
            flags = read_flag_list(c)
            if RECENT in flags:
                c.pos = start
                raise c.fail("flags without \\Recent")
            c.sp()
        date: datetime | None = None
        if c.peek_is(b'"'):
            date = read_date_time(c)
            c.sp()
        binary = c.at_literal8()
        return cls(mailbox, flags, date, c.literal("a message as a literal"), binary)

    def write(self, w: Writer) -> None:
        w.raw(b"APPEND ").mailbox(self.mailbox)
        if self.flags:
            w.sp()
            write_flag_list(w, self.flags)
        if self.date is not None:
            w.sp()
            write_date_time(w, self.date)
        w.sp().literal(self.message, binary=self.binary)


@dataclass(slots=True)
class AppendPlan:
    """What APPEND does."""

    command: Append
    codes: list[Code]
    added: Added | None = None


@feature.handler(Append)
async def handle_append(ctx: SessionContext, command: Append) -> Ok:
    literal = cast("Literal", command.message)  # what was read is one
    flags = settable(command.flags)
    if literal.size > ctx.settings.append_limit:
        raise No(
            f"a message may have {ctx.settings.append_limit} octets, this one has {literal.size}", TOOBIG
        )
    if not literal.size:
        raise No("a message cannot be empty")
    row = ctx.account.find(command.mailbox)
    if row is None:
        await ctx.account.refresh()
        row = ctx.account.find(command.mailbox)
    if row is None:
        raise No(f"there is no mailbox {command.mailbox}", TRYCREATE)
    plan = AppendPlan(command, [])
    await run_hooks(ctx, "APPEND", Phase.PLAN, plan)
    date = command.date or datetime.now(UTC)
    new = NewMessage(literal, await index_literal(literal), flags, date)
    try:
        plan.added = await ctx.account.append(row.id, [new])
    except MailboxMissing:
        raise No(f"there is no mailbox {command.mailbox}", TRYCREATE) from None
    await run_hooks(ctx, "APPEND", Phase.COMPLETE, plan)
    return Ok("APPEND completed", plan.codes[0] if plan.codes else None)


@feature.op
def append(
    session: ClientSession,
    mailbox: str,
    message: bytes | Stream,
    flags: Iterable[str] = (),
    date: datetime | None = None,
) -> Op[AppendUid | None]:
    """Put a message, as octets with CRLF line ends or a stream of them, into a mailbox (RFC 9051 section 6.3.12).

    Gives UIDVALIDITY and UID where the server tells them (RFC 4315). ``date`` becomes INTERNALDATE; None: now.
    Raises NoSuchMailbox, TooBig, OverQuota, CommandFailed.
    """
    stream: Stream = HeldLiteral(message) if isinstance(message, bytes) else message
    binary = isinstance(message, bytes) and b"\0" in message
    if binary:
        session.need("BINARY", "to append a message that holds NUL")
    done = yield Append(mailbox, tuple(flags), date, stream, binary)
    return done.code(AppendUid)
